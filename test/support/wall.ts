/**
 * A provider that breaks on purpose: chats and messages over raw sockets, so that it can reset
 * before the head, fall silent with the connection open, and leave a chunked body without its end.
 *
 * What it does is told by the model's name, so any gateway can be pointed at it by its
 * configuration alone. The faults are those of FailoverBench's catalogue.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  type Dialect,
  type Refusal,
  type RefusalKind,
  refusalBody,
  refusalOf,
  type StreamParts,
  streamParts,
  WORDS,
  wholeBody,
} from './wall-answers.ts';

export type Fault =
  | { do: 'answer' }
  /** An error, in the words of the dialect; members laid over it. */
  | ({ do: 'refuse'; kind: RefusalKind } & Partial<Refusal>)
  /** A TCP reset before any byte of an answer. */
  | { do: 'reset' }
  /** The request is taken, and nothing is said. */
  | { do: 'silence' }
  /** All of the answer, but not before so many milliseconds. */
  | { do: 'late'; ms: number }
  /** Head at once, the first word after so many milliseconds. */
  | { do: 'slow'; ms: number }
  /** After so many words the connection ends, without the end of the body. */
  | { do: 'cut'; after: number }
  /** After so many words the body ends in good order, as if a proxy had closed it for a provider that died. */
  | { do: 'end early'; after: number }
  /** After so many words nothing comes for so long, then it is as if cut. */
  | { do: 'stall'; after: number; ms: number }
  /** After so many words an error is told in the stream, which then ends as if all were well. */
  | { do: 'error event'; after: number; kind: RefusalKind }
  /** An event that is no JSON before the word of that number. */
  | { do: 'garbage'; at: number }
  /** All is there but what says that it is: `[DONE]`, `message_stop`. */
  | { do: 'no end' };

/** One call that reached the provider. */
export interface Seen {
  dialect: Dialect;
  model: string;
  /** Of the credential it came with. */
  key: string;
  /** Of this model since the last `forget`, from 1. */
  attempt: number;
  stream: boolean;
  /** Milliseconds since the last `forget`. */
  at: number;
  /** What was done, such as `cut` or `answer`. */
  did: Fault['do'];
  /** It was told that it may not continue an answer. */
  prefill: boolean;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Milliseconds since the last `forget`; null while the connection it came by is open. */
  closedAt: number | null;
  /** All that was meant to be said was said. */
  said: boolean;
  /** When it was over, one way or another; null while it is under way. */
  overAt: number | null;
}

export type Judge = (call: Seen) => Fault | null;

export interface Wall {
  /** Without a path. */
  url: string;
  readonly calls: readonly Seen[];
  /** Milliseconds since the last `forget`. */
  now(): number;
  /** What becomes of calls of a model: a fault, or who decides. Others are answered. */
  set(model: string, fault: Fault | Judge): void;
  /** Calls that are on record begin anew. */
  forget(): void;
  close(): Promise<void>;
}

/** Milliseconds between two words. */
const PACE = 1;

export const healthy: Fault = { do: 'answer' };
export const refuse = (kind: RefusalKind, more: Partial<Refusal> = {}): Fault => ({ do: 'refuse', kind, ...more });
/** Only the first calls of a model are treated so. */
export const first =
  (calls: number, fault: Fault): Judge =>
  ({ attempt }) =>
    attempt <= calls ? fault : null;
/** Only for so many milliseconds after the first call of the model. */
export function until(ms: number, fault: Fault): Judge {
  let since: number | null = null;
  return ({ at }) => {
    since ??= at;
    return at - since < ms ? fault : null;
  };
}

export async function startWall(): Promise<Wall> {
  const faults = new Map<string, Judge>();
  const sockets = new Set<Socket>();
  const state = { calls: [] as Seen[], counts: new Map<string, number>(), since: performance.now() };
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => void sockets.delete(socket));
    void serve(socket);
  });

  async function serve(socket: Socket): Promise<void> {
    try {
      for await (const request of requestsOf(socket)) {
        const call = callOf(request, performance.now() - state.since);
        call.attempt = 1 + (state.counts.get(call.model) ?? 0);
        state.counts.set(call.model, call.attempt);
        state.calls.push(call);
        const since = state.since;
        const closed = (): void => {
          call.closedAt = performance.now() - since;
        };
        socket.once('close', closed);
        const isOpen = await answer(socket, call, faults.get(call.model)?.(call) ?? healthy).finally(() => {
          call.overAt = performance.now() - since;
        });
        socket.off('close', closed);
        if (!isOpen) return;
      }
    } catch (error) {
      if (!socket.destroyed) throw error;
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    get calls() {
      return state.calls;
    },
    now: () => performance.now() - state.since,
    set: (model, fault) => void faults.set(model, typeof fault === 'function' ? fault : () => fault),
    forget: () => {
      state.calls = [];
      state.counts.clear();
      state.since = performance.now();
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

interface Request {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** The requests of one connection, one after the other. Bytes are taken as they come, or its closing would not be heard. */
async function* requestsOf(socket: Socket): AsyncGenerator<Request> {
  let bytes = Buffer.alloc(0);
  let tell = (): void => {};
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    tell();
  });
  socket.once('close', () => tell());
  while (!socket.destroyed) {
    const found = requestIn(bytes);
    if (found === null) {
      await new Promise<void>((go) => {
        tell = go;
      });
      continue;
    }
    bytes = bytes.subarray(found.length);
    yield found.request;
  }
}

/** Null: not all of it is here. */
function requestIn(bytes: Buffer): { request: Request; length: number } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((text) => [text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 1).trim()]),
  );
  const body = bodyIn(bytes.subarray(end + 4), headers);
  if (body === null) return null;
  const request = { path: line.split(' ')[1] ?? '', headers, body: body.text };
  return { request, length: end + 4 + body.length };
}

/** Null: not all of it is here. */
function bodyIn(rest: Buffer, headers: Record<string, string>): { text: string; length: number } | null {
  if (headers['transfer-encoding'] !== 'chunked') {
    const length = Number(headers['content-length'] ?? 0);
    return rest.length < length ? null : { text: rest.toString('utf8', 0, length), length };
  }
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at);
    if (line === -1) return null;
    const size = Number.parseInt(rest.toString('latin1', at, line), 16);
    const next = line + 2 + size + 2;
    if (rest.length < next) return null;
    if (size === 0) return { text: Buffer.concat(parts).toString('utf8'), length: next };
    parts.push(rest.subarray(line + 2, next - 2));
    at = next;
  }
}

function callOf({ path, headers, body }: Request, at: number): Seen {
  const asked = JSON.parse(body) as { model: string; stream?: boolean; messages?: { role: string }[] };
  return {
    dialect: /\/messages(\?|$)/.test(path) ? 'anthropic' : 'openai',
    model: asked.model,
    key: headers['x-api-key'] ?? (headers.authorization ?? '').replace(/^Bearer /, ''),
    attempt: 0,
    stream: asked.stream ?? false,
    at,
    did: 'answer',
    prefill: asked.messages?.at(-1)?.role === 'assistant',
    headers,
    body,
    closedAt: null,
    said: false,
    overAt: null,
  };
}

/** Resolves with whether the connection takes another request. */
async function answer(socket: Socket, call: Seen, fault: Fault): Promise<boolean> {
  call.did = fault.do;
  if (fault.do === 'reset') {
    socket.resetAndDestroy();
    return false;
  }
  if (fault.do === 'silence') {
    await closing(socket);
    return false;
  }
  if (fault.do === 'refuse') {
    const refusal = { ...refusalOf(call.dialect, fault.kind), ...fault };
    sendWhole(socket, refusal.status, refusalBody(call.dialect, refusal), refusal.headers);
    call.said = true;
    return true;
  }
  if (fault.do === 'late') await Promise.race([sleep(fault.ms), closing(socket)]);
  return call.stream ? streamed(socket, call, fault) : whole(socket, call, fault);
}

const HEAD = 'date: Sat, 21 Nov 2026 09:00:00 GMT\r\nserver: wall\r\n';

function sendWhole(socket: Socket, status: number, body: string, headers: Refusal['headers'] = {}): void {
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const type = 'content-type: application/json\r\n';
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
  socket.write(`HTTP/1.1 ${status} Said\r\n${HEAD}${type}${length}${more.join('')}\r\n${body}`);
}

/** Of what is no stream the end is missing, with a length that says otherwise. */
const CUT_WHOLE: ReadonlySet<Fault['do']> = new Set(['garbage', 'end early']);

async function whole(socket: Socket, call: Seen, fault: Fault): Promise<boolean> {
  const body = wholeBody(call.dialect, call.model, WORDS);
  if (fault.do === 'slow') await sleep(fault.ms);
  if (fault.do !== 'cut' && fault.do !== 'stall') {
    sendWhole(socket, 200, CUT_WHOLE.has(fault.do) ? body.slice(0, -20) : body);
    call.said = true;
    return true;
  }
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
  const part = fault.do === 'cut' ? body.slice(0, body.length * 0.6) : '';
  socket.write(`HTTP/1.1 200 OK\r\n${HEAD}content-type: application/json\r\n${length}\r\n${part}`);
  if (fault.do === 'stall') await Promise.race([sleep(fault.ms), closing(socket)]);
  socket.end();
  return false;
}

async function streamed(socket: Socket, call: Seen, fault: Fault): Promise<boolean> {
  const asked = JSON.parse(call.body) as { stream_options?: { include_usage?: boolean } };
  const parts = streamParts(call.dialect, call.model, WORDS, asked.stream_options?.include_usage ?? false);
  const say = (text: string): void => {
    if (socket.destroyed) throw new Error('the caller has left');
    socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  };
  const type = 'content-type: text/event-stream; charset=utf-8\r\n';
  socket.write(`HTTP/1.1 200 OK\r\n${HEAD}${type}transfer-encoding: chunked\r\n\r\n`);
  if (fault.do === 'slow') await Promise.race([sleep(fault.ms), closing(socket)]);
  for (const event of parts.head) say(event);
  const isWhole = await spoken(socket, parts, fault, say);
  if (fault.do === 'error event') {
    const error = refusalBody(call.dialect, refusalOf(call.dialect, fault.kind));
    say(`${call.dialect === 'anthropic' ? 'event: error\n' : ''}data: ${error}\n\n`);
  } else if (fault.do !== 'end early' && !isWhole) {
    socket.end();
    return false;
  } else if (isWhole) {
    for (const event of parts.tail) say(event);
    if (fault.do !== 'no end') say(parts.end);
  }
  socket.write('0\r\n\r\n');
  call.said = true;
  return true;
}

const ENDINGS: ReadonlySet<Fault['do']> = new Set(['cut', 'end early', 'error event']);

/** Says the words; false where it stops before the last. */
async function spoken(
  socket: Socket,
  { words, garbage }: StreamParts,
  fault: Fault,
  say: (text: string) => void,
): Promise<boolean> {
  for (const [at, word] of words.entries()) {
    if (ENDINGS.has(fault.do) && at === (fault as { after: number }).after) return false;
    if (fault.do === 'stall' && at === fault.after) {
      await Promise.race([sleep(fault.ms), closing(socket)]);
      return false;
    }
    if (fault.do === 'garbage' && at === fault.at) say(garbage);
    say(word);
    // Words of some milliseconds at a time: a timer for each would cost more than it shows.
    if (at % 8 === 7) await sleep(PACE * 8);
  }
  return true;
}

const closing = (socket: Socket): Promise<unknown> =>
  socket.destroyed ? Promise.resolve() : new Promise((tell) => socket.once('close', tell));
