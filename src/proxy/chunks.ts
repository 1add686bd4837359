import type { ServerResponse } from 'node:http';

/** Above this a copy costs more than the pieces it saves, bytes. */
const COPIED = 16 * 1024;
const CRLF = Buffer.from('\r\n');
const LAST = Buffer.from('0\r\n\r\n');

export type Trailers = readonly (readonly [name: string, value: () => string | null])[];

/**
 * Frames a body as HTTP/1.1 chunks, each in one piece.
 *
 * Node writes the length, the line end, the bytes and the line end as four pieces and
 * gathers them again at the next tick: for an event of 200 bytes that is half of the
 * work. The answer must have been announced as chunked; from then on the framing is ours.
 */
export class Chunks {
  readonly #res: ServerResponse;
  readonly #trailers: Trailers;

  /** Takes the framing over, after `writeHead` with `transfer-encoding: chunked`. */
  constructor(res: ServerResponse, trailers: Trailers = []) {
    this.#res = res;
    this.#trailers = trailers;
    res.chunkedEncoding = false;
  }

  /** True for an answer that has a body whose length its headers do not tell, to a client that knows chunks. */
  static fit(res: ServerResponse, status: number, hasLength: boolean): boolean {
    const { method, httpVersion } = res.req;
    return !hasLength && httpVersion === '1.1' && method !== 'HEAD' && status !== 204 && status !== 304;
  }

  /** Returns false when the client lags behind, as `write` of a stream does. */
  write(bytes: Uint8Array): boolean {
    const length = Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1');
    if (bytes.length <= COPIED) return this.#res.write(Buffer.concat([length, bytes, CRLF]));
    this.#res.write(length);
    this.#res.write(bytes);
    return this.#res.write(CRLF);
  }

  end(): void {
    if (this.#trailers.length === 0) this.#res.end(LAST);
    else this.#res.end(`0\r\n${this.#trailers.map(lineOf).join('')}\r\n`, 'latin1');
  }
}

/** What no header may have is left away: behind it something else could seem to begin. */
const UNSAYABLE = /[^\t\x20-\x7e\x80-\xff]/;

function lineOf([name, value]: Trailers[number]): string {
  const text = value();
  return text === null || UNSAYABLE.test(text) ? '' : `${name}: ${text}\r\n`;
}
