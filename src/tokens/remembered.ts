import { createHash } from 'node:crypto';

/** What was counted of a text. */
export interface Known {
  readonly tokens: number;
  readonly isExact: boolean;
}

/** Some 100 bytes each. */
const MOST = 20_000;
const KEY_BYTES = 18;

/**
 * Counts of texts that came before: a conversation is sent again with each of its turns. Of a
 * text only a hash is kept. What was not asked for the longest time is forgotten first.
 */
export class Remembered {
  readonly #encoding: string;
  readonly #most: number;
  readonly #counts = new Map<string, Known>();

  /** @param encoding the same text has other counts in another one */
  constructor(encoding: string, most = MOST) {
    this.#encoding = encoding;
    this.#most = most;
  }

  keyOf(text: string): string {
    const digest = createHash('sha256').update(this.#encoding).update(text).digest();
    return digest.toString('base64', 0, KEY_BYTES);
  }

  get(key: string): Known | undefined {
    const known = this.#counts.get(key);
    if (known === undefined) return undefined;
    this.#counts.delete(key);
    this.#counts.set(key, known);
    return known;
  }

  set(key: string, known: Known): void {
    if (this.#counts.size >= this.#most)
      for (const [oldest] of this.#counts) {
        this.#counts.delete(oldest);
        break;
      }
    this.#counts.set(key, known);
  }

  get size(): number {
    return this.#counts.size;
  }
}
