import { createHash } from 'node:crypto';
import { RE2JS } from 're2js';
import type { Recogniser } from './recogniser.ts';

const MOST_PATTERN = 512;
/** Steps of a pattern's program: the worst of that size takes a second for 200 KB, others a hundredth. */
const MOST_STEPS = 250;
/** Texts whose matches are remembered, by hash: a conversation brings its history again with each request. */
const MOST_TEXTS = 5000;
/** Shorter texts are searched quicker than hashed. */
const LEAST_TEXT = 256;
const MOST_SPANS = 64;

/**
 * What matches a pattern of the operator's.
 *
 * Patterns are RE2's: a search takes time in proportion to the text, whatever pattern and text are. Where
 * something was found is remembered by a hash of the text, and nothing of the text itself.
 */
export class PatternRecogniser implements Recogniser {
  readonly kind: string;
  readonly #pattern: RE2JS;
  readonly #seen = new Map<string, readonly number[]>();

  /** Throws an Error of one line: what is wrong, to be read after the pattern's name, and what mends it. */
  constructor(kind: string, source: string) {
    this.kind = kind;
    this.#pattern = compile(source);
  }

  find(text: string, found: (start: number, end: number) => void): void {
    const spans = text.length < LEAST_TEXT ? this.#search(text) : this.#recall(text);
    for (let n = 0; n < spans.length; n += 2) found(spans[n]!, spans[n + 1]!);
  }

  #recall(text: string): readonly number[] {
    const hash = createHash('sha256').update(text).digest('base64');
    const known = this.#seen.get(hash);
    if (known !== undefined) {
      this.#seen.delete(hash);
      this.#seen.set(hash, known);
      return known;
    }
    const spans = this.#search(text);
    if (spans.length > MOST_SPANS) return spans;
    this.#seen.set(hash, spans);
    if (this.#seen.size > MOST_TEXTS) this.#seen.delete(this.#seen.keys().next().value!);
    return spans;
  }

  #search(text: string): number[] {
    const spans: number[] = [];
    const matcher = this.#pattern.matcher(text);
    while (matcher.find()) if (matcher.end() > matcher.start()) spans.push(matcher.start(), matcher.end());
    return spans;
  }
}

function compile(source: string): RE2JS {
  if (source.length > MOST_PATTERN) throw new Error(`has ${source.length} characters: write at most ${MOST_PATTERN}`);
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
    throw new Error(
      `is no pattern that RE2 reads, ${why}: look-around and back references are not in it, see github.com/google/re2/wiki/Syntax`,
    );
  }
  const steps = pattern.programSize();
  if (steps > MOST_STEPS) throw new Error(`has ${steps} steps: write smaller counts in {}, it may have ${MOST_STEPS}`);
  if (pattern.matches('')) throw new Error('matches nothing at all: write + for *, so that it needs a character');
  return pattern;
}
