/** What the routes of budgets have in common. */
import type Router from '@koa/router';
import type { Lent, Principal, RouteState } from '../../src/plugin.ts';
import { readJson } from '../shared/json-body.ts';
import { badParameter, type Problem } from './problems.ts';

export type Context = Parameters<Parameters<Router['post']>[1]>[0];

const MOST_BYTES = 64 * 1024;

export const principalOf = (ctx: Context): Principal | null => (ctx.state as RouteState).principal;

/** The members of the body, none where there is no body; null where it is no JSON object, or too large for one of a budget. */
export async function membersOf(ctx: Context): Promise<Readonly<Record<string, unknown>> | null> {
  const { 'content-length': length, 'transfer-encoding': chunked } = ctx.req.headers;
  if (chunked === undefined && Number(length ?? 0) === 0) return {};
  const read = await readJson(ctx.req, MOST_BYTES);
  const value = 'value' in read ? read.value : null;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : null;
}

/** Refuses parameters that mean nothing here: a misspelt one must not look like none. */
export function knownOnly(ctx: Context, known: readonly string[]): Problem | null {
  const stranger = Object.keys(ctx.query).find((name) => !known.includes(name));
  if (stranger === undefined) return null;
  const rule = known.length === 0 ? 'none has a meaning' : `known are ${known.join(', ')}`;
  return badParameter(stranger.slice(0, 60), `is not a parameter here; ${rule}`);
}

/** What a database that does not answer makes of a route. A mistake of ours is none of that, and goes on its way. */
export async function whileItAnswers<T, A>(log: Lent['log'], work: () => Promise<T>, away: A): Promise<T | A> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) throw error;
    log.warn('budgets wait for the database', { error: (error as Error).name });
    return away;
  }
}
