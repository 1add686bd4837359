/** The API of prompts: the same numbers as on their page. */
import type Router from '@koa/router';
import type { Lent, PartKind, RouteState } from '../src/plugin.ts';
import { economicsOf, toolsOf } from './_prompt-economics.ts';
import { type Fault, KNOWN, type Question, readQuestion } from './_prompt-question.ts';

export type Context = Parameters<Parameters<Router['get']>[1]>[0];

const KINDS: readonly PartKind[] = ['tool', 'schema', 'system', 'file', 'skills', 'component', 'history', 'new'];
const HOUR_MS = 3_600_000;
const MOST_NAME = 512;

export function addRoutes(router: Router, records: Lent['records'], log: Lent['log']): void {
  router.get('/api/v1/prompts', (ctx) => answer(ctx, log, KNOWN, async (question) => economicsOf(records, question)));
  router.get('/api/v1/tools', (ctx) =>
    answer(ctx, log, KNOWN, async (question) => {
      const economics = await economicsOf(records, question);
      const { from, to, since, hours, turns } = economics;
      return { from, to, since, hours, turns, ...toolsOf(economics) };
    }),
  );
  router.get('/api/v1/prompts/growth', (ctx) =>
    answer(ctx, log, [...KNOWN, 'kind', 'name', 'bucket_hours'], (question) => growthOf(ctx, records, question)),
  );
}

async function growthOf({ query }: Context, records: Lent['records'], question: Question): Promise<object> {
  const kind = KINDS.find((one) => one === query.kind);
  if (kind === undefined) return { field: 'kind', rule: `must be one of ${KINDS.join(', ')}` };
  const name = query.name ?? '';
  if (typeof name !== 'string' || name.length > MOST_NAME)
    return { field: 'name', rule: `may be given once, with at most ${MOST_NAME} characters` };
  const hours = query.bucket_hours ?? String(question.bucketMs / HOUR_MS);
  if (typeof hours !== 'string' || !/^[1-9]\d{0,3}$/.test(hours))
    return { field: 'bucket_hours', rule: 'must be a whole number from 1 to 9999' };
  const points = await records.growth({ ...question, kind, name, bucketMs: Number(hours) * HOUR_MS });
  return { from: question.from.toISOString(), to: question.to.toISOString(), kind, name, points };
}

/** Answers a question that is right; a misspelt parameter must not look like none. */
export async function answer(
  ctx: Context,
  log: Lent['log'],
  known: readonly string[],
  work: (question: Question) => Promise<object>,
): Promise<void> {
  const stranger = Object.keys(ctx.query).find((name) => !known.includes(name));
  if (stranger !== undefined)
    return refuse(ctx, {
      field: stranger.slice(0, 60),
      rule: `is not a parameter here; known are ${known.join(', ')}`,
    });
  const question = readQuestion(ctx.query, (ctx.state as RouteState).principal);
  if ('rule' in question) return refuse(ctx, question);
  try {
    const body = await work(question);
    if ('rule' in body) return refuse(ctx, body as Fault);
    ctx.body = body;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) throw error;
    log.warn('sums of prompts wait for the database', { error: (error as Error).name });
    ctx.status = 503;
    ctx.body = { error: { code: 'database_unavailable', message: 'The database does not answer now.' } };
  }
}

function refuse(ctx: Context, { field, rule }: Fault): void {
  ctx.status = 400;
  ctx.body = { error: { code: 'invalid_parameter', message: `${field}: ${rule}`, field } };
}
