/** The stretch of time and the filters that a page shows. All of it stands in the address. */
import type { ParsedUrlQuery } from 'node:querystring';
import type { Range, SeriesGroup, SeriesMeasure } from '../store/queries/shapes.ts';
import { text, time, word } from './parameters.ts';
import { badParameter } from './problem.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Hours of each choice; a bucket of its chart in minutes. */
const PRESETS = {
  '1h': { hours: 1, bucket: 1, name: 'last hour' },
  '6h': { hours: 6, bucket: 10, name: 'last 6 hours' },
  '24h': { hours: 24, bucket: 30, name: 'last 24 hours' },
  '7d': { hours: 168, bucket: 180, name: 'last 7 days' },
  '30d': { hours: 720, bucket: 720, name: 'last 30 days' },
} as const;

export const RANGE_NAMES = [...(Object.keys(PRESETS) as (keyof typeof PRESETS)[]), 'all', 'custom'] as const;
export type RangeName = (typeof RANGE_NAMES)[number];

/** Widths of buckets for all other ranges, minutes. */
const WIDTHS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 40_320, 120_960];
const BUCKETS = 60;

/** What a page of figures shows. */
export interface View extends Range {
  name: RangeName;
  /** `last 24 hours`. */
  title: string;
  bucketMs: number;
  /** Of the presets; null for the others. */
  hours: number | null;
  filters: { agent: string | undefined; model: string | undefined; provider: string | undefined };
  by: Extract<SeriesGroup, 'agent' | 'model'>;
  measure: SeriesMeasure;
  /** The page changes by itself. */
  live: boolean;
}

/** Reads a view from the address; throws a Problem that names what is wrong there. */
export async function viewOf(query: ParsedUrlQuery, earliest: () => Promise<Date>, now = new Date()): Promise<View> {
  const given = text(query, 'from') !== undefined || text(query, 'to') !== undefined;
  const name = word(query, 'range', RANGE_NAMES, given ? 'custom' : '24h');
  const { from, to, hours, title } = await stretchOf(name, query, earliest, now);
  return {
    name,
    title,
    from,
    to,
    hours,
    bucketMs: hours && name in PRESETS ? PRESETS[name as keyof typeof PRESETS].bucket * MINUTE_MS : bucketFor(from, to),
    filters: { agent: text(query, 'agent'), model: text(query, 'model'), provider: text(query, 'provider') },
    by: word(query, 'by', ['agent', 'model'], 'agent'),
    measure: word(query, 'measure', ['cost', 'requests', 'tokens', 'errors'], 'cost'),
    live: word(query, 'live', ['on', 'off'], 'on') === 'on' && name !== 'custom',
  };
}

async function stretchOf(
  name: RangeName,
  query: ParsedUrlQuery,
  earliest: () => Promise<Date>,
  now: Date,
): Promise<Range & { hours: number | null; title: string }> {
  if (name === 'all') return { from: await earliest(), to: now, hours: null, title: 'all time' };
  if (name === 'custom') {
    const to = time(query, 'to') ?? now;
    const from = time(query, 'from') ?? new Date(to.getTime() - DAY_MS);
    if (from >= to) throw badParameter('from', 'must be before to');
    return { from, to, hours: null, title: 'chosen range' };
  }
  const { hours, name: title } = PRESETS[name];
  return { from: new Date(now.getTime() - hours * HOUR_MS), to: now, hours, title: `the ${title}` };
}

function bucketFor(from: Date, to: Date): number {
  const ideal = (to.getTime() - from.getTime()) / BUCKETS / MINUTE_MS;
  return (WIDTHS.find((width) => width >= ideal) ?? WIDTHS.at(-1)!) * MINUTE_MS;
}

/** Makes an address of the same page with some parameters changed; undefined and '' take one away. */
export function withQuery(path: string, query: ParsedUrlQuery, change: Record<string, string | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, ...change })) {
    for (const one of [value].flat()) if (one !== undefined && one !== '') params.append(name, one);
  }
  const search = params.toString();
  return search === '' ? path : `${path}?${search}`;
}
