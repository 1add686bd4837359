import type { BodyMapper } from '../../src/plugin.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** An object is held up to here until it is whole; bytes. */
export const MOST_HELD = 16 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Hands over the objects of a body, one after the other: of one object, of lines, or of the elements of one array.
 * What stands between them leaves as it came. What is larger than 16 MiB, or no JSON, leaves unchanged from there on.
 */
export class JsonObjects implements BodyMapper {
  readonly #map: (json: Buffer) => Buffer;
  readonly #passed: () => void;
  #pieces: Buffer[] = [];
  #size = 0;
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #passes = false;

  /** @param passed is told when an object is too large to be held */
  constructor(map: (json: Buffer) => Buffer, passed: () => void) {
    this.#map = map;
    this.#passed = passed;
  }

  push(chunk: Uint8Array): Uint8Array {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#passes) return bytes;
    const out: Buffer[] = [];
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      const turn = this.#step(bytes[at]!);
      if (turn === 'begin') {
        out.push(bytes.subarray(start, at));
        start = at;
      } else if (turn === 'end') {
        out.push(this.#whole(bytes.subarray(start, at + 1)));
        start = at + 1;
      }
    }
    const rest = bytes.subarray(start);
    out.push(this.#depth > 0 ? this.#hold(rest) : rest);
    return out.length === 1 ? out[0]! : Buffer.concat(out);
  }

  end(): Uint8Array {
    const [pieces, size] = [this.#pieces, this.#size];
    this.#pieces = [];
    return Buffer.concat(pieces, size);
  }

  #step(byte: number): 'begin' | 'end' | null {
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#inString = false;
      return null;
    }
    if (byte === QUOTE) this.#inString = this.#depth > 0;
    else if (byte === OPEN_BRACE || (byte === OPEN_BRACKET && this.#depth > 0))
      return this.#depth++ === 0 ? 'begin' : null;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && this.#depth > 0)
      return --this.#depth === 0 ? 'end' : null;
    return null;
  }

  #whole(last: Buffer): Buffer {
    const json = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#size = 0;
    return this.#map(json);
  }

  #hold(rest: Buffer): Buffer {
    this.#pieces.push(rest);
    this.#size += rest.length;
    if (this.#size <= MOST_HELD) return NOTHING;
    this.#passes = true;
    this.#passed();
    return Buffer.from(this.end());
  }
}
