import { createHash, hash } from 'node:crypto';

/** Longer texts are hashed by their length, their ends and places between them, bytes. */
const WHOLE = 64 * 1024;
const END = 8 * 1024;
const SAMPLES = 128;
const SAMPLE = 256;
const SALT = 32;
/** Bytes before a stretch of a key: its length, and what it is. */
const HEAD = 7;
/** Names are shorter. */
const SHORT = 1024;
const TWO_32 = 2 ** 32;

/** Two numbers of 32 bits by which hashes are folded, from the salt. */
export interface Seeds {
  readonly a: number;
  readonly b: number;
}

/** A stretch of a body: the inside of a string, or JSON. */
export interface Keyed {
  readonly start: number;
  readonly end: number;
  readonly isText: boolean;
}

/**
 * Salted hashes of 48 bits: the first six bytes of sha256 over the salt and the bytes.
 *
 * Nobody can try texts without the salt. Of a million texts two have the same hash by chance in one
 * case of five hundred. What is longer than 64 KiB, a picture mostly, is not read to its end: a change
 * of one byte in the middle of it may stay unseen.
 */
export class Hasher {
  readonly #salt: Buffer;
  readonly #seeds: Seeds;
  readonly #scratch = Buffer.alloc(SALT + WHOLE + 16);
  #length = SALT;

  constructor(salt: Buffer) {
    this.#salt = salt;
    this.#seeds = { a: salt.readInt32LE(0), b: salt.readInt32LE(4) };
    salt.copy(this.#scratch, 0, 0, SALT);
  }

  /** Of a text at `[start, end)`; `kind`, a byte, tells apart what the same bytes may be. */
  of(bytes: Buffer, start: number, end: number, kind: number): number {
    return this.without(bytes, start, end, kind, 0, 0);
  }

  /** The same as if `[cutStart, cutEnd)` were not there. */
  without(bytes: Buffer, start: number, end: number, kind: number, cutStart: number, cutEnd: number): number {
    const hole = cutEnd - cutStart;
    const size = end - start - hole;
    this.#length = SALT;
    this.#scratch[this.#length++] = kind;
    if (hole === 0 && size <= WHOLE) this.#length += bytes.copy(this.#scratch, this.#length, start, end);
    else this.#add(bytes, start, size, hole === 0 ? size : cutStart - start, hole);
    return this.#digest();
  }

  /** Of two texts, such as a name and arguments. */
  pair(bytes: Buffer, start: number, end: number, otherStart: number, otherEnd: number): number {
    if (end - start > SHORT || otherEnd - otherStart > WHOLE - SHORT)
      return this.fold([this.of(bytes, start, end, 2), this.of(bytes, otherStart, otherEnd, 3)]);
    this.#length = SALT;
    this.#scratch[this.#length++] = 2;
    this.#copy(bytes, start, end);
    this.#scratch[this.#length++] = 0;
    this.#copy(bytes, otherStart, otherEnd);
    return this.#digest();
  }

  /** Of a text that is no part of a body. */
  ofText(text: string): number {
    const bytes = Buffer.from(text);
    return this.of(bytes, 0, bytes.length, 1);
  }

  /** Of all bytes of these stretches, in hex digits: for keys, where two that are the same must be the same. */
  key(bytes: Buffer, stretches: readonly Keyed[]): string {
    const size = stretches.reduce((sum, { start, end }) => sum + end - start + HEAD, 0);
    if (size > WHOLE) return this.#longKey(bytes, stretches);
    this.#length = SALT;
    for (const { start, end, isText } of stretches) {
      this.#head(this.#scratch, this.#length, end - start, isText);
      this.#length += HEAD;
      this.#copy(bytes, start, end);
    }
    return hash('sha256', this.#scratch.subarray(0, this.#length), 'hex');
  }

  #longKey(bytes: Buffer, stretches: readonly Keyed[]): string {
    const sum = createHash('sha256').update(this.#salt);
    const head = Buffer.alloc(HEAD);
    for (const { start, end, isText } of stretches) {
      this.#head(head, 0, end - start, isText);
      sum.update(head).update(bytes.subarray(start, end));
    }
    return sum.digest('hex');
  }

  /** What tells stretches apart that are the same when they are joined. */
  #head(to: Buffer, at: number, size: number, isText: boolean): void {
    to.writeUIntBE(size, at, HEAD - 1);
    to[at + HEAD - 1] = isText ? 1 : 0;
  }

  /** Of hashes, in their order. */
  fold(hashes: readonly number[]): number {
    let { a, b } = this.#seeds;
    for (const one of hashes) {
      a = Math.imul(a ^ (one % TWO_32), 0x85ebca6b);
      a = ((a << 13) | (a >>> 19)) ^ b;
      b = Math.imul(b ^ (one / TWO_32) ^ (a >>> 15), 0xc2b2ae35);
      b = ((b << 17) | (b >>> 15)) ^ a;
    }
    a = Math.imul(a ^ (b >>> 16) ^ hashes.length, 0x85ebca6b);
    b = Math.imul(b ^ (a >>> 13), 0xc2b2ae35);
    return ((a ^ (b >>> 16)) >>> 0) + (((b ^ (a >>> 11)) >>> 0) & 0xffff) * TWO_32;
  }

  /** Adds `size` bytes from `start` on, of which those behind `hole` lie that much further on. */
  #add(bytes: Buffer, start: number, size: number, holeAt: number, hole: number): void {
    const copy = (from: number, to: number): void => {
      if (from < holeAt) this.#copy(bytes, start + from, start + Math.min(to, holeAt));
      if (to > holeAt) this.#copy(bytes, start + hole + Math.max(from, holeAt), start + hole + to);
    };
    if (size <= WHOLE) {
      copy(0, size);
      return;
    }
    this.#length = this.#scratch.writeUIntBE(size, this.#length, 6);
    copy(0, END);
    const step = (size - 2 * END - SAMPLE) / SAMPLES;
    for (let n = 0; n < SAMPLES; n++) {
      const from = END + Math.floor(n * step);
      copy(from, from + SAMPLE);
    }
    copy(size - END, size);
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    this.#length += bytes.copy(this.#scratch, this.#length, start, end);
  }

  #digest(): number {
    const text = hash('sha256', this.#scratch.subarray(0, this.#length), 'binary');
    let value = 0;
    for (let at = 0; at < 6; at++) value = value * 256 + text.charCodeAt(at);
    return value;
  }
}
