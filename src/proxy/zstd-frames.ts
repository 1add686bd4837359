/** What RFC 9659 allows for HTTP. */
const MAX_WINDOW = 8 * 1024 * 1024;

/**
 * Reads how much memory zstd frames ask for, without decoding them.
 *
 * The decoder in script keeps a window of the size that a frame states and moves all of it
 * for each block: a few bytes could make it claim 2 GB. RFC 9659 allows 8 MB for HTTP.
 */
export class ZstdFrames {
  /** A frame asks for more than is allowed, or the bytes are no zstd. */
  refused = false;
  #held: Buffer = Buffer.alloc(0);
  /** Bytes that hold nothing of interest: a block's content, a checksum, a skippable frame. */
  #skip = 0;
  #inFrame = false;
  #checksum = 0;

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#held.length > 0) bytes = Buffer.concat([this.#held, bytes]);
    let at = 0;
    while (!this.refused) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      at += skipped;
      this.#skip -= skipped;
      const used = this.#skip > 0 ? 0 : this.#inFrame ? this.#block(bytes, at) : this.#frame(bytes, at);
      if (used === 0) break;
      at += used;
    }
    this.#held = Buffer.from(bytes.subarray(at));
  }

  /** Returns how many bytes a frame's header takes; 0 when not all of it is here. */
  #frame(bytes: Buffer, at: number): number {
    if (bytes.length - at < 8) return 0;
    const magic = bytes.readUInt32LE(at);
    if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
      this.#skip = bytes.readUInt32LE(at + 4);
      return 8;
    }
    this.refused = magic !== 0xfd2fb528;
    const flags = bytes[at + 4]!;
    const single = (flags & 0x20) !== 0;
    const sizeBytes = flags >> 6 === 0 ? (single ? 1 : 0) : 1 << (flags >> 6);
    const length = 5 + (single ? 0 : 1) + [0, 1, 2, 4][flags & 3]! + sizeBytes;
    if (bytes.length - at < length) return 0;
    const window = single ? contentSize(bytes, at + length - sizeBytes, sizeBytes) : windowSize(bytes[at + 5]!);
    if (window > MAX_WINDOW) this.refused = true;
    this.#checksum = (flags & 4) === 0 ? 0 : 4;
    this.#inFrame = true;
    return length;
  }

  #block(bytes: Buffer, at: number): number {
    if (bytes.length - at < 3) return 0;
    const header = bytes.readUIntLE(at, 3);
    const size = header >> 3;
    // A run of one byte takes one byte, whatever it comes to.
    this.#skip = ((header >> 1) & 3) === 1 ? 1 : size;
    if ((header & 1) === 0) return 3;
    this.#skip += this.#checksum;
    this.#inFrame = false;
    return 3;
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(bytes: Buffer, at: number, length: number): number {
  if (length === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}
