import { crc32 } from 'node:zlib';

import { asBuffer } from './search.ts';

/** Total length, headers' length, checksum of both. */
const PRELUDE = 12;
/** A checksum of the whole message stands at its end. */
const CHECKSUM = 4;
/** AWS allows 24 MiB for a message; what claims more is not one. */
const MAX_FRAME = 32 * 1024 * 1024;
/** A piece of an unfinished message of up to this size is copied, so that it does not hold the memory of its chunk; bytes. */
const SMALL = 4096;
const STRING = 7;
/**
 * Bytes of a header's value by its type: true, false, byte, short, integer, long, bytes,
 * string, timestamp, uuid. Null: a u16 length stands in front of it.
 */
const SIZES: readonly (number | null)[] = [0, 0, 1, 2, 4, 8, null, null, 8, 16];

/** One message of an AWS event stream (`application/vnd.amazon.eventstream`). */
export interface EventFrame {
  /** `event`, `exception` or `error`. */
  readonly kind: string;
  /** The event's, exception's or error's own name, such as `contentBlockDelta`; '' when it has none. */
  readonly name: string;
  readonly payload: Buffer;
}

/**
 * Cuts a byte stream into messages of AWS's event stream encoding.
 *
 * A message is: u32 total length, u32 length of the headers, u32 CRC of those 8 bytes,
 * headers, payload, u32 CRC of all before. Chunks may be split anywhere, also inside a
 * length. A checksum that is wrong ends the reading: no length behind it can be trusted.
 */
export class FrameCutter {
  /** The bytes are no event stream from here on. */
  broken = false;

  #pieces: Buffer[] = [];
  #pending = 0;
  /** Bytes that the open frame needs, once its prelude is here. */
  #needed = PRELUDE;

  /** No frame is open. */
  get isWhole(): boolean {
    return !this.broken && this.#pending === 0;
  }

  push(chunk: Uint8Array, onFrame: (frame: EventFrame) => void): void {
    if (this.broken || chunk.length === 0) return;
    this.#keep(asBuffer(chunk));
    if (this.#pending < this.#needed) return;
    let bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#pending);
    this.#pieces = [];
    this.#pending = 0;
    while (bytes.length >= PRELUDE) {
      const total = lengthOf(bytes);
      if (total !== null && bytes.length < total) {
        this.#needed = total;
        break;
      }
      if (total === null || crc32(bytes.subarray(0, total - CHECKSUM)) !== bytes.readUInt32BE(total - CHECKSUM)) {
        this.broken = true;
        return;
      }
      this.#needed = PRELUDE;
      onFrame(frameOf(bytes.subarray(0, total)));
      bytes = bytes.subarray(total);
    }
    this.#keep(bytes);
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const whole = this.#pending === 0 && bytes.length >= this.#needed;
    this.#pieces.push(bytes.length > SMALL || whole ? bytes : Buffer.from(bytes));
    this.#pending += bytes.length;
  }
}

/** Length of the message that begins here; null when none can begin so. */
function lengthOf(bytes: Buffer): number | null {
  const total = bytes.readUInt32BE(0);
  const least = PRELUDE + bytes.readUInt32BE(4) + CHECKSUM;
  const isOne = total >= least && total <= MAX_FRAME && crc32(bytes.subarray(0, 8)) === bytes.readUInt32BE(8);
  return isOne ? total : null;
}

function frameOf(bytes: Buffer): EventFrame {
  const end = PRELUDE + bytes.readUInt32BE(4);
  const headers = headersOf(bytes.subarray(PRELUDE, end));
  const kind = headers.get(':message-type') ?? 'event';
  const name = headers.get(`:${kind}-type`) ?? headers.get(':error-code') ?? '';
  return { kind, name, payload: bytes.subarray(end, bytes.length - CHECKSUM) };
}

/** Headers whose value is a string; the others have no meaning here. Ends at the first that does not fit in. */
function headersOf(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const nameEnd = at + 1 + bytes[at]!;
    const type = bytes[nameEnd];
    const size = type === undefined ? undefined : SIZES[type];
    if (size === undefined) break;
    const start = nameEnd + (size === null ? 3 : 1);
    if (start > bytes.length) break;
    const end = start + (size ?? bytes.readUInt16BE(nameEnd + 1));
    if (end > bytes.length) break;
    if (type === STRING) headers.set(bytes.toString('utf8', at + 1, nameEnd), bytes.toString('utf8', start, end));
    at = end;
  }
  return headers;
}
