/** Reads what stands behind the `?`, and names what is wrong with it. */
import type { ParsedUrlQuery } from 'node:querystring';
import type { Filters } from '../store/queries/shapes.ts';
import { badParameter } from './problem.ts';

const MAX_TEXT = 512;
const MAX_TAGS = 20;

/** Filters that are one text. */
export const FILTER_NAMES = [
  'tenant',
  'project',
  'agent',
  'model',
  'provider',
  'api',
  'listener',
  'status',
  'outcome',
  'stop_reason',
  'cost_source',
  'session',
  'key',
  'user',
  'environment',
  'min_cost',
  'q',
] as const satisfies readonly (keyof Filters)[];

/** Refuses parameters that mean nothing here: a misspelt filter must not look like no filter. */
export function refuseUnknown(query: ParsedUrlQuery, known: readonly string[]): void {
  for (const name of Object.keys(query)) {
    if (!known.includes(name))
      throw badParameter(
        name.slice(0, 60),
        `is not a parameter here; ${known.length > 0 ? `known are ${known.join(', ')}` : 'there are none'}`,
      );
  }
}

/** One text; undefined when it is absent or empty. */
export function text(query: ParsedUrlQuery, name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) throw badParameter(name, 'may be given once');
  if (value === undefined || value === '') return undefined;
  if (value.length > MAX_TEXT || value.includes('\0')) throw badParameter(name, `has at most ${MAX_TEXT} characters`);
  return value;
}

/** A whole number within its bounds. */
export function integer(query: ParsedUrlQuery, name: string, least: number, most: number): number | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  const number = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) throw badParameter(name, `must be a whole number from ${least} to ${most}`);
  return number;
}

/** One of some words. */
export function word<W extends string>(query: ParsedUrlQuery, name: string, words: readonly W[], standard: W): W {
  const value = text(query, name);
  if (value === undefined) return standard;
  if (!(words as readonly string[]).includes(value)) throw badParameter(name, `must be one of ${words.join(', ')}`);
  return value as W;
}

/** A moment: ISO 8601, or a date, which is its first moment in UTC. */
export function time(query: ParsedUrlQuery, name: string): Date | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  const date = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(value)
    ? new Date(/T.*(Z|[+-]\d{2}:?\d{2})$/.test(value) || !value.includes('T') ? value : `${value}Z`)
    : new Date(Number.NaN);
  if (Number.isNaN(date.getTime())) throw badParameter(name, 'must be a time such as 2026-11-20T09:10:11Z');
  return date;
}

/** All filters of a list; `tag=name:value` may come several times. */
export function filters(query: ParsedUrlQuery): Filters {
  const found: Record<string, string> = {};
  for (const name of FILTER_NAMES) {
    const value = text(query, name);
    if (value !== undefined) found[name] = value;
  }
  if (found.status !== undefined && !/^[1-9](xx|\d\d)$/i.test(found.status))
    throw badParameter('status', 'must be a number such as 429 or a class such as 4xx');
  if (found.min_cost !== undefined && !/^\d{1,9}(\.\d{1,12})?$/.test(found.min_cost))
    throw badParameter('min_cost', 'must be an amount of dollars such as 0.05');
  const tags = tagsOf(query);
  return tags ? { ...found, tags } : found;
}

function tagsOf(query: ParsedUrlQuery): Record<string, string> | undefined {
  if (query.tag === undefined) return undefined;
  const pairs = [query.tag].flat();
  if (pairs.length > MAX_TAGS) throw badParameter('tag', `may be given ${MAX_TAGS} times`);
  return Object.fromEntries(
    pairs.map((pair) => {
      const colon = pair.indexOf(':');
      if (colon < 1 || pair.length > MAX_TEXT) throw badParameter('tag', 'must be name:value');
      return [pair.slice(0, colon), pair.slice(colon + 1)];
    }),
  );
}
