/** How what is slowed down is slowed down. */
import { type Fields, isMembers, type Members } from '../shared/fields.ts';

/** One of both: so many a minute, or so long for each. */
export type Throttle =
  | { readonly requests_per_minute: number }
  /** A time span, such as `2s`. */
  | { readonly delay: string };

/** Nobody waits longer than this for a turn, milliseconds. */
export const LONGEST_WAIT_MS = 60_000;
const MOST_A_MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const SPAN = /^(\d{1,5}(?:\.\d{1,3})?) ?(ms|s|m)$/;

/** Reads the member `throttle`; null where there is none, or it is wrong and complained of. */
export function readThrottle(fields: Fields, innerFields: (members: Members) => Fields): Throttle | null {
  const members = fields.object('throttle');
  if (members === null) return null;
  const inner = innerFields(members);
  const complained = inner.complaints.length;
  const pace = inner.count('requests_per_minute', MOST_A_MINUTE, 1);
  const delay = inner.text('delay', 20);
  inner.end('is not known here; known are requests_per_minute, delay');
  if (inner.complaints.length > complained) return null;
  if ((pace === null) === (delay === null))
    return fields.wrong('throttle', 'must have one of requests_per_minute, delay');
  if (pace !== null) return { requests_per_minute: pace };
  const span = spanOf(delay!);
  if (!(span >= 1 && span <= LONGEST_WAIT_MS))
    return inner.wrong('delay', 'must be a time from 1ms to 1m, such as 500ms or 2s');
  return { delay: delay! };
}

/** A stored throttle; null: it stops. Undefined: an older or newer version has stored something else. */
export function throttleOf(stored: unknown): Throttle | null | undefined {
  if (stored === undefined || stored === null) return null;
  if (!isMembers(stored)) return undefined;
  const { requests_per_minute: pace, delay } = stored;
  if (typeof pace === 'number' && Number.isInteger(pace) && pace >= 1) return { requests_per_minute: pace };
  return typeof delay === 'string' && spanOf(delay) >= 1 ? { delay } : undefined;
}

/** Milliseconds between two, or that each waits. */
export const stepOf = (throttle: Throttle): number =>
  'delay' in throttle ? spanOf(throttle.delay) : 60_000 / throttle.requests_per_minute;

/** `to 6 requests a minute`. */
export function throttleWords(throttle: Throttle): string {
  if ('delay' in throttle) return `by ${throttle.delay} a request`;
  const { requests_per_minute: pace } = throttle;
  return `to ${pace} request${pace === 1 ? '' : 's'} a minute`;
}

export const isSame = (one: Throttle | null, other: Throttle | null): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Milliseconds; NaN for what is no time span. */
function spanOf(text: string): number {
  const [, number, unit] = SPAN.exec(text) ?? [];
  return number === undefined ? Number.NaN : Math.round(Number(number) * UNITS[unit!]!);
}
