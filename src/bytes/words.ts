/**
 * A set of words that are looked for in bytes without making strings of them.
 *
 * Each has a number above 0; several may have the same.
 */
export class Words {
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #mask: number;
  /** By hash: which word stands there, from 1; the next free place is taken where several meet. */
  readonly #places: Uint16Array;
  readonly #spelled: readonly Buffer[];
  readonly #results: readonly number[];

  constructor(numbers: Readonly<Record<string, number>>) {
    const entries = Object.entries(numbers);
    let size = 16;
    while (size < entries.length * 4) size *= 2;
    this.#numbers = new Map(entries);
    this.#mask = size - 1;
    this.#places = new Uint16Array(size);
    this.#spelled = entries.map(([word]) => Buffer.from(word));
    this.#results = entries.map(([, number]) => number);
    this.#spelled.forEach((word, n) => {
      let place = spread(codeOf(word)) & this.#mask;
      while (this.#places[place] !== 0) place = (place + 1) & this.#mask;
      this.#places[place] = n + 1;
    });
  }

  /**
   * The number of the word at `[start, end)`, 0 where it is none.
   *
   * @param code of these bytes: each is added to 31 times what was before, in 32 bits
   */
  find(bytes: Buffer, start: number, end: number, code: number): number {
    for (let place = spread(code) & this.#mask; ; place = (place + 1) & this.#mask) {
      const n = this.#places[place]!;
      if (n === 0) return 0;
      if (isAt(bytes, start, end, this.#spelled[n - 1]!)) return this.#results[n - 1]!;
    }
  }

  /** The same for a word with escapes of JSON in it. */
  escaped(bytes: Buffer, start: number, end: number): number {
    // Six bytes for a character at most, and no word has a hundred.
    if (end - start > 600) return 0;
    try {
      return this.#numbers.get(JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string) ?? 0;
    } catch {
      return 0;
    }
  }
}

function isAt(bytes: Buffer, start: number, end: number, word: Buffer): boolean {
  if (end - start !== word.length) return false;
  for (let at = 0; at < word.length; at++) if (bytes[start + at] !== word[at]) return false;
  return true;
}

function codeOf(word: Buffer): number {
  let code = 0;
  for (const byte of word) code = (Math.imul(code, 31) + byte) | 0;
  return code;
}

const spread = (code: number): number => code ^ (code >>> 9) ^ (code >>> 18);
