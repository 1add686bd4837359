/** An upstream that replays wire samples; a request chooses its sample by the header `x-case`. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises';
import { type Chunk, chunkBytes, type WireSample } from './wire-samples.ts';

export interface Replay {
  url: string;
  /** Bodies that arrived, by sample: the last one each. */
  bodies: Map<string, unknown>;
  close(): Promise<void>;
}

export async function startReplay(samples: readonly WireSample[]): Promise<Replay> {
  const byName = new Map(samples.map((sample) => [sample.name, sample]));
  const bodies = new Map<string, unknown>();
  const server = createServer((req, res) => void serve(req, res).catch(() => res.destroy()));
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    const name = String(req.headers['x-case']);
    const text = Buffer.concat(parts).toString('utf8');
    const isJson = req.headers['content-type'] === 'application/json';
    const body: unknown = isJson && text !== '' ? JSON.parse(text) : null;
    bodies.set(name, body);
    await play(byName.get(name)!, body, req, res);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function play({ upstream }: WireSample, body: unknown, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { status, headers, chunks, delay_ms, end } = playedFor(upstream, body);
  res.on('error', () => {});
  res.setMaxListeners(0);
  req.socket.setNoDelay(true);
  res.writeHead(status, headers);
  res.flushHeaders();
  for (const bytes of chunks.flatMap((chunk: Chunk) => chunkBytes(chunk))) {
    if (res.destroyed) return;
    if (!res.write(bytes)) await Promise.race([once(res, 'drain'), once(res, 'close')]);
    await (delay_ms ? sleep(delay_ms) : tick());
  }
  if (end === 'reset') {
    await sleep(50);
    req.socket.resetAndDestroy();
  } else if (end !== 'hang') res.end();
}

/** What is answered to a body: `alt` where the body has, or has not, the value it names. */
export function playedFor(upstream: WireSample['upstream'], body: unknown): Omit<WireSample['upstream'], 'alt'> {
  const { alt, ...main } = upstream;
  const condition = alt?.if_body ?? alt?.unless_body;
  if (!alt || !condition) return main;
  const equal = dig(body, condition.path) === condition.equals;
  return equal === (alt.if_body !== undefined) ? { ...main, ...alt } : main;
}

/** The value at a dotted path; undefined when there is none. */
export const dig = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (at, key) => (at === null || at === undefined ? undefined : (at as Record<string, unknown>)[key]),
      value,
    );
