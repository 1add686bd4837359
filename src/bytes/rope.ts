import { isUtf8 } from 'node:buffer';

/** Up to here one copy of all is less than one for each that asks, bytes. */
const SHORT = 1024 * 1024;

/**
 * Bytes in pieces, as a socket brought them: a body of many megabytes is read, edited and
 * sent on without ever being copied into one.
 */
export class Rope {
  readonly length: number;
  #pieces: readonly Buffer[];

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    this.length = pieces.length === 1 ? pieces[0]!.length : pieces.reduce((sum, { length }) => sum + length, 0);
  }

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  /** All of it in one piece, from now on. */
  join(): Buffer {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces, this.length)];
    return this.#pieces[0]!;
  }

  /** The bytes of `[start, end)`: the same memory where they lie in one piece, else a copy; of a short rope one for all. */
  slice(start: number, end: number): Buffer {
    if (this.length <= SHORT) return this.join().subarray(start, end);
    const parts = this.#parts(start, end);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** A rope with other bytes in place of `[start, end)`; nothing is copied. */
  splice(start: number, end: number, bytes: Buffer): Rope {
    return new Rope([...this.#parts(0, start), bytes, ...this.#parts(end, this.length)]);
  }

  includes(text: string): boolean {
    const wanted = Buffer.from(text);
    let at = 0;
    for (const [n, piece] of this.#pieces.entries()) {
      if (piece.includes(wanted)) return true;
      at += piece.length;
      const isLast = n === this.#pieces.length - 1;
      const border = isLast ? 0 : wanted.length - 1;
      if (border > 0 && this.slice(Math.max(0, at - border), Math.min(this.length, at + border)).includes(wanted))
        return true;
    }
    return false;
  }

  /** Whether all of it is valid UTF-8; a character may lie across pieces. */
  isUtf8(): boolean {
    let open: Buffer = Buffer.alloc(0);
    for (const piece of this.#pieces) {
      const missing = open.length === 0 ? 0 : Math.min(sequenceLength(open[0]!) - open.length, piece.length);
      const joined = missing === 0 ? open : Buffer.concat([open, piece.subarray(0, missing)]);
      const isShort = joined.length > 0 && joined.length < sequenceLength(joined[0]!);
      if (!isShort && !isUtf8(joined)) return false;
      const rest = piece.subarray(missing);
      const tail = isShort ? 0 : openTail(rest);
      if (!isUtf8(rest.subarray(0, rest.length - tail))) return false;
      open = isShort ? joined : rest.subarray(rest.length - tail);
    }
    return open.length === 0;
  }

  #parts(start: number, end: number): Buffer[] {
    const parts: Buffer[] = [];
    let from = 0;
    for (const piece of this.#pieces) {
      const to = from + piece.length;
      if (to > start && from < end) parts.push(piece.subarray(Math.max(0, start - from), Math.min(end, to) - from));
      from = to;
      if (from >= end) break;
    }
    return parts;
  }
}

/** Bytes of the character that begins so; 1 where none does. */
function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

/** How many bytes at the end belong to a character that is not whole. */
function openTail(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}
