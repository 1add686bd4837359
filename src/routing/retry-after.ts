import { readWords } from './error-words.ts';

/** More than this is a mistake, or a wait that nobody means, milliseconds. */
const MOST_MS = 24 * 3_600_000;

/** Of a clock: what is larger is seconds since 1970, or milliseconds. */
const EPOCH_S = 1e9;
const EPOCH_MS = 1e12;

export interface Told {
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The first 16 KiB of the decoded body; null where nobody has read it. */
  body: Buffer | null;
  /** Milliseconds since 1970. */
  now: number;
}

/**
 * Milliseconds for which a provider wants to be left alone, by the first of those that says
 * so: `retry-after-ms`, `x-ms-retry-after-ms` (Azure), `retry-after`, Google's `RetryInfo`, then
 * when the limits begin anew that are used up.
 *
 * Null where it says nothing, or nothing that can be meant: no number, a negative one, a time
 * that is over. More than a day counts as a day.
 */
export function retryAfter({ header, body, now }: Told): number | null {
  return (
    milliseconds(header('retry-after-ms')) ??
    milliseconds(header('x-ms-retry-after-ms')) ??
    secondsOrDate(header('retry-after'), now) ??
    retryInfo(body) ??
    longestReset(header, now)
  );
}

/** `x-should-retry: false`: the provider says that asking again is of no use (OpenAI, Anthropic and those behind their clients). */
export const isFinal = (header: Told['header']): boolean => header('x-should-retry')?.trim().toLowerCase() === 'false';

const bounded = (ms: number): number | null =>
  Number.isFinite(ms) && ms >= 0 ? Math.min(Math.round(ms), MOST_MS) : null;

function milliseconds(text: string | undefined): number | null {
  return text !== undefined && isNumber(text) ? bounded(Number(text)) : null;
}

const isNumber = (text: string): boolean => /^\s*\d{1,15}(?:\.\d{1,15})?\s*$/.test(text);

/** RFC 9110: seconds, here also with a fraction, or a date. */
function secondsOrDate(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  return isNumber(text) ? bounded(Number(text) * 1000) : dateFromNow(text, now);
}

function dateFromNow(text: string, now: number): number | null {
  // A bare or negative number is no date, though Date.parse makes a year of it.
  if (!/\d{4}/.test(text) || !/[a-z]/i.test(text)) return null;
  return bounded(Date.parse(text) - now);
}

function retryInfo(body: Buffer | null): number | null {
  const seconds = readWords(body).retryAfterS;
  return seconds === null ? null : bounded(seconds * 1000);
}

/** What is limited, by vendor: how much is left, and when all of it is back. */
const LIMITS: readonly (readonly [remaining: string, reset: string])[] = [
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map(
    (what) => [`anthropic-ratelimit-${what}-remaining`, `anthropic-ratelimit-${what}-reset`] as const,
  ),
  ...['requests', 'tokens', 'requests-day', 'tokens-minute'].map(
    (what) => [`x-ratelimit-remaining-${what}`, `x-ratelimit-reset-${what}`] as const,
  ),
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
];

/** The longest of the limits that are used up: before that one begins anew nothing passes. Limits with something left say nothing. */
function longestReset(header: Told['header'], now: number): number | null {
  let longest: number | null = null;
  for (const [remaining, reset] of LIMITS) {
    const left = header(remaining);
    if (left === undefined || !isNumber(left) || Number(left) > 0) continue;
    const wait = resetTime(header(reset), now);
    if (wait !== null && (longest === null || wait > longest)) longest = wait;
  }
  return longest;
}

/** `1s`, `6m0s`, `120ms`, seconds, seconds or milliseconds since 1970, RFC 3339. */
function resetTime(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  if (!isNumber(text)) return duration(text) ?? dateFromNow(text, now);
  const value = Number(text);
  if (value >= EPOCH_MS) return bounded(value - now);
  return value >= EPOCH_S ? bounded(value * 1000 - now) : bounded(value * 1000);
}

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Go's way of writing a time: `1h2m3.5s`. */
function duration(text: string): number | null {
  if (!/^\s*(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[dhms])){1,5}\s*$/.test(text)) return null;
  let sum = 0;
  for (const [, value, unit] of text.matchAll(/([\d.]+)(ms|[dhms])/g)) sum += Number(value) * UNITS[unit!]!;
  return bounded(sum);
}
