import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Rope } from '../bytes/rope.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Provider, Target } from '../pipeline/provider.ts';
import type { ExchangeRequest } from '../pipeline/request.ts';
import { SIGNATURE_HEADERS, sign } from './aws-signer.ts';
import type { OwnCredential } from './credentials.ts';
import { has, upstreamHeaders, without } from './headers.ts';
import { joinPath } from './paths.ts';
import { Broken, CLIENT_GONE, tooLarge } from './problems.ts';

/** A request ready for undici. */
export interface Outgoing {
  /** A promise where the request must be signed first. */
  options: Dispatcher.DispatchOptions | Promise<Dispatcher.DispatchOptions>;
  bytes: number;
  /** The provider key in it is the gateway's own. */
  gatewayKey: boolean;
}

/** Makes the request that leaves: destination from the configuration alone, everything else from the client. */
export function outgoing(
  exchange: Exchange,
  target: Target,
  req: IncomingMessage,
  ownCredential: OwnCredential,
  limit: number,
): Outgoing {
  const { request } = exchange;
  const { provider } = target;
  const access = accessTo(provider, hasKeyInQuery(provider, request) ? 'key' : ownCredential);
  const own = upstreamHeaders(req.rawHeaders, request.hiddenHeaders);
  const headers = access !== 'own' && ownCredential === 'signature' ? without(own, SIGNATURE_HEADERS) : own;
  if (access === 'key')
    headers.push(provider.auth.header, provider.auth.prefix + (target.key ?? provider.keys[0]!).value);
  for (const [name, value] of Object.entries(provider.headers)) if (!has(headers, name)) headers.push(name, value);
  const body = request.outgoing(target.model);
  if (body?.isRewritten) dropEncoding(headers);
  const streamed = body === null && hasBody(req);
  if (streamed && req.headers['content-length'] !== undefined)
    headers.push('content-length', req.headers['content-length']);
  const bytes = body?.bytes.length ?? 0;
  if (bytes > ONE_PIECE) headers.push('content-length', String(bytes));
  const options: Dispatcher.DispatchOptions = {
    path: joinPath(basePath(provider), request.pathFor(target.model)) + request.search,
    method: request.method as Dispatcher.HttpMethod,
    headers,
    body: streamed
      ? (upload(req, limit, exchange) as unknown as Readable)
      : body && bytes > 0
        ? sendable(body.bytes)
        : null,
    // Limits are watched by Deadlines: these would come late and in whole seconds.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const gatewayKey = access !== 'own';
  if (access !== 'signature') return { options, bytes, gatewayKey };
  const signed = sign({ options, body: streamed ? 'unread' : (body?.bytes ?? null) }, provider);
  return { options: signed, bytes, gatewayKey };
}

/** Up to here a body leaves as one piece; bytes. Above it the sockets of others are served between two pieces. */
const ONE_PIECE = 1024 * 1024;

function sendable(body: Rope): Buffer | Readable {
  return body.length <= ONE_PIECE ? body.join() : (piecesOf(body) as unknown as Readable);
}

/** undici takes an iterable as it takes a stream, and waits where the socket is full. */
async function* piecesOf({ pieces }: Rope): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE) yield piece.subarray(at, at + PIECE);
    await new Promise(setImmediate);
  }
}

const PIECE = 256 * 1024;

/** Google takes a key from the query as well, and refuses a request with two: one of the gateway's own is gone from it by now. */
function hasKeyInQuery({ auth }: Provider, request: ExchangeRequest): boolean {
  if (auth.header !== 'x-goog-api-key' || !request.search.includes('key=')) return false;
  return (request.query.get('key') ?? '') !== '';
}

/**
 * How a request is let in: by the client's own key where it brought one, else by the
 * configured key, else by a signature made here. A client's signature is good for the host
 * it called, this gateway, so it travels on only where nothing is configured.
 */
function accessTo({ keys, signing }: Provider, ownCredential: OwnCredential): 'own' | 'key' | 'signature' {
  if (ownCredential === 'key') return 'own';
  if (keys.length > 0) return 'key';
  return signing === null ? 'own' : 'signature';
}

/**
 * A body from socket to socket, chunk by chunk. Not the request's own stream: undici
 * destroys a stream it gives up, and the connection that still needs an answer with it.
 * Throws `Broken` when the body grows beyond `limit` or its sender leaves.
 */
async function* upload(req: IncomingMessage, limit: number, exchange: Exchange): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      exchange.requestBytes += chunk.length;
      if (exchange.requestBytes > limit) throw new Broken(tooLarge(limit));
      yield chunk;
    }
  } catch (error) {
    throw error instanceof Broken ? error : new Broken(CLIENT_GONE);
  }
}

function dropEncoding(headers: string[]): void {
  for (let i = headers.length - 2; i >= 0; i -= 2)
    if (headers[i]!.toLowerCase() === 'content-encoding') headers.splice(i, 2);
}

const hasBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

const paths = new WeakMap<Provider, string>();
function basePath(provider: Provider): string {
  let path = paths.get(provider);
  if (path === undefined) {
    path = new URL(provider.baseUrl).pathname;
    paths.set(provider, path);
  }
  return path;
}
