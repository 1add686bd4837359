/** What stands in the address of a page of sessions: a stretch of time, names, numbers. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** By the word of the address: what it is called, and how long it is. */
const RANGES = {
  '1h': ['hour', HOUR_MS],
  '6h': ['6 hours', 6 * HOUR_MS],
  '24h': ['24 hours', DAY_MS],
  '7d': ['7 days', 7 * DAY_MS],
  '30d': ['30 days', 30 * DAY_MS],
} as const;
const LONGEST_NAME = 512;

type RangeName = keyof typeof RANGES;

/** A stretch of time that ends now. */
export interface Stretch {
  readonly name: RangeName;
  /** To be read after `the last`. */
  readonly title: string;
  readonly from: Date;
  readonly to: Date;
}

/** The stretch that an address asks for; what it makes up is as if it said nothing. */
export function stretchOf(query: URLSearchParams, standard: RangeName, now = Date.now()): Stretch {
  const asked = query.get('range') ?? '';
  const name = Object.hasOwn(RANGES, asked) ? (asked as RangeName) : standard;
  const [title, length] = RANGES[name];
  // A row of this very millisecond belongs to it.
  return { name, title, from: new Date(now - length), to: new Date(now + 1) };
}

/** The stretches to choose from. */
export function rangesOf(path: string, query: URLSearchParams, here: RangeName): object[] {
  return Object.entries(RANGES).map(([name, [title]]) => ({
    title,
    href: addressOf(path, query, { range: name, cursor: null }),
    here: name === here,
  }));
}

/** The address of a page with some of what it says changed; null takes away. */
export function addressOf(path: string, query: URLSearchParams, change: Record<string, string | null>): string {
  const params = new URLSearchParams(query);
  // What was done is told once.
  params.delete('note');
  for (const [name, value] of Object.entries(change)) {
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  const search = params.toString();
  return search === '' ? path : `${path}?${search}`;
}

/** A name in the address; undefined where it says none. PostgreSQL takes no text with a zero byte. */
export function nameOf(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name)?.replaceAll('\0', '').slice(0, LONGEST_NAME);
  return value === undefined || value === '' ? undefined : value;
}

/** A whole number from 1 on; null where the address says none. */
export function numberOf(query: URLSearchParams, name: string): number | null {
  const value = query.get(name) ?? '';
  return /^[1-9]\d{0,8}$/.test(value) ? Number(value) : null;
}
