import type { ServerResponse } from 'node:http';

import { MappedStream } from '../pipeline/events.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { ExchangeResponse } from '../pipeline/response.ts';
import { Chunks } from './chunks.ts';
import { encodingsOf, isDecodable, openDecoder } from './decode.ts';
import type { Decoder } from './decoder.ts';
import { type DownHeaders, has, without } from './headers.ts';
import type { Hold } from './hold.ts';

const REWRITTEN = new Set(['content-encoding', 'content-length', 'etag', 'content-md5', 'digest']);
/** Error answers are held up to here to be scrubbed; nothing beyond it is sent. */
const MAX_ERROR_BODY = 1024 * 1024;

export interface DeliveryOptions {
  res: ServerResponse;
  response: ExchangeResponse;
  headers: DownHeaders;
  exchange: Exchange;
  /** Holds back keys of the gateway's own that the provider quotes; null when none can be in it. */
  scrub: ((text: string) => string) | null;
  /** Called when a `write` that returned false may go on. */
  resume: () => void;
  /** Keeps status, headers and bytes back until `open`; null: they leave at once. */
  hold: Hold | null;
}

/**
 * The way of one answer from the upstream's bytes to the client's socket.
 *
 * The client gets the very chunks as they came, unless a plugin maps events, the client
 * cannot read the encoding, or an error is scrubbed. Taps hear decoded bytes in any case.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #mapped: MappedStream | null;
  #hold: Hold | null;
  #head: { status: number; statusText: string } | null = null;
  #decoder: Decoder | null = null;
  #chunks: Chunks | null = null;
  /** The client gets what the decoder gives, not what came. */
  readonly #plain: boolean;
  /** An error answer that is still to be scrubbed. */
  #unscrubbed: Uint8Array[] | null = null;
  #unscrubbedBytes = 0;
  #first = true;
  /** Nobody reads any more: only the taps go on. */
  #deaf = false;
  #full = false;
  /** The last four bytes that left: an event may be added only where one has ended. */
  #tail = 0x0a0a;
  bytes = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { response, res } = options;
    this.#hold = options.hold;
    const encodings = encodingsOf(response.header('content-encoding'));
    const readable = encodings.length > 0 && isDecodable(encodings);
    this.#mapped =
      response.mappers.length > 0 && (encodings.length === 0 || readable) ? new MappedStream(response.mappers) : null;
    if (options.scrub) this.#unscrubbed = [];
    this.#plain =
      readable &&
      (this.#mapped !== null || this.#unscrubbed !== null || !accepts(res.req.headers['accept-encoding'], encodings));
    if (readable && (this.#plain || response.taps.length > 0))
      this.#decoder = openDecoder(encodings, this.#decoded, options.resume);
  }

  /** Sends status and headers, or keeps them with what follows. */
  begin(status: number, statusText: string): void {
    if (this.#hold !== null) this.#head = { status, statusText };
    else this.#begin(status, statusText);
  }

  /** Nothing has left yet, and nothing of it need ever leave. */
  get isHeld(): boolean {
    return this.#hold !== null;
  }

  /** Lets go what was held. Returns false when it is more than the client can take at once. */
  open(): boolean {
    const hold = this.#hold;
    const head = this.#head;
    if (hold === null || head === null) return true;
    this.#hold = null;
    if (this.#deaf) return true;
    this.#begin(head.status, head.statusText);
    let room = true;
    for (const chunk of hold.take()) room = this.#send(chunk) && room;
    return room;
  }

  #begin(status: number, statusText: string): void {
    const { res, headers, response, exchange, scrub } = this.#options;
    const rewritten = this.#plain || this.#mapped !== null || this.#unscrubbed !== null;
    let out = rewritten ? without(headers.out, REWRITTEN) : headers.out;
    if (scrub) out = out.map((text) => scrub(text));
    const added = Object.entries(exchange.headers);
    if (added.length > 0) out = without(out, new Set(Object.keys(exchange.headers)));
    out.push('x-token-spy-id', exchange.id);
    for (const [name, value] of added) out.push(name, value);
    for (const [name, value] of response.added) out.push(name, value);
    const chunked = Chunks.fit(res, status, has(out, 'content-length'));
    if (chunked) out.push('transfer-encoding', 'chunked');
    const trailers = chunked && takesTrailers(res) ? response.trailers : [];
    if (trailers.length > 0) out.push('trailer', trailers.map(([name]) => name).join(', '));
    res.writeHead(status, statusText, out);
    if (chunked) this.#chunks = new Chunks(res, trailers);
    // Head and first bytes share a packet when they come in one tick; a head alone does not wait longer than that.
    process.nextTick(() => {
      if (this.bytes === 0 && !res.writableEnded && !res.destroyed) res.flushHeaders();
    });
  }

  /** Passes a chunk on. Returns false when the client or the decoder lags behind. */
  write(chunk: Buffer): boolean {
    if (this.#first) this.#suspectGzip(chunk);
    if (this.#decoder === null) return this.#decoded(chunk);
    let room = true;
    if (!this.#plain) room = this.#send(chunk);
    return this.#decoder.push(chunk) && room && !this.#full;
  }

  /**
   * Says that no more comes. A promise where the decoder has not given all of it yet; without one the
   * end can leave in the same tick as the bytes before it, and in the same packet. Throws what a mapper throws.
   */
  flush(): Promise<void> | undefined {
    if (this.#decoder) return this.#decoder.end().then(() => this.#rest());
    this.#rest();
    return undefined;
  }

  /** What the scrubber and the mappers still hold. */
  #rest(): void {
    if (this.#unscrubbed) this.#release(this.#unscrubbed);
    if (this.#mapped) this.#send(this.#mapped.end());
  }

  /** Says that the answer is whole, to the client as well. After `flush` and, where it was held, `open`. */
  end(): void {
    if (!this.#deaf && !this.failed) (this.#chunks ?? this.#options.res).end();
  }

  /** Lets the decoder give to the taps what it still holds of a broken answer. */
  async settle(): Promise<void> {
    this.goDeaf();
    if (this.#decoder) await this.#decoder.end();
  }

  /** True when text of ours can follow what has left: it is not compressed, and no event is open. */
  get canAdd(): boolean {
    const compressed = this.#decoder !== null && !this.#plain;
    const lineEnds = this.#tail & 0xffff;
    return !compressed && (lineEnds === 0x0a0a || lineEnds === 0x0d0d || this.#tail === 0x0d0a0d0a);
  }

  /** Sends text of ours behind what has left, where it `canAdd`. */
  add(text: string): void {
    this.#send(Buffer.from(text));
  }

  get failed(): boolean {
    return this.#plain && (this.#decoder?.failed ?? false);
  }

  /** The client has left: taps go on, nothing is written any more. */
  goDeaf(): void {
    this.#deaf = true;
    this.#hold?.take();
    this.#full = false;
    this.#decoder?.resume();
  }

  readonly #decoded = (chunk: Uint8Array): boolean => {
    let room = true;
    if (this.#unscrubbed) this.#keep(chunk);
    else if (this.#decoder === null || this.#plain) room = this.#send(this.#mapped ? this.#mapped.push(chunk) : chunk);
    for (const tap of this.#options.response.taps) tap(chunk);
    this.#hold?.heard();
    return room;
  };

  #send(chunk: Uint8Array): boolean {
    if (this.#deaf || chunk.length === 0) return true;
    if (this.#hold !== null) {
      this.#hold.push(chunk);
      return true;
    }
    this.bytes += chunk.length;
    for (let at = Math.max(0, chunk.length - 4); at < chunk.length; at++) this.#tail = (this.#tail << 8) | chunk[at]!;
    const { res, resume } = this.#options;
    if ((this.#chunks ?? res).write(chunk)) return true;
    if (!this.#full) {
      this.#full = true;
      res.once('drain', () => {
        this.#full = false;
        this.#decoder?.resume();
        resume();
      });
    }
    return false;
  }

  #keep(chunk: Uint8Array): void {
    this.#unscrubbedBytes += chunk.length;
    if (this.#unscrubbedBytes <= MAX_ERROR_BODY) this.#unscrubbed!.push(chunk);
  }

  #release(held: Uint8Array[]): void {
    const text = Buffer.concat(held).toString('latin1');
    const scrubbed = Buffer.from(this.#options.scrub!(text), 'latin1');
    this.#send(this.#mapped ? this.#mapped.push(scrubbed) : scrubbed);
  }

  /** Some CDNs compress without saying so; the client gets it as it is, the taps get it decoded. */
  #suspectGzip(chunk: Buffer): void {
    this.#first = false;
    const plain = this.#decoder === null && this.#mapped === null && this.#unscrubbed === null;
    if (!plain || chunk[0] !== 0x1f || chunk[1] !== 0x8b || this.#options.response.taps.length === 0) return;
    this.#decoder = openDecoder(['gzip'], this.#decoded, this.#options.resume);
  }
}

/** Trailers are for clients that ask for them: others may not know what they are. */
function takesTrailers({ req }: ServerResponse): boolean {
  const { te } = req.headers;
  return te !== undefined && /(?:^|,)\s*trailers\s*(?:,|$)/i.test(String(te));
}

/** True when the client said that it can read each of the encodings. */
function accepts(header: string | string[] | undefined, encodings: readonly string[]): boolean {
  if (header === undefined) return false;
  const named = String(header)
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(';', 1)[0]!.trim());
  return encodings.every(
    (name) => named.includes(name) || named.includes('*') || named.includes(name.replace('x-', '')),
  );
}
