import { asBuffer, closingQuote, endsEscaped } from './search.ts';

const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const SPACES = new Set([32, 9, 10, 13]);
/** An unfinished object of up to this size is copied, so that it does not hold the memory of its chunk; bytes. */
const SMALL = 4096;
/** An object larger than this is passed over, bytes. */
const MAX_OBJECT = 32 * 1024 * 1024;

/**
 * Cuts a byte stream into JSON objects: the elements of one array, or one object behind
 * the other, as lines or not.
 *
 * It only counts brackets outside strings, so what it gives out may still fail to parse;
 * what stands between the objects must be commas and blanks. Each byte is looked at once.
 */
export class JsonSequence {
  /** Something stands between the objects that does not belong there; what follows is not read. */
  broken = false;
  /** An object was too large and was passed over. */
  overflow = false;

  readonly #limit: number;
  #pieces: Buffer[] = [];
  #pending = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #array: 'unknown' | 'none' | 'open' | 'closed' = 'unknown';

  constructor(limit: number = MAX_OBJECT) {
    this.#limit = limit;
  }

  /** No object is open, and the array, if it is one, has ended. */
  get isWhole(): boolean {
    return !this.broken && this.#depth === 0 && (this.#array === 'closed' || this.#array === 'none');
  }

  push(chunk: Uint8Array, onObject: (object: Buffer) => void): void {
    const bytes = asBuffer(chunk);
    let start = 0;
    for (let at = 0; at < bytes.length && !this.broken; ) {
      if (this.#inString) {
        at = this.#skipString(bytes, at);
        continue;
      }
      const byte = bytes[at++]!;
      if (this.#depth === 0) {
        if (byte === OPEN_BRACE) start = at - 1;
        this.#between(byte);
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --this.#depth === 0)
        this.#give(bytes.subarray(start, at), onObject);
    }
    if (this.#depth > 0) this.#keep(bytes.subarray(start));
  }

  /** Returns the place behind the string, or the end of the chunk. */
  #skipString(bytes: Buffer, from: number): number {
    const at = this.#escaped ? from + 1 : from;
    this.#escaped = false;
    const quote = closingQuote(bytes, at);
    if (quote === -1) {
      this.#escaped = endsEscaped(bytes, at, bytes.length);
      return bytes.length;
    }
    this.#inString = false;
    return quote + 1;
  }

  #between(byte: number): void {
    if (SPACES.has(byte)) return;
    if (byte === OPEN_BRACE && this.#array !== 'closed') {
      this.#depth = 1;
      if (this.#array === 'unknown') this.#array = 'none';
    } else if (byte === OPEN_BRACKET && this.#array === 'unknown') this.#array = 'open';
    else if (byte === CLOSE_BRACKET && this.#array === 'open') this.#array = 'closed';
    else if (byte !== COMMA || this.#array !== 'open') this.broken = true;
  }

  #give(last: Buffer, onObject: (object: Buffer) => void): void {
    const pieces = this.#pieces;
    const size = this.#pending + last.length;
    this.#pieces = [];
    this.#pending = 0;
    if (size > this.#limit) this.overflow = true;
    else onObject(pieces.length === 0 ? last : Buffer.concat([...pieces, last], size));
  }

  #keep(rest: Buffer): void {
    this.#pending += rest.length;
    if (this.#pending > this.#limit) this.#pieces = [];
    else this.#pieces.push(rest.length <= SMALL ? Buffer.from(rest) : rest);
  }
}
