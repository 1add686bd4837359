import type Router from '@koa/router';
import type { Lent, RouteState } from '../../src/plugin.ts';
import { type Fault, type Question, readQuestion } from './question.ts';

export type Context = Parameters<Parameters<Router['get']>[1]>[0];

/** Answers a question that is right; a misspelt parameter must not look like none. */
export async function answer(
  ctx: Context,
  log: Lent['log'],
  known: readonly string[],
  work: (question: Question) => Promise<object>,
): Promise<void> {
  const stranger = strangerIn(ctx, known);
  if (stranger !== null) return refuse(ctx, stranger);
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

/** A parameter that is none of these; null where there is none. */
export function strangerIn({ query }: Context, known: readonly string[]): Fault | null {
  const stranger = Object.keys(query).find((name) => !known.includes(name));
  if (stranger === undefined) return null;
  return { field: stranger.slice(0, 60), rule: `is not a parameter here; known are ${known.join(', ')}` };
}

/** Answers that a parameter is wrong. */
export function refuse(ctx: Context, { field, rule }: Fault): void {
  ctx.status = 400;
  ctx.body = { error: { code: 'invalid_parameter', message: `${field}: ${rule}`, field } };
}
