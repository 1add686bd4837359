import type { Remembered } from './remembered.ts';
import { safeCut } from './safe-cut.ts';

/** Counts the tokens of a text; `gpt-tokenizer` and the like. */
export type CountTokens = (text: string) => number;

/** More characters of one request are not looked at: of prose that is an eighth of a second of work. */
const MOST_CHARS = 4 * 1024 * 1024;
/** Longer work than this is broken off, milliseconds: the worst that could be made up. */
const MOST_WORK_MS = 2000;
/** Characters that are counted without a pause: of prose half a millisecond, of the worst 50. */
const SLICE = 16 * 1024;
/** A run of letters, of signs or of space this long is cut, into pieces of that many characters. Words are shorter. */
const LONG_RUN = 200;
const CUT = 200;
/** What a tokenizer's first step may leave in one piece; digits it does not. Marks go with letters or with signs. */
const RUNS = [/[\p{L}\p{M}]+/gu, /[^\s\p{L}\p{N}]+/gu, /\s+/gu];
/** Texts shorter than this are counted again as fast as they are found. */
const WORTH_REMEMBERING = 256;
/** Bytes for each UTF-16 unit: above this a text is in no language that is written in ASCII. */
const ABROAD = 1.1;

export interface Counted {
  tokens: number;
  /** Those of texts that are not mostly ASCII; the others are the rest of `tokens`. */
  abroad: number;
  /** Bytes of all texts in UTF-8: no byte is more than one token. */
  bytes: number;
  /** Bytes that were not looked at; `tokens` is reckoned from the others. */
  unseenBytes: number;
  /** All of it was counted, and nothing was cut. */
  isExact: boolean;
}

/**
 * Counts texts, and yields now and then so that others may go first. Of very long ones only
 * the beginning is counted, from which the rest is reckoned.
 *
 * @param remembered counts of texts that came before
 */
export function* countingTexts(
  texts: readonly string[],
  countTokens: CountTokens,
  remembered: Remembered | null = null,
  now: () => number = () => performance.now(),
): Generator<undefined, Counted> {
  const sum = { tokens: 0, abroad: 0, bytes: 0, unseenBytes: 0, isExact: true };
  const deadline = now() + MOST_WORK_MS;
  let left = MOST_CHARS;
  for (const text of texts) {
    const bytes = Buffer.byteLength(text);
    sum.bytes += bytes;
    if (left <= 0 || now() > deadline) {
      sum.unseenBytes += bytes;
      continue;
    }
    const part = text.length > left ? text.slice(0, left) : text;
    left -= part.length;
    const { tokens, isExact, chars } = yield* countingText(part, countTokens, remembered, () => now() > deadline);
    sum.tokens += tokens;
    sum.isExact &&= isExact;
    if (bytes > text.length * ABROAD) sum.abroad += tokens;
    if (chars < text.length) sum.unseenBytes += bytes - Buffer.byteLength(text.slice(0, chars));
  }
  if (sum.unseenBytes === 0) return sum;
  const all = sum.bytes / Math.max(1, sum.bytes - sum.unseenBytes);
  return { ...sum, tokens: Math.ceil(sum.tokens * all), abroad: Math.ceil(sum.abroad * all), isExact: false };
}

/** The same in one go. */
export function countTexts(texts: readonly string[], countTokens: CountTokens): Counted {
  const counting = countingTexts(texts, countTokens);
  for (;;) {
    const { done, value } = counting.next();
    if (done) return value;
  }
}

interface Part {
  readonly tokens: number;
  readonly isExact: boolean;
  /** How many were looked at. */
  readonly chars: number;
}

function* countingText(
  text: string,
  countTokens: CountTokens,
  remembered: Remembered | null,
  isLate: () => boolean,
): Generator<undefined, Part> {
  const key = remembered !== null && text.length >= WORTH_REMEMBERING ? remembered.keyOf(text) : null;
  const known = key === null ? undefined : remembered!.get(key);
  if (known !== undefined) return { ...known, chars: text.length };
  let tokens = 0;
  let isExact = true;
  let at = 0;
  while (at < text.length) {
    if (at > 0) {
      yield;
      if (isLate()) return { tokens, isExact: false, chars: at };
    }
    const { at: end, isSafe } = safeCut(text, at + SLICE);
    const slice = at === 0 && end === text.length ? text : text.slice(at, end);
    const counted = countSlice(slice, countTokens);
    tokens += counted.tokens;
    isExact &&= counted.isExact && isSafe;
    at = end;
  }
  if (key !== null) remembered!.set(key, { tokens, isExact });
  return { tokens, isExact, chars: text.length };
}

/**
 * Merging a piece takes the square of its length: 200 000 times one letter keep a tokenizer
 * busy for 14 seconds. So where a long run stands the text is cut, which counts a letter run
 * wrong by less than one token in 200 and a run of spaces by one in ten.
 */
function countSlice(text: string, countTokens: CountTokens): { tokens: number; isExact: boolean } {
  if (!hasLongRun(text)) return { tokens: countTokens(text), isExact: true };
  let tokens = 0;
  for (let at = 0; at < text.length; at += CUT) tokens += countTokens(text.slice(at, at + CUT));
  return { tokens, isExact: false };
}

/** First the cheap look, for a stretch without change from space to no space: most texts have none, Chinese has. */
function hasLongRun(text: string): boolean {
  return hasStretch(text) && RUNS.some((kind) => text.match(kind)?.some((run) => run.length >= LONG_RUN));
}

function hasStretch(text: string): boolean {
  let since = 0;
  let wasSpace = false;
  for (let at = 0; at < text.length; at++) {
    const space = isSpace(text.charCodeAt(at));
    if (space !== wasSpace) {
      wasSpace = space;
      since = at;
    }
    if (at - since >= LONG_RUN - 1) return true;
  }
  return false;
}

/** What `\s` means, at the price of a comparison for ASCII. */
function isSpace(code: number): boolean {
  if (code < 0x80) return code === 32 || (code >= 9 && code <= 13);
  return /\s/.test(String.fromCharCode(code));
}
