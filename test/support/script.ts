/** What a scripted upstream does with one request, and helpers to write it down shortly. */
import { once } from 'node:events';
import * as zlib from 'node:zlib';

export type Bytes = string | Buffer;
/** Data, a pause in milliseconds, a pause until `upstream.release()`, or the same data again and again. */
export type Chunk = Bytes | { wait: number | 'release' } | { repeat: Bytes; times: number; every?: number };
export type HeaderList = Record<string, string | string[]> | [name: string, value: string][];
export type Encoding = 'gzip' | 'br' | 'deflate' | 'zstd';

export interface Script {
  /** Default 200. */
  status?: number;
  /** Sent as they are, in this order; the framing headers are added unless they stand here. */
  headers?: HeaderList;
  /** One HTTP chunk each, when the framing is chunked. */
  chunks?: Chunk[];
  /** Default: `length` for plain data with a normal end, else `chunked`; `close` ends the body with the connection. */
  framing?: 'length' | 'chunked' | 'close';
  /** The length to state, true or not. */
  contentLength?: number;
  /** Compresses the chunks, flushing after each, and says so. */
  encoding?: Encoding;
  /**
   * - `normal`: the body ends as announced (default)
   * - `reset`: TCP reset; `close`: FIN without the last chunk or the rest of the length; `hang`: nothing more, ever
   * - `close-after`: ends normally, then closes the connection without having said so
   */
  end?: 'normal' | 'reset' | 'close' | 'hang' | 'close-after';
  /** Wait before the first byte of the head. */
  delay?: number | 'release';
  /** Milliseconds between the bytes of the head. */
  dripHead?: number;
  /** Whole interim answers written before the head, such as `HTTP/1.1 103 Early Hints\r\n\r\n`. */
  interim?: string[];
  /** Written instead of any HTTP answer; `chunks` follow unframed. */
  raw?: Bytes;
  /** Sends the whole answer twice. */
  twice?: boolean;
  /** Answers without waiting for the request's body (`early`), or never reads it (`never`). */
  read?: 'whole' | 'early' | 'never';
  /** What to do about `expect: 100-continue`; default answers it. */
  expect?: 'continue' | 'ignore';
}

export const canZstd = 'createZstdCompress' in zlib;

/** Writes events as SSE text, one chunk each: objects as JSON, strings as they are, pairs with an event name. */
export function sse(events: (object | string | [event: string, data: object])[], newline = '\n'): string[] {
  return events.map((event) => {
    if (typeof event === 'string') return `data: ${event}${newline}${newline}`;
    if (!Array.isArray(event)) return `data: ${JSON.stringify(event)}${newline}${newline}`;
    return `event: ${event[0]}${newline}data: ${JSON.stringify(event[1])}${newline}${newline}`;
  });
}

/** Puts a pause between chunks. */
export const paced = (chunks: Chunk[], wait: number): Chunk[] =>
  chunks.flatMap((chunk, i) => (i === 0 ? [chunk] : [{ wait }, chunk]));

/** Cuts bytes into chunks of a size: 1 drips. */
export function cut(bytes: Bytes, size: number): Buffer[] {
  const whole = Buffer.from(bytes as string);
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.subarray(i * size, (i + 1) * size));
}

/** A JSON answer. */
export const json = (value: unknown, more: Script = {}): Script => ({
  ...more,
  headers: { 'content-type': 'application/json', ...(more.headers as Record<string, string>) },
  chunks: [JSON.stringify(value)],
});

/** An event stream. */
export const stream = (chunks: Chunk[], more: Script = {}): Script => ({
  framing: 'chunked',
  ...more,
  headers: { 'content-type': 'text/event-stream; charset=utf-8', ...(more.headers as Record<string, string>) },
  chunks,
});

/** Headers of a size that no honest upstream sends. */
export const manyHeaders = (count: number, bytes: number): [string, string][] =>
  Array.from({ length: count }, (_, i) => [`x-much-${i}`, 'm'.repeat(bytes)]);

export const isData = (chunk: Chunk): chunk is Bytes => typeof chunk === 'string' || Buffer.isBuffer(chunk);

/** Compresses bytes in one go. */
export async function compress(encoding: Encoding, bytes: Bytes): Promise<Buffer> {
  const encoder = new Encoder(encoding);
  return Buffer.concat([await encoder.push(Buffer.from(bytes as string)), await encoder.end()]);
}

/** Compresses chunk by chunk, so that each can be read when it arrives. */
export class Encoder {
  readonly #stream: zlib.Gzip | zlib.BrotliCompress;
  #out: Buffer[] = [];

  constructor(encoding: Encoding) {
    this.#stream = encoderOf(encoding);
    this.#stream.on('data', (bytes: Buffer) => void this.#out.push(bytes));
  }

  async push(bytes: Buffer): Promise<Buffer> {
    this.#stream.write(bytes);
    await new Promise<void>((done) => void this.#stream.flush(done));
    return this.#take();
  }

  async end(): Promise<Buffer> {
    this.#stream.end();
    await once(this.#stream, 'end');
    return this.#take();
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    return bytes;
  }
}

function encoderOf(encoding: Encoding): zlib.Gzip | zlib.BrotliCompress {
  if (encoding === 'gzip') return zlib.createGzip({ flush: zlib.constants.Z_SYNC_FLUSH });
  if (encoding === 'deflate') return zlib.createDeflate({ flush: zlib.constants.Z_SYNC_FLUSH });
  if (encoding === 'br') return zlib.createBrotliCompress({ flush: zlib.constants.BROTLI_OPERATION_FLUSH });
  // Not in the types of Node 20, and not in Node 20.
  if (!canZstd) throw new Error('this Node has no zstd: look at canZstd first');
  return (zlib as unknown as { createZstdCompress(): zlib.Gzip }).createZstdCompress();
}
