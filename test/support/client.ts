/** A client that can be rude, and that keeps exactly what came back. */
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request, STATUS_CODES } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Sending {
  url: string;
  /** Default: POST with a body, GET without. */
  method?: string;
  /** As pairs, their order, spelling and repetition are kept. */
  headers?: Record<string, string | string[]> | [name: string, value: string][];
  /** A list is sent as chunks, each when the one before has left. Objects are sent as JSON. */
  body?: string | Buffer | object | AsyncIterable<string | Buffer>;
  /** Destroys the connection after so many bytes of the answer's body; 0 as soon as its head is here. */
  abortAfterBytes?: number;
  /** Destroys the connection so many milliseconds after the start. */
  abortAfterMs?: number;
  /** Reads at most so many bytes a second; 0 never reads the body. */
  readRate?: number;
  /** Closes the sending side once the request is out. */
  halfClose?: boolean;
}

export interface Answer {
  /** 0 when no head came. */
  status: number;
  reason: string;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  trailers: IncomingMessage['trailers'];
  /** Interim answers by status. */
  interim: number[];
  body: Buffer;
  text: string;
  /** When pieces of the body came, in milliseconds since the start. */
  arrivals: { at: number; bytes: number }[];
  /** Milliseconds from the start to the head and to the end. */
  headAt: number;
  endAt: number;
  /** The connection ended before the answer did. */
  broken: boolean;
  /** Why, as Node calls it: `ECONNRESET`, `HPE_INVALID_CONSTANT`. */
  errorCode: string | null;
}

/** One exchange under way. */
export interface Call {
  /** What is known so far; complete when `done` resolves. */
  answer: Answer;
  /** Resolves when the head is here, or the connection is gone. */
  head: Promise<Answer>;
  done: Promise<Answer>;
  /** Resolves as soon as the body so far contains the text; throws when it ends without. */
  saw(text: string): Promise<void>;
  abort(): void;
}

/** Sends a request and resolves with all of the answer. Never rejects: what failed stands in `broken`. */
export const send = (sending: Sending): Promise<Answer> => open(sending).done;

/** Sends a request and returns at once. */
export function open(sending: Sending): Call {
  const start = performance.now();
  const answer = emptyAnswer();
  const more = new Set<() => void>();
  const tell = () => {
    for (const listener of [...more]) listener();
  };
  const req = request(sending.url, {
    method: sending.method ?? (sending.body === undefined ? 'GET' : 'POST'),
    headers: headersOf(sending) as never,
    agent: false,
  });
  req.setMaxListeners(0);
  const done = new Promise<Answer>((resolve) => req.once('close', () => resolve(end(answer, start))));
  const head = new Promise<Answer>((resolve) => {
    req.once('response', () => resolve(answer));
    req.once('close', () => resolve(answer));
  });
  req.on('information', ({ statusCode }) => void answer.interim.push(statusCode));
  req.on('error', (error: NodeJS.ErrnoException) => {
    answer.broken = true;
    answer.errorCode ??= error.code ?? error.message;
  });
  req.on('response', (res) => read(res, sending, answer, start, tell));
  if (sending.abortAfterMs !== undefined) {
    const timer = setTimeout(() => req.destroy(), sending.abortAfterMs);
    req.once('close', () => clearTimeout(timer));
  }
  void done.then(tell);
  void write(req, sending);
  return { answer, head, done, saw: (text) => saw(answer, text, more), abort: () => void req.destroy() };
}

const emptyAnswer = (): Answer => ({
  status: 0,
  reason: '',
  headers: {},
  rawHeaders: [],
  trailers: {},
  interim: [],
  body: Buffer.alloc(0),
  text: '',
  arrivals: [],
  headAt: Number.NaN,
  endAt: Number.NaN,
  broken: false,
  errorCode: null,
});

function headersOf({ headers = {}, body, url }: Sending): unknown {
  const json = typeof body === 'object' && !Buffer.isBuffer(body) && !isStream(body);
  if (!Array.isArray(headers)) return json ? { 'content-type': 'application/json', ...headers } : headers;
  // A flat list is sent as it is, so what Node would have added has to stand in it.
  const has = (name: string) => headers.some((pair) => pair[0].toLowerCase() === name);
  const flat = headers.flat();
  if (!has('host')) flat.push('host', new URL(url).host);
  if (json && !has('content-type')) flat.push('content-type', 'application/json');
  return flat;
}

const isStream = (body: object): body is AsyncIterable<string | Buffer> => Symbol.asyncIterator in body;

async function write(req: ClientRequest, { body, halfClose }: Sending): Promise<void> {
  try {
    if (typeof body === 'object' && !Buffer.isBuffer(body) && isStream(body)) {
      for await (const part of body) {
        if (!req.write(part)) await Promise.race([once(req, 'drain'), once(req, 'close')]);
        if (req.destroyed) return;
      }
      req.end();
    } else if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) req.end(body);
    else req.end(JSON.stringify(body));
    if (!halfClose) return;
    if (!req.writableFinished) await once(req, 'finish');
    req.socket?.end();
  } catch {
    // The connection went while we wrote; the answer says so.
  }
}

function read(res: IncomingMessage, sending: Sending, answer: Answer, start: number, tell: () => void): void {
  const { abortAfterBytes = Number.POSITIVE_INFINITY, readRate } = sending;
  const parts: Buffer[] = [];
  let size = 0;
  answer.status = res.statusCode ?? 0;
  answer.reason = res.statusMessage ?? STATUS_CODES[answer.status] ?? '';
  answer.headers = res.headers;
  answer.rawHeaders = res.rawHeaders;
  answer.headAt = performance.now() - start;
  Object.defineProperty(answer, 'body', { get: () => Buffer.concat(parts), enumerable: true });
  Object.defineProperty(answer, 'text', { get: () => answer.body.toString('utf8'), enumerable: true });
  const quit = () => res.socket?.destroy();
  res.on('error', () => {});
  res.on('close', () => {
    answer.trailers = res.trailers;
    if (!res.complete) answer.broken = true;
  });
  if (abortAfterBytes === 0) return void quit();
  if (readRate === 0) return;
  res.on('data', (part: Buffer) => {
    parts.push(part);
    size += part.length;
    answer.arrivals.push({ at: performance.now() - start, bytes: part.length });
    tell();
    if (size >= abortAfterBytes) quit();
    if (readRate === undefined) return;
    res.pause();
    setTimeout(() => res.resume(), (part.length / readRate) * 1000);
  });
}

function end(answer: Answer, start: number): Answer {
  answer.endAt = performance.now() - start;
  if (answer.status === 0) answer.broken = true;
  return answer;
}

async function saw(answer: Answer, text: string, more: Set<() => void>): Promise<void> {
  while (!answer.text.includes(text)) {
    if (!Number.isNaN(answer.endAt))
      throw new Error(`ended without ${JSON.stringify(text)}: ${answer.text.slice(-200)}`);
    await new Promise<void>((resolve) => {
      const listener = () => {
        more.delete(listener);
        resolve();
      };
      more.add(listener);
    });
  }
}

export interface RawSending {
  /** Milliseconds between the bytes. */
  drip?: number;
  /** Closes the sending side after the bytes. */
  halfClose?: boolean;
  /** Gives up listening after so many milliseconds of silence; default 1000. */
  silence?: number;
}

/** Writes bytes on a connection of its own and resolves with what came back until it closed or fell silent. */
export async function rawSocket(port: number, bytes: string | Buffer, sending: RawSending = {}): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => void parts.push(part));
  socket.on('error', () => {});
  socket.setTimeout(sending.silence ?? 1000, () => socket.destroy());
  socket.on('end', () => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await Promise.race([writeRaw(socket, Buffer.from(bytes as string), sending), closed]);
  await closed;
  return Buffer.concat(parts);
}

async function writeRaw(socket: Socket, bytes: Buffer, { drip, halfClose }: RawSending): Promise<void> {
  if (drip === undefined) socket.write(bytes);
  else {
    for (const byte of bytes) {
      if (socket.destroyed) return;
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setTimeout(resolve, drip));
    }
  }
  if (halfClose) socket.end();
}
