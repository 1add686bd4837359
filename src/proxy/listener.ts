import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Limits of a port, in milliseconds and bytes. */
export interface ListenerLimits {
  headers: number;
  clientHeaders: number;
  clientBody: number;
}

const REFUSALS: Readonly<Record<string, [string, string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The request headers are larger than limits.headers in gateway.yaml allows.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'The request did not arrive in time (limits.client_headers, limits.client_body).',
  ],
};

/**
 * Opens one port with the limits that a server among strangers needs.
 *
 * Ambiguous HTTP is refused by Node's strict parser; what it refuses is answered here in
 * the shape most SDKs read, since no path is known yet. Rejects with the system's error
 * when the port cannot be had.
 */
export function openListener(
  host: string,
  port: number,
  limits: ListenerLimits,
  handle: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<Server> {
  const server = createServer({
    maxHeaderSize: limits.headers,
    headersTimeout: limits.clientHeaders,
    // Node's limit for the body counts from the first byte of the request, and may not be the shorter one.
    requestTimeout: Math.max(limits.clientBody, limits.clientHeaders),
    // The default of 30 s would make the other limits come that much too late.
    connectionsCheckingInterval: 1000,
    keepAliveTimeout: 65_000,
    noDelay: true,
  });
  server.maxHeadersCount = 500;
  const answers = watchHalfClosed(server);
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    answers.set(req.socket, res);
    handle(req, res);
  });
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    // The body is asked for by the one who reads it: an oversized one is refused unread.
    (req as { wantsContinue?: boolean }).wantsContinue = true;
    answers.set(req.socket, res);
    handle(req, res);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(error.code ?? '', socket));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      // EMFILE and the like: the listener lives on and takes the next one when it can.
      server.on('error', () => {});
      resolve(server);
    });
  });
}

/** A refused connection is closed this long after its answer, milliseconds. */
const LINGER_MS = 500;

/** First pause between two probes of a half-closed connection, milliseconds; each is twice the one before. */
const PROBE_MS = 30;
const LONGEST_PROBE_MS = 30_000;

/**
 * Tells a client that has only closed its sending side from one that has left.
 *
 * Both send the same FIN. Only a client that left answers what is written to it with a
 * reset, and a `100 Continue` may be written at any time before the answer; the reset of
 * the first shows at the second. Once the answer has begun nothing may be added to it:
 * a client that closes then counts as gone. Returns where each connection's answer is told.
 */
function watchHalfClosed(server: Server): WeakMap<Socket, ServerResponse> {
  const answers = new WeakMap<Socket, ServerResponse>();
  // Otherwise Node ends its own side at once, and who waits for an answer never gets it.
  (server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true;
  server.on('connection', (socket: Socket) => {
    socket.once('end', () => {
      const res = answers.get(socket);
      if (!res || res.writableFinished || socket.destroyed) return;
      if (res.headersSent || res.req.httpVersion === '1.0') socket.destroy();
      else probe(socket, res, PROBE_MS);
    });
  });
  return answers;
}

function probe(socket: Socket, res: ServerResponse, pause: number): void {
  if (res.headersSent || socket.destroyed) return;
  res.writeContinue();
  setTimeout(() => probe(socket, res, Math.min(pause * 2, LONGEST_PROBE_MS)), pause).unref();
}

function refuse(code: string, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] = REFUSALS[code] ?? ['400 Bad Request', 'The request is not valid HTTP.'];
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: 'invalid_http' } });
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
  // Who sends too slowly may close too slowly as well, or be gone without anybody noticing.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
