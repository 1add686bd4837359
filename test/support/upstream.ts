/**
 * An upstream that does what a test tells it: replies, pauses, cuts, dies, lies.
 *
 * Requests are parsed by node:http; answers are written on the socket byte by byte as
 * scripted, so that nothing is repaired on the way.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gate } from './gate.ts';
import { type Bytes, type Chunk, Encoder, isData, type Script } from './script.ts';

export interface Received {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingMessage['headers'];
  rawHeaders: string[];
  /** What came of the body so far. */
  readonly body: Buffer;
  bodyBytes: number;
  /** The whole body came. */
  complete: boolean;
  /** The connection went before the script was through. */
  aborted: boolean;
  /** `performance.now()` of the first byte of the head, and of the closing of the connection. */
  at: number;
  closedAt: number | null;
  /** Serial number of the connection, to see it reused. */
  connection: number;
  sentBytes: number;
  /** The script ran to its end. */
  done: Promise<void>;
  /** The connection is closed. */
  closed: Promise<void>;
}

export interface Upstream {
  url: string;
  port: number;
  received: Received[];
  /** Open connections. */
  readonly open: number;
  /** Connections there ever were. */
  readonly connections: number;
  /** Queues what to do with the next request that has nothing queued before it. */
  next(...scripts: Script[]): void;
  /** Sets what to do with requests for which nothing is queued. */
  always(script: Script | ((request: Received) => Script)): void;
  /** Lets go on who waits for it now, else the next one to wait. */
  release(): void;
  /** Resolves with the request of this number as soon as its head is here. */
  request(index: number): Promise<Received>;
  /** Closes connections under the feet of their pool. */
  closeConnections(): void;
  close(): Promise<void>;
}

/** Starts an upstream on a port of its own; without a script it answers 200 and `{}`. */
export async function startUpstream(port = 0): Promise<Upstream> {
  const queue: Script[] = [];
  let standing: Script | ((request: Received) => Script) = {
    headers: { 'content-type': 'application/json' },
    chunks: ['{}'],
  };
  const gate = new Gate();
  const sockets = new Map<Socket, number>();
  const arrivals: (() => void)[] = [];
  let connections = 0;
  const received: Received[] = [];

  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    const socket = req.socket;
    // The answer is written by us: node:http must neither wait for its own nor frame ours.
    res.detachSocket(socket);
    const parts: Buffer[] = [];
    const entry = entryOf(req, parts, sockets.get(socket) ?? 0);
    received.push(entry);
    const script = queue.shift() ?? (typeof standing === 'function' ? standing(entry) : standing);
    entry.done = serve(req, parts, { socket, entry, gate, signal: signalOf(socket) }, script);
    for (const tell of arrivals.splice(0)) tell();
  };
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0, maxHeaderSize: 1 << 20 });
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('connection', (socket) => {
    connections += 1;
    sockets.set(socket, connections);
    socket.setNoDelay(true).setMaxListeners(0);
    socket.on('error', () => {});
    socket.on('close', () => void sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  const closeConnections = () => {
    for (const socket of sockets.keys()) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    received,
    get open() {
      return sockets.size;
    },
    get connections() {
      return connections;
    },
    next: (...scripts) => void queue.push(...scripts),
    always: (script) => {
      standing = script;
    },
    release: () => gate.release(),
    request: async (index) => {
      while (received.length <= index) await new Promise<void>((tell) => void arrivals.push(tell));
      return received[index]!;
    },
    closeConnections,
    close: async () => {
      if (!server.listening) return;
      const gone = [...sockets.keys()].map((socket) => once(socket, 'close'));
      server.close();
      closeConnections();
      await Promise.all([once(server, 'close'), ...gone]);
    },
  };
}

function entryOf(req: IncomingMessage, parts: Buffer[], connection: number): Received {
  const entry: Received = {
    method: req.method!,
    path: req.url!,
    headers: req.headers,
    rawHeaders: req.rawHeaders,
    get body() {
      return Buffer.concat(parts);
    },
    bodyBytes: 0,
    complete: false,
    aborted: false,
    at: performance.now(),
    closedAt: null,
    connection,
    sentBytes: 0,
    done: Promise.resolve(),
    closed: new Promise((tell) => {
      req.socket.once('close', () => {
        entry.closedAt = performance.now();
        tell();
      });
    }),
  };
  return entry;
}

/** Plays one script; what ends early because the connection went ends quietly, marked as aborted. */
async function serve(req: IncomingMessage, parts: Buffer[], line: Line, script: Script): Promise<void> {
  const { socket, entry } = line;
  try {
    if (req.headers.expect && script.expect !== 'ignore') await write(line, 'HTTP/1.1 100 Continue\r\n\r\n');
    const whole = script.read === 'never' ? undefined : collect(req, parts, line);
    if (script.read !== 'early') await whole;
    for (let times = script.twice ? 2 : 1; times > 0; times -= 1) await answer(line, script);
    if (script.end === 'hang') await wait(line, 'for ever');
    if (script.end === 'reset') socket.resetAndDestroy();
    if (['close', 'close-after'].includes(script.end ?? '') || script.framing === 'close') socket.end();
  } catch (error) {
    if (!socket.destroyed) throw error;
    entry.aborted = true;
  }
}

/** Takes the body; ends with it or with the connection. */
async function collect(req: IncomingMessage, parts: Buffer[], { entry, signal }: Line): Promise<void> {
  req.on('data', (part: Buffer) => {
    parts.push(part);
    entry.bodyBytes += part.length;
  });
  req.on('error', () => {});
  await new Promise<void>((done) => {
    req.once('end', done);
    signal.addEventListener('abort', () => done(), { once: true });
  });
  entry.complete = req.complete;
}

/** Aborts when the connection closes. */
function signalOf(socket: Socket): AbortSignal {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  return gone.signal;
}

interface Line {
  socket: Socket;
  entry: Received;
  gate: Gate;
  signal: AbortSignal;
}

async function answer(line: Line, script: Script): Promise<void> {
  const chunks = script.chunks ?? [];
  await wait(line, script.delay ?? 0);
  if (script.raw !== undefined) {
    await write(line, script.raw);
    for await (const bytes of dataOf(line, chunks)) await write(line, bytes);
    return;
  }
  const plain = chunks.every(isData) && (script.end ?? 'normal') === 'normal' && !script.encoding;
  const framing = script.framing ?? (plain || script.contentLength !== undefined ? 'length' : 'chunked');
  for (const text of script.interim ?? []) await write(line, text);
  const head = headOf(script, framing, chunks);
  if (script.dripHead === undefined) await write(line, head);
  else for (const char of head) await write(line, char).then(() => wait(line, script.dripHead!));
  for await (const bytes of encoded(line, script, chunks)) {
    await write(line, framing === 'chunked' ? frame(bytes) : bytes);
  }
  const whole = ['normal', 'close-after'].includes(script.end ?? 'normal');
  if (framing === 'chunked' && whole) await write(line, '0\r\n\r\n');
}

function headOf(script: Script, framing: string, chunks: Chunk[]): string {
  const status = script.status ?? 200;
  const pairs = Array.isArray(script.headers)
    ? script.headers
    : Object.entries(script.headers ?? {}).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const lines = pairs.map(([name, value]) => `${name}: ${value}`);
  const says = (name: string) => pairs.some((pair) => pair[0]!.toLowerCase() === name);
  if (script.encoding && !says('content-encoding')) lines.push(`content-encoding: ${script.encoding}`);
  if (framing === 'chunked' && !says('transfer-encoding')) lines.push('transfer-encoding: chunked');
  if (framing === 'close' && !says('connection')) lines.push('connection: close');
  if (framing === 'length' && !says('content-length') && status !== 204 && status !== 304) {
    const length = chunks.filter(isData).reduce((sum, bytes) => sum + Buffer.byteLength(bytes as string), 0);
    lines.push(`content-length: ${script.contentLength ?? length}`);
  }
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${lines.map((one) => `${one}\r\n`).join('')}\r\n`;
}

const frame = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

async function* encoded(line: Line, script: Script, chunks: Chunk[]): AsyncGenerator<Buffer> {
  if (!script.encoding) return yield* dataOf(line, chunks);
  const encoder = new Encoder(script.encoding);
  for await (const bytes of dataOf(line, chunks)) yield await encoder.push(bytes);
  const rest = await encoder.end();
  if (rest.length > 0) yield rest;
}

/** The data of the chunks, in their time. */
async function* dataOf(line: Line, chunks: Chunk[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    if (isData(chunk)) yield Buffer.from(chunk as string);
    else if ('wait' in chunk) await wait(line, chunk.wait);
    else {
      const bytes = Buffer.from(chunk.repeat as string);
      for (let n = 0; n < chunk.times; n += 1) {
        yield bytes;
        await wait(line, chunk.every ?? 0);
      }
    }
  }
}

async function wait({ gate, signal, entry }: Line, time: number | 'release' | 'for ever'): Promise<void> {
  signal.throwIfAborted();
  if (time === 'for ever') await entry.closed.then(() => signal.throwIfAborted());
  else if (time === 'release') await gate.pass(signal);
  else if (time > 0) await sleep(time, undefined, { signal });
}

/** Writes and, when the other side is slow, waits for it. */
async function write({ socket, entry, signal }: Line, bytes: Bytes): Promise<void> {
  signal.throwIfAborted();
  const taken = socket.write(bytes);
  entry.sentBytes += Buffer.byteLength(bytes as string);
  if (!taken) await once(socket, 'drain', { signal });
}
