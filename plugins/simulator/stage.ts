/** The sockets of the simulator: one port for all its instances in this process, and answers at a human pace. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { Reply } from './reply.ts';

const HOST = '127.0.0.1';
const MAX_BODY_BYTES = 32 * 2 ** 20;
/** Longer than the pool of any client keeps a connection, so that it is never we who close it. */
const KEEP_ALIVE_MS = 75_000;

export interface Tempo {
  /** Milliseconds before the first byte. */
  latency: number;
  /** Milliseconds between two events. */
  pace: number;
  /** The connection breaks in the middle of the answer. */
  cut: boolean;
}

interface Stage {
  server: Server;
  /** The newest is the one who answers. */
  listeners: RequestListener[];
}

// A reload builds the new instance while the old one still serves, and an edited file brings a
// second copy of this module: both have to find the port that is already open.
const key = Symbol.for('token-spy.simulator.stages');
const shared = globalThis as { [key]?: Map<number, Stage> };
shared[key] ??= new Map();
const stages = shared[key];

/**
 * Opens the port, or takes it over from an older instance of this process.
 *
 * @returns gives the port back; the older instance answers again, or the port closes
 */
export async function takeStage(port: number, listener: RequestListener): Promise<() => Promise<void>> {
  const stage = stages.get(port) ?? (await openStage(port));
  stage.listeners.push(listener);
  return async () => {
    stage.listeners = stage.listeners.filter((other) => other !== listener);
    if (stage.listeners.length > 0 || !stage.server.listening) return;
    stages.delete(port);
    stage.server.close();
    stage.server.closeAllConnections();
    await once(stage.server, 'close');
  };
}

async function openStage(port: number): Promise<Stage> {
  const stage: Stage = {
    server: createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => stage.listeners.at(-1)?.(req, res)),
    listeners: [],
  };
  stage.server.listen(port, HOST);
  await once(stage.server, 'listening');
  stages.set(port, stage);
  return stage;
}

/** Reads a request body, decoded; null when it is too large to be taken. */
export async function readBody(req: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY_BYTES) return null;
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  const limits = { maxOutputLength: MAX_BODY_BYTES };
  if (req.headers['content-encoding'] === 'gzip') return gunzipSync(bytes, limits);
  if (req.headers['content-encoding'] === 'br') return brotliDecompressSync(bytes, limits);
  if (req.headers['content-encoding'] === 'deflate') return inflateSync(bytes, limits);
  return bytes;
}

/** Sends a reply in its tempo; stops when the client leaves. */
export async function perform(reply: Reply, tempo: Tempo, res: ServerResponse): Promise<void> {
  const left = new AbortController();
  res.once('close', () => left.abort());
  res.once('error', () => left.abort());
  const pause = (ms: number) => (ms > 0 ? sleep(ms, undefined, { signal: left.signal }) : undefined);
  try {
    await pause(tempo.latency);
    if (typeof reply.body === 'string') return await sendWhole(reply, reply.body, tempo.cut, res);
    res.writeHead(reply.status, reply.headers);
    const shown = tempo.cut ? reply.body.slice(0, Math.ceil(reply.body.length / 2)) : reply.body;
    for (const [i, event] of shown.entries()) {
      if (i > 0) await pause(tempo.pace);
      if (left.signal.aborted) return;
      if (!res.write(event)) await once(res, 'drain', { signal: left.signal });
    }
    await (tempo.cut ? breakOff(res) : res.end());
  } catch (error) {
    if (!left.signal.aborted) throw error;
  }
}

async function sendWhole({ status, headers }: Reply, body: string, cut: boolean, res: ServerResponse): Promise<void> {
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  if (!cut) return void res.end(body);
  res.write(body.slice(0, Math.ceil(body.length / 2)));
  await breakOff(res);
}

/** Ends the connection but not the answer, after what was written so far has left. */
async function breakOff(res: ServerResponse): Promise<void> {
  await tick();
  res.socket?.destroySoon();
}
