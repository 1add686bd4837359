/** The page of pauses: what is paused, and what might be. */
import type Router from '@koa/router';
import type { Lent, PageQuestion, RouteState } from '../src/plugin.ts';
import type { Complaint } from './_ingest-fields.ts';
import { DIMENSIONS, type Pause, readPause, scopeWords } from './_pause.ts';
import { AWAY, type Context, type PauseDesk } from './_pause-routes.ts';

export const PAGE = 'pauses';
const ADDRESS = `/dashboard/${PAGE}`;
/** Exchanges that are looked at for agents, and agents that are shown. */
const LOOKED_AT = 500;
const MOST_AGENTS = 30;

/** What a form was filled with, and what is wrong with it. */
interface Form {
  readonly dimension: string;
  readonly name: string;
  readonly reason: string;
  readonly until: string;
  readonly errors: Readonly<Record<string, string>>;
}

/** What was done, told by a word in the address; any other word says nothing. */
const TOLD: Readonly<Record<string, string>> = {
  paused: 'Paused. It holds for the next request.',
  resumed: 'Resumed.',
  gone: 'That was resumed already.',
};

/** Makes what the page shows. */
export async function pageOf(
  { book }: PauseDesk,
  records: Lent['records'],
  { query }: Pick<PageQuestion, 'query'>,
  more: { form?: Form; problem?: string } = {},
): Promise<Record<string, unknown>> {
  const pauses = book.all();
  const form = more.form ?? { ...EMPTY, dimension: query.get('dimension') ?? 'agent', name: query.get('name') ?? '' };
  return {
    pauses: pauses.map(rowOf),
    agents: await agentsOf(records, pauses),
    form: { ...form, dimensions: DIMENSIONS.map((name) => ({ name, chosen: name === form.dimension })) },
    told: TOLD[query.get('told') ?? ''] ?? null,
    problem: more.problem ?? null,
  };
}

const EMPTY: Form = { dimension: 'agent', name: '', reason: '', until: '', errors: {} };

const rowOf = ({ scope, ...pause }: Pause) => ({ ...pause, what: scopeWords(scope) });

/** Agents of the newest exchanges, the one seen last first; null where the database does not answer. */
async function agentsOf(records: Lent['records'], pauses: readonly Pause[]) {
  const page = await records.list({ limit: LOOKED_AT }).catch(() => null);
  if (page === null) return null;
  const seen = new Map<string, string>();
  for (const { agent, time } of page.entries) {
    if (agent !== null && !seen.has(agent) && seen.size < MOST_AGENTS) seen.set(agent, time);
  }
  const ids = new Map(pauses.flatMap(({ id, scope }) => (isAgent(scope) ? [[scope.agent, id] as const] : [])));
  return [...seen].map(([name, time]) => ({ name, time, paused: ids.get(name) ?? null }));
}

const isAgent = (scope: Pause['scope']): boolean => scope.agent !== undefined && Object.keys(scope).length === 1;

/** Takes the forms of the page, and leads back to it; a form that is not right comes back with what is wrong. */
export function addForms(router: Router, desk: PauseDesk, records: Lent['records']): void {
  router.post(ADDRESS, async (ctx) => {
    const { form, who } = ctx.state as RouteState;
    const fields = form ?? new URLSearchParams();
    const back = (told: string): void => {
      ctx.status = 303;
      ctx.redirect(`${ADDRESS}?told=${told}`);
    };
    const id = fields.get('id');
    if (fields.get('do') === 'resume' && id !== null) {
      const gone = await desk.resume(id, who);
      return gone === null ? again(ctx, desk, records, { problem: AWAY }) : back(gone ? 'resumed' : 'gone');
    }
    const read = readPause(wishOf(fields), who, Date.now());
    const filled = { ...EMPTY, ...Object.fromEntries(fields), errors: {} };
    if ('complaints' in read)
      return again(ctx, desk, records, { form: { ...filled, errors: errorsOf(read.complaints) } }, 400);
    if ((await desk.pause(read.pause)) === null) return again(ctx, desk, records, { form: filled, problem: AWAY });
    back('paused');
  });
}

async function again(
  ctx: Context,
  desk: PauseDesk,
  records: Lent['records'],
  more: { form?: Form; problem?: string },
  status = 503,
): Promise<void> {
  const data = await pageOf(desk, records, { query: new URLSearchParams() }, more);
  await (ctx.state as RouteState).show(PAGE, data);
  ctx.status = status;
}

/** What a form says, as the API takes it. Browsers send its times without a zone: they are UTC, as the form says. */
function wishOf(fields: URLSearchParams): object {
  const until = fields.get('until') ?? '';
  return {
    scope: { [fields.get('dimension') ?? 'agent']: fields.get('name') ?? '' },
    reason: fields.get('reason') ?? '',
    until: /\d$/.test(until) ? `${until}Z` : until,
  };
}

/** The complaints by the field they stand at; those of a scope are about the name. */
function errorsOf(complaints: readonly Complaint[]): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { at, message } of complaints) errors[at.startsWith('scope') ? 'name' : at] ??= message;
  return errors;
}
