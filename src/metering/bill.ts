/**
 * Usage times rates.
 *
 * uncached = input - cache read - cache write - what has a rate of its own (audio, image, video)
 * cost     = (sum of tokens x rate) / 1,000,000 + calls x rate / 1,000 + seconds of audio x rate
 */
import { add, type Decimal, divide, multiply, parseDecimal, shift, ZERO } from './decimal.ts';
import type { RateName } from './price-entry.ts';
import type { AppliedRates } from './rates.ts';
import type { Usage, UsageName } from './usage.ts';

/** Digits behind the point where a price per minute or hour does not divide evenly into seconds. */
const SECOND_DIGITS = 24;

/** Used where an entry has neither the rate nor a `same_as` for it. Vendors list these apart only where they differ. */
const DEFAULT_SAME_AS: { readonly [name in RateName]?: RateName } = {
  input_image: 'input',
  input_video: 'input',
  cache_write_30m: 'cache_write',
  output_reasoning: 'output',
};

const CALLS = [
  ['web_search.requests', 'web_search_per_1k'],
  ['web_fetch.requests', 'web_fetch_per_1k'],
  ['file_search.requests', 'file_search_per_1k'],
  ['code_execution.requests', 'code_execution_per_1k'],
] as const satisfies readonly (readonly [UsageName, RateName])[];

/** What is not counted in tokens. */
export const unitNames = [...CALLS.map(([name]) => name), 'audio.seconds'] as const;

/**
 * Tells what `usage` costs at these rates, in US dollars.
 *
 * Null where it cannot be said: a part without a rate, a total that was not reported, or
 * numbers that contradict each other (more cached than sent). Never negative, never a guess.
 */
export function bill(usage: Usage, applied: AppliedRates): Decimal | null {
  const lines: Line[] = [];
  if (!inputLines(usage, applied, lines) || !outputLines(usage, applied, lines)) return null;
  const units = unitCost(usage, applied);
  if (units === null) return null;
  let sum = ZERO;
  for (const [name, count] of lines) {
    const rate = applied.rates[name];
    if (rate === undefined || !Number.isSafeInteger(count) || count < 0) return null;
    sum = add(sum, multiply(rate, { digits: BigInt(count), scale: 0 }));
  }
  const requests = applied.rates.request_per_1k;
  const total = units === ZERO ? shift(sum, 6) : add(shift(sum, 6), units);
  return requests === undefined ? total : add(total, shift(requests, 3));
}

type Line = readonly [rate: RateName, count: number];

/** Splits the input into disjoint parts, each with the name of its rate; false when its total was not said. */
function inputLines(usage: Usage, applied: AppliedRates, lines: Line[]): boolean {
  if (usage.input_tokens === undefined || isTimeAlone(usage, applied, 'input'))
    return mayBeSilent(usage, applied, 'input');
  const before = lines.length;
  const heard = heardTokens(usage, applied);
  const total = usage.input_tokens - heard;
  // A modality charged like plain input stays in it: whether its tokens were cached does not matter then.
  const audio = apart('input_audio', 'input', (usage['audio.input_tokens'] ?? 0) - heard, applied);
  const cachedAudio = audio === 0 ? 0 : (usage['cache_read.audio.input_tokens'] ?? 0);
  charge('cache_read', (usage['cache_read.input_tokens'] ?? 0) - cachedAudio, applied, lines);
  charge('cache_read_audio', cachedAudio, applied, lines);
  writeLines(usage, applied, lines);
  charge('input_audio', audio - cachedAudio, applied, lines);
  charge('input_image', apart('input_image', 'input', usage['image.input_tokens'], applied), applied, lines);
  charge('input_video', apart('input_video', 'input', usage['video.input_tokens'], applied), applied, lines);
  charge('input', total - counted(lines, before), applied, lines);
  return true;
}

/** Splits cache writes by how long they are kept; what the split does not cover is the vendor's shortest time. */
function writeLines(usage: Usage, applied: AppliedRates, lines: Line[]): void {
  const before = lines.length;
  charge('cache_write_30m', usage['cache_creation.30m.input_tokens'] ?? 0, applied, lines);
  charge('cache_write_1h', usage['cache_creation.1h.input_tokens'] ?? 0, applied, lines);
  charge('cache_write_12h', usage['cache_creation.12h.input_tokens'] ?? 0, applied, lines);
  const long = counted(lines, before);
  const short = usage['cache_creation.5m.input_tokens'] ?? 0;
  const total = usage['cache_creation.input_tokens'] ?? long + short;
  // Less in all than in its parts contradicts itself; the negative count makes the bill null.
  charge('cache_write', total < long + short ? -1 : total - long, applied, lines);
}

function outputLines(usage: Usage, applied: AppliedRates, lines: Line[]): boolean {
  const total = usage.output_tokens;
  if (total === undefined || isTimeAlone(usage, applied, 'output')) return mayBeSilent(usage, applied, 'output');
  const before = lines.length;
  charge('output_audio', apart('output_audio', 'output', usage['audio.output_tokens'], applied), applied, lines);
  charge('output_image', apart('output_image', 'output', usage['image.output_tokens'], applied), applied, lines);
  charge(
    'output_reasoning',
    apart('output_reasoning', 'output', usage['reasoning.output_tokens'], applied),
    applied,
    lines,
  );
  charge('output', total - counted(lines, before), applied, lines);
  return true;
}

/** A total that was not reported is no gap where the model has no price for it, or where time is what is charged. */
function mayBeSilent(usage: Usage, applied: AppliedRates, name: 'input' | 'output'): boolean {
  return applied.rates[name] === undefined || isTimed(usage, applied);
}

function isTimed(usage: Usage, applied: AppliedRates): boolean {
  return usage['audio.seconds'] !== undefined && secondRate(applied) !== null;
}

/** Mistral counts the tokens of a transcription that costs its seconds and nothing else. */
function isTimeAlone(usage: Usage, applied: AppliedRates, name: 'input' | 'output'): boolean {
  return applied.rates[name] === undefined && applied.rates[`${name}_audio`] === undefined && isTimed(usage, applied);
}

/** Audio tokens that the seconds have paid for: where time has a rate and they have none. */
function heardTokens(usage: Usage, applied: AppliedRates): number {
  const hasRate = applied.rates[rateOf('input_audio', applied)] !== undefined;
  return hasRate || !isTimed(usage, applied) ? 0 : (usage['audio.input_tokens'] ?? 0);
}

function charge(name: RateName, count: number, applied: AppliedRates, lines: Line[]): void {
  if (count !== 0) lines.push([rateOf(name, applied), count]);
}

function counted(lines: readonly Line[], from: number): number {
  let sum = 0;
  for (let at = from; at < lines.length; at++) sum += lines[at]?.[1] ?? 0;
  return sum;
}

/** How much of a part has to be charged apart: nothing when it is charged exactly like `plain`. */
function apart(name: RateName, plain: RateName, count: number | undefined, applied: AppliedRates): number {
  return count === undefined || count === 0 || rateOf(name, applied) === plain ? 0 : count;
}

/** The name under which a part is charged: its own rate, or the one the vendor charges it like. */
function rateOf(name: RateName, applied: AppliedRates): RateName {
  if (applied.rates[name] !== undefined) return name;
  return applied.sameAs[name] ?? DEFAULT_SAME_AS[name] ?? name;
}

function unitCost(usage: Usage, applied: AppliedRates): Decimal | null {
  let sum = ZERO;
  for (const [name, rateName] of CALLS) {
    const count = usage[name] ?? 0;
    if (count === 0) continue;
    const rate = applied.rates[rateName];
    // Only Anthropic counts fetches, and charges nothing but their tokens.
    if (rate === undefined && rateName === 'web_fetch_per_1k') continue;
    if (rate === undefined || !Number.isSafeInteger(count) || count < 0) return null;
    sum = add(sum, shift(multiply(rate, { digits: BigInt(count), scale: 0 }), 3));
  }
  const seconds = usage['audio.seconds'] ?? 0;
  if (seconds === 0) return sum;
  const heard = secondRate(applied);
  if (heard === null || !Number.isFinite(seconds) || seconds < 0) return null;
  const [rate, per] = heard;
  return add(sum, divide(multiply(rate, parseDecimal(seconds)), per, SECOND_DIGITS));
}

/** The rate for time and how many seconds it is for. */
function secondRate({ rates }: AppliedRates): [Decimal, number] | null {
  if (rates.audio_per_second !== undefined) return [rates.audio_per_second, 1];
  if (rates.audio_per_minute !== undefined) return [rates.audio_per_minute, 60];
  return rates.audio_per_hour === undefined ? null : [rates.audio_per_hour, 3600];
}
