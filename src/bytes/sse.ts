import { asBuffer } from './search.ts';

const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;
const DATA = Buffer.from('data');
const EVENT = Buffer.from('event');
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LINE_FEED = Buffer.from([LF]);
/** An unfinished event of up to this size is copied, so that it does not hold the memory of its chunk; bytes. */
const SMALL = 4096;
/** An event longer than this is not interpreted any more, bytes. */
const MAX_EVENT = 32 * 1024 * 1024;

/**
 * One block of a server-sent event stream, up to and including its blank line.
 *
 * Comments and stray blank lines come as blocks too, with `data` null: all raw blocks
 * joined are the stream, byte for byte. Fields are read when asked for; most events are
 * only searched for a marker.
 */
export class SseEvent {
  readonly raw: Buffer;
  #read: boolean;
  #data: Buffer | null = null;
  #name: string | null = null;

  /** An opaque block has no fields, whatever its bytes look like. */
  constructor(raw: Buffer, opaque = false) {
    this.raw = raw;
    this.#read = opaque;
  }

  /** An event without a name that came in another framing: all of it is data. */
  static of(data: Buffer): SseEvent {
    const event = new SseEvent(data, true);
    event.#data = data;
    return event;
  }

  /** The values of the `data` lines joined with LF; null when there is no such line. */
  get data(): Buffer | null {
    if (!this.#read) this.#readFields();
    return this.#data;
  }

  /** The value of the last `event` line, or null. */
  get name(): string | null {
    if (!this.#read) this.#readFields();
    return this.#name;
  }

  #readFields(): void {
    this.#read = true;
    const { raw } = this;
    let lines: Buffer[] | null = null;
    let at = startOfText(raw);
    while (at < raw.length) {
      const end = endOfLine(raw, at);
      if (isField(raw, at, end, DATA)) {
        const value = raw.subarray(valueStart(raw, at + DATA.length, end), end);
        if (this.#data === null) this.#data = value;
        else {
          lines ??= [this.#data];
          lines.push(LINE_FEED, value);
        }
      } else if (isField(raw, at, end, EVENT)) {
        this.#name = raw.toString('utf8', valueStart(raw, at + EVENT.length, end), end);
      }
      at = end + 1;
    }
    if (lines !== null) this.#data = Buffer.concat(lines);
  }
}

/**
 * Cuts a byte stream into server-sent events by the WHATWG grammar.
 *
 * Lines end with LF, CRLF or CR, mixed; chunks may be split anywhere. Two deviations: the
 * end of the body dispatches an event that lacks its blank line, as broken proxies lose
 * it; and a blank line that ends in CR at the end of a chunk waits for its LF only if the
 * line before it ended in CRLF. In a stream that mixes both, that LF then leads the next
 * block, where it means nothing.
 *
 * Each byte is looked at once, and pieces are joined once, so an event of many megabytes
 * costs linear time.
 */
export class SseCutter {
  /** An event went beyond the limit: what follows comes as blocks without `data`. */
  overflow = false;

  readonly #limit: number;
  #pieces: Buffer[] = [];
  #pending = 0;
  /** Nothing of the current line has been seen. */
  #lineIsEmpty = true;
  /** The last byte was a CR that ended a line: an LF now belongs to it. */
  #afterCr = false;
  /** The block is whole but for the LF of its CRLF. */
  #held = false;
  #endsInCrlf = false;

  constructor(limit: number = MAX_EVENT) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array, onEvent: (event: SseEvent) => void): void {
    if (chunk.length === 0) return;
    const bytes = asBuffer(chunk);
    if (this.overflow) {
      onEvent(new SseEvent(bytes, true));
      return;
    }
    let at = 0;
    let start = 0;
    if (this.#afterCr) {
      this.#afterCr = false;
      this.#endsInCrlf = bytes[0] === LF;
      if (this.#endsInCrlf) at = 1;
      if (this.#held) {
        this.#dispatch(bytes, 0, at, onEvent);
        start = at;
      }
    }
    start = this.#cut(bytes, at, start, onEvent);
    if (start < bytes.length) this.#keep(bytes, start, onEvent);
  }

  /** Says that no more bytes follow; dispatches what is pending. */
  end(onEvent: (event: SseEvent) => void): void {
    if (this.#pending > 0) this.#dispatch(LINE_FEED, 0, 0, onEvent);
  }

  /** Dispatches the blocks that end in these bytes; returns where the unfinished one begins. */
  #cut(bytes: Buffer, from: number, blockStart: number, onEvent: (event: SseEvent) => void): number {
    const length = bytes.length;
    let at = from;
    let start = blockStart;
    let lf = next(bytes, LF, at);
    let cr = next(bytes, CR, at);
    while (at < length) {
      if (lf < at) lf = next(bytes, LF, at);
      if (cr < at) cr = next(bytes, CR, at);
      const end = Math.min(lf, cr);
      if (end === length) {
        this.#lineIsEmpty = false;
        break;
      }
      const blank = end === at && this.#lineIsEmpty;
      this.#lineIsEmpty = true;
      at = end + 1;
      if (end === cr && at === length) {
        this.#afterCr = true;
        this.#held = blank && this.#endsInCrlf;
        if (this.#held) break;
      } else {
        this.#endsInCrlf = end === cr && bytes[at] === LF;
        if (this.#endsInCrlf) at++;
      }
      if (!blank) continue;
      this.#dispatch(bytes, start, at, onEvent);
      start = at;
    }
    return start;
  }

  #dispatch(bytes: Buffer, start: number, end: number, onEvent: (event: SseEvent) => void): void {
    let raw = bytes.subarray(start, end);
    if (this.#pending > 0) {
      this.#pieces.push(raw);
      raw = Buffer.concat(this.#pieces, this.#pending + raw.length);
      this.#pieces = [];
      this.#pending = 0;
    }
    this.#held = false;
    onEvent(new SseEvent(raw));
  }

  #keep(bytes: Buffer, start: number, onEvent: (event: SseEvent) => void): void {
    const rest = bytes.subarray(start);
    this.#pieces.push(rest.length <= SMALL ? Buffer.from(rest) : rest);
    this.#pending += rest.length;
    if (this.#pending <= this.#limit) return;
    this.overflow = true;
    for (const piece of this.#pieces) onEvent(new SseEvent(piece, true));
    this.#pieces = [];
    this.#pending = 0;
  }
}

/** Offset of the next such byte, or the length when there is none. */
function next(bytes: Buffer, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at === -1 ? bytes.length : at;
}

function startOfText(raw: Buffer): number {
  return raw[0] === BOM[0] && raw[1] === BOM[1] && raw[2] === BOM[2] ? BOM.length : 0;
}

/** A CRLF counts as a line end and an empty line, which is no field and does no harm inside a block. */
function endOfLine(raw: Buffer, from: number): number {
  const lf = next(raw, LF, from);
  const cr = raw.subarray(from, lf).indexOf(CR);
  return cr === -1 ? lf : from + cr;
}

/** True when the line has that name before its colon, or is that name. */
function isField(raw: Buffer, at: number, end: number, name: Buffer): boolean {
  const after = at + name.length;
  if (after > end || (after < end && raw[after] !== COLON)) return false;
  for (let i = 0; i < name.length; i++) if (raw[at + i] !== name[i]) return false;
  return true;
}

/** Where a value begins: behind the colon and at most one space. */
function valueStart(raw: Buffer, afterName: number, end: number): number {
  const at = Math.min(afterName + 1, end);
  return at < end && raw[at] === SPACE ? at + 1 : at;
}
