/** A server of somebody else's, to which messages are posted: it keeps what comes and answers as a test tells it. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Posted {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Epoch milliseconds. */
  at: number;
}

/** How one POST is answered; `hang`: not at all. */
export type Reply = { status?: number; headers?: Record<string, string>; body?: string; cut?: boolean } | 'hang';

export interface Sink {
  url: string;
  port: number;
  /** What came, the oldest first. */
  readonly posted: Posted[];
  /** Connections, whether or not anything came over them. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  /** The next answers, in their order; behind them `always`. */
  next(...replies: Reply[]): void;
  always(reply: Reply): void;
  close(): Promise<void>;
}

export async function startSink(host = '127.0.0.1'): Promise<Sink> {
  const posted: Posted[] = [];
  const replies: Reply[] = [];
  let usual: Reply = { body: 'ok' };
  let connections = 0;
  let open = 0;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      posted.push({ path: req.url ?? '', headers: req.headers, body, at: Date.now() });
      const reply = replies.shift() ?? usual;
      if (reply === 'hang') return;
      if (reply.cut) return void req.socket.destroy();
      res.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
    });
  });
  server.on('connection', (socket) => {
    connections++;
    open++;
    socket.on('close', () => open--);
    socket.on('error', () => {});
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    posted,
    get connections() {
      return connections;
    },
    get open() {
      return open;
    },
    next: (...more) => void replies.push(...more),
    always: (reply) => {
      usual = reply;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
