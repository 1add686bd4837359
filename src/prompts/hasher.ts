import { hash } from 'node:crypto';

/** Longer texts are hashed by their length, their ends and places between them, bytes. */
const WHOLE = 64 * 1024;
const END = 8 * 1024;
const SAMPLES = 64;
const SAMPLE = 256;
const SALT = 32;

/**
 * Salted hashes of 48 bits: sha256 of the salt and the bytes, its first six bytes. Not what a
 * password needs, but nobody can try texts without the salt, and two of a million texts are one
 * by chance in one case of five hundred.
 */
export class Hasher {
  readonly #scratch = Buffer.alloc(SALT + WHOLE + 64);
  #length = SALT;

  constructor(salt: Buffer) {
    salt.copy(this.#scratch, 0, 0, SALT);
  }

  /** Of `[start, end)`; `kind` tells apart what the same bytes may be. */
  of(bytes: Buffer, start: number, end: number, kind = 0): number {
    this.#length = SALT;
    this.#byte(kind);
    this.#add(bytes, start, end);
    return this.#digest();
  }

  #byte(byte: number): void {
    this.#scratch[this.#length++] = byte;
  }

  #add(bytes: Buffer, start: number, end: number): void {
    if (end - start <= WHOLE) {
      this.#length += bytes.copy(this.#scratch, this.#length, start, end);
      return;
    }
    this.#length = this.#scratch.writeUIntBE(end - start, this.#length, 6);
    this.#length += bytes.copy(this.#scratch, this.#length, start, start + END);
    const step = (end - start - 2 * END) / SAMPLES;
    for (let n = 0; n < SAMPLES; n++) {
      const at = Math.floor(start + END + n * step);
      this.#length += bytes.copy(this.#scratch, this.#length, at, Math.min(at + SAMPLE, end));
    }
    this.#length += bytes.copy(this.#scratch, this.#length, end - END, end);
  }

  #digest(): number {
    return first48(hash('sha256', this.#scratch.subarray(0, this.#length), 'binary'));
  }
}

/** Of Latin-1 text, as a whole number. */
function first48(text: string): number {
  let value = 0;
  for (let at = 0; at < 6; at++) value = value * 256 + text.charCodeAt(at);
  return value;
}
