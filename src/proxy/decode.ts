import zlib from 'node:zlib';

import type { Decoder, Out } from './decoder.ts';
import { ZstdInScript } from './zstd.ts';

const MAX_ENCODINGS = 3;
/** Node has zstd from 22.15 on. */
const nodeZstd = (zlib as { createZstdDecompress?: () => zlib.Gunzip }).createZstdDecompress;

/** The encodings of a `content-encoding` header, in the order they were applied; identity left out. */
export function encodingsOf(header: string | undefined): string[] {
  if (header === undefined || header === '') return [];
  return header
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
}

export const isDecodable = (encodings: readonly string[]): boolean =>
  encodings.length <= MAX_ENCODINGS && encodings.every((name) => /^(x-)?gzip$|^deflate$|^br$|^zstd$/.test(name));

/** Opens a decoder for encodings that `isDecodable`. `drained` is called when a lagging one has caught up. */
export function openDecoder(encodings: readonly string[], out: Out, drained: () => void): Decoder {
  const [first, ...others] = encodings;
  if (others.length > 0) return new Layers(encodings, out, drained);
  return first === 'zstd' && !nodeZstd ? new ZstdInScript(out, drained) : new Zlib(first!, out, drained);
}

/** The outer encoding was applied last and is undone first: its output goes into the inner ones. */
class Layers implements Decoder {
  readonly #outer: Decoder;
  readonly #inner: Decoder;

  constructor(encodings: readonly string[], out: Out, drained: () => void) {
    this.#inner = openDecoder(encodings.slice(0, -1), out, () => this.#outer.resume());
    this.#outer = openDecoder(encodings.slice(-1), (chunk) => this.#inner.push(chunk), drained);
  }

  get failed(): boolean {
    return this.#outer.failed || this.#inner.failed;
  }

  push(chunk: Uint8Array): boolean {
    return this.#outer.push(chunk);
  }

  resume(): void {
    this.#inner.resume();
  }

  async end(): Promise<void> {
    await this.#outer.end();
    await this.#inner.end();
  }
}

class Zlib implements Decoder {
  failed = false;
  readonly #name: string;
  readonly #out: Out;
  readonly #drained: () => void;
  #stream: zlib.Gunzip | null = null;
  #settle: () => void = () => {};
  readonly #over = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  constructor(name: string, out: Out, drained: () => void) {
    this.#name = name;
    this.#out = out;
    this.#drained = drained;
  }

  push(chunk: Uint8Array): boolean {
    if (this.failed || chunk.length === 0) return true;
    this.#stream ??= this.#open(chunk[0]!);
    return this.#stream.write(chunk);
  }

  resume(): void {
    this.#stream?.resume();
  }

  end(): Promise<void> {
    if (this.#stream === null || this.failed) return Promise.resolve();
    this.#stream.end();
    return this.#over;
  }

  #open(first: number): zlib.Gunzip {
    const stream = create(this.#name, first);
    stream.on('data', (chunk: Buffer) => {
      if (!this.#out(chunk)) stream.pause();
    });
    stream.on('drain', this.#drained);
    stream.on('end', this.#settle);
    stream.on('error', () => {
      this.failed = true;
      this.#settle();
      this.#drained();
    });
    return stream;
  }
}

function create(name: string, first: number): zlib.Gunzip {
  // A body cut by its sender still gives what it holds: the end of the stream is not insisted on.
  const lenient = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
  if (name === 'br')
    return zlib.createBrotliDecompress({
      finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH,
    }) as unknown as zlib.Gunzip;
  if (name === 'zstd') return nodeZstd!();
  // "deflate" is zlib by the book and raw deflate in practice: the first byte tells.
  if (name === 'deflate') return (first & 0x0f) === 8 ? zlib.createInflate(lenient) : zlib.createInflateRaw(lenient);
  return zlib.createGunzip(lenient);
}

/** Decodes a whole request body. Rejects with a RangeError when more than `limit` bytes come out. */
export async function decodeBody(bytes: Buffer, encodings: readonly string[], limit: number): Promise<Buffer> {
  const { plain, more, failed } = await decodeUpTo(bytes, encodings, limit);
  if (more) throw new RangeError(`more than ${limit} bytes when decoded`);
  if (failed) throw new Error('does not decode');
  return plain;
}

/** Decodes until `limit` bytes are out; `more` says that there would have been others. */
export async function decodeUpTo(
  bytes: Buffer,
  encodings: readonly string[],
  limit: number,
): Promise<{ plain: Buffer; more: boolean; failed: boolean }> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let wake = (): void => {};
  let burst = (): void => {};
  const overflow = new Promise<void>((resolve) => {
    burst = resolve;
  });
  const keep = (chunk: Uint8Array): boolean => {
    if (size <= limit) pieces.push(chunk);
    size += chunk.length;
    if (size > limit) burst();
    return size <= limit;
  };
  const decoder = openDecoder(encodings, keep, () => wake());
  // Small steps, each waited for, so that a bomb is seen before all of it is unpacked.
  for (let at = 0; at < bytes.length && size <= limit && !decoder.failed; at += STEP) {
    const caughtUp = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (!decoder.push(bytes.subarray(at, at + STEP))) await Promise.race([caughtUp, overflow]);
  }
  await Promise.race([decoder.end(), overflow]);
  return { plain: Buffer.concat(pieces).subarray(0, limit), more: size > limit, failed: decoder.failed };
}

const STEP = 64 * 1024;
