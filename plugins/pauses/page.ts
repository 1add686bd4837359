/** The page of pauses: what is paused or slowed down, and what might be. */
import type Router from '@koa/router';
import type { Lent, PageQuestion, RouteState } from '../../src/plugin.ts';
import type { Complaint } from '../shared/fields.ts';
import { DIMENSIONS, type Pause, readPause, scopeWords } from './pause.ts';
import { AWAY, type Context, type PauseDesk } from './routes.ts';
import { throttleWords } from './throttle.ts';

export const PAGE = 'pauses';
const ADDRESS = `/dashboard/${PAGE}`;
/** Exchanges that are looked at for agents, and agents that are shown. */
const LOOKED_AT = 500;
const MOST_AGENTS = 30;

/** What a form was filled with, and what is wrong with it. */
interface Form {
  readonly dimension: string;
  readonly name: string;
  /** `stop` or `slow`. */
  readonly effect: string;
  readonly requests_per_minute: string;
  readonly delay: string;
  readonly reason: string;
  readonly until: string;
  readonly errors: Readonly<Record<string, string>>;
}

type Shown = ReturnType<PauseDesk['shown']>;

/** What was done, told by a word in the address; any other word says nothing. */
const TOLD: Readonly<Record<string, string>> = {
  paused: 'Paused. It holds for the next request.',
  slowed: 'Slowed down. It holds for the next request.',
  resumed: 'Resumed.',
  gone: 'That was resumed already.',
};

/** Makes what the page shows. */
export async function pageOf(
  desk: PauseDesk,
  records: Lent['records'],
  { query }: Pick<PageQuestion, 'query'>,
  more: { form?: Form; problem?: string } = {},
): Promise<Record<string, unknown>> {
  const pauses = desk.book.all();
  const form = more.form ?? filledFrom(query);
  return {
    pauses: pauses.map((pause) => rowOf(desk.shown(pause))),
    agents: await agentsOf(records, pauses),
    form: {
      ...form,
      isSlow: form.effect === SLOW,
      dimensions: DIMENSIONS.map((name) => ({ name, chosen: name === form.dimension })),
    },
    told: TOLD[query.get('told') ?? ''] ?? null,
    problem: more.problem ?? null,
  };
}

const SLOW = 'slow';
const EMPTY: Form = {
  dimension: 'agent',
  name: '',
  effect: 'stop',
  requests_per_minute: '',
  delay: '',
  reason: '',
  until: '',
  errors: {},
};

/** An address may say what is to be paused: `?agent=NAME`, and `&effect=slow`. */
function filledFrom(query: URLSearchParams): Form {
  const dimension = DIMENSIONS.find((name) => query.has(name)) ?? query.get('dimension') ?? EMPTY.dimension;
  const name = query.get(dimension) ?? query.get('name') ?? '';
  return { ...EMPTY, dimension, name, effect: query.get('effect') === SLOW ? SLOW : EMPTY.effect };
}

const rowOf = (pause: Shown) => ({ ...pause, what: scopeWords(pause.scope), does: doesNow(pause) });

/** What it does, and to how many now. */
function doesNow({ throttle, waiting }: Shown): string {
  if (throttle === null) return 'Requests are refused with 403.';
  const who = waiting === 0 ? 'nobody waits' : `${waiting} ${waiting === 1 ? 'waits' : 'wait'}`;
  return `Slowed down ${throttleWords(throttle)}; ${who} now.`;
}

/** Agents of the newest exchanges, the one seen last first; null where the database does not answer. */
async function agentsOf(records: Lent['records'], pauses: readonly Pause[]) {
  const page = await records.list({ limit: LOOKED_AT }).catch(() => null);
  if (page === null) return null;
  const seen = new Map<string, string>();
  for (const { agent, time } of page.entries) {
    if (agent !== null && !seen.has(agent) && seen.size < MOST_AGENTS) seen.set(agent, time);
  }
  const known = new Map(pauses.flatMap((pause) => (isAgent(pause.scope) ? [[pause.scope.agent, pause] as const] : [])));
  return [...seen].map(([name, time]) => {
    const pause = known.get(name);
    return { name, time, paused: pause?.id ?? null, slowed: pause !== undefined && pause.throttle !== null };
  });
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
    back(read.pause.throttle === null ? 'paused' : 'slowed');
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
    ...(fields.get('effect') === SLOW && { throttle: throttleIn(fields) }),
    reason: fields.get('reason') ?? '',
    until: /\d$/.test(until) ? `${until}Z` : until,
  };
}

function throttleIn(fields: URLSearchParams): object {
  const pace = fields.get('requests_per_minute') || null;
  const isNumber = pace !== null && /^\d{1,9}$/.test(pace);
  return { requests_per_minute: isNumber ? Number(pace) : pace, delay: fields.get('delay') || null };
}

/** The complaints by the field they stand at; those of a scope are about the name. */
function errorsOf(complaints: readonly Complaint[]): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { at, message } of complaints)
    errors[at.startsWith('scope') ? 'name' : at.replace('throttle.', '')] ??= message;
  return errors;
}
