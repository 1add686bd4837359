/** Which stretch of time, and whose prompts: what stands behind the `?` of pages and routes. */
import type { ParsedUrlQuery } from 'node:querystring';
import type { Principal, PromptsQuestion } from '../../src/plugin.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** By the word of the address: what it is called, how many hours it is, and those of a point of its charts. */
export const RANGES = {
  '1h': { title: 'the last hour', hours: 1, bucketHours: 1 },
  '6h': { title: 'the last 6 hours', hours: 6, bucketHours: 1 },
  '24h': { title: 'the last 24 hours', hours: 24, bucketHours: 1 },
  '7d': { title: 'the last 7 days', hours: 168, bucketHours: 3 },
  '30d': { title: 'the last 30 days', hours: 720, bucketHours: 12 },
} as const;

export type RangeName = keyof typeof RANGES;

export interface Question extends PromptsQuestion {
  /** Null: from and to were said. */
  readonly range: RangeName | null;
  readonly bucketMs: number;
}

/** A parameter that is not as it has to be, and what to read after its name. */
export interface Fault {
  readonly field: string;
  readonly rule: string;
}

export const KNOWN = ['range', 'from', 'to', 'agent', 'model', 'tenant'] as const;

const MOST_TEXT = 512;
const MOST_DAYS = 400;
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Reads a question; a key of a tenant asks for that one alone. */
export function readQuestion(query: ParsedUrlQuery, principal: Principal | null, now = Date.now()): Question | Fault {
  for (const name of ['agent', 'model', 'tenant'])
    if (isWrongText(query[name]))
      return { field: name, rule: `may be given once, with at most ${MOST_TEXT} characters` };
  const stretch = stretchOf(query, now);
  if ('rule' in stretch) return stretch;
  const own = principal?.tenant;
  const tenant = textOf(query.tenant);
  if (own !== undefined && tenant !== undefined && tenant !== own)
    return { field: 'tenant', rule: 'is not the tenant of this gateway key' };
  return { ...stretch, agent: textOf(query.agent), model: textOf(query.model), tenant: own ?? tenant };
}

type Stretch = Pick<Question, 'range' | 'bucketMs' | 'from' | 'to'>;

function stretchOf(query: ParsedUrlQuery, now: number): Stretch | Fault {
  if (query.from === undefined && query.to === undefined) {
    const range = query.range === undefined || query.range === '' ? '24h' : query.range;
    if (typeof range !== 'string' || !isRange(range))
      return { field: 'range', rule: `must be one of ${Object.keys(RANGES).join(', ')}` };
    const { hours, bucketHours } = RANGES[range];
    return { range, bucketMs: bucketHours * HOUR_MS, from: new Date(now - hours * HOUR_MS), to: new Date(now) };
  }
  const to = query.to === undefined ? new Date(now) : timeOf(query.to);
  const from = query.from === undefined ? to && new Date(to.getTime() - DAY_MS) : timeOf(query.from);
  if (from === null || to === null)
    return { field: to === null ? 'to' : 'from', rule: 'must be a time such as 2026-11-20T09:10:11Z' };
  if (from >= to) return { field: 'from', rule: 'must be before to' };
  const days = (to.getTime() - from.getTime()) / DAY_MS;
  if (days > MOST_DAYS) return { field: 'from', rule: `must be at most ${MOST_DAYS} days before to` };
  return { range: null, bucketMs: days > 8 ? 12 * HOUR_MS : days > 2 ? 3 * HOUR_MS : HOUR_MS, from, to };
}

const isRange = (text: string): text is RangeName => Object.hasOwn(RANGES, text);

const isWrongText = (value: string | string[] | undefined): boolean =>
  value !== undefined && (typeof value !== 'string' || value.length > MOST_TEXT || value.includes('\0'));

const textOf = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** A day is its first moment in UTC; a time without a zone is UTC. */
function timeOf(value: string | string[]): Date | null {
  if (typeof value !== 'string' || !TIME.test(value)) return null;
  const isLocal = value.includes('T') && !/(Z|[+-]\d{2}:?\d{2})$/.test(value.slice(11));
  const date = new Date(isLocal ? `${value}Z` : value);
  return Number.isNaN(date.getTime()) ? null : date;
}
