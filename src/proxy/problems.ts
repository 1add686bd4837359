import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { Dialect, Problem } from '../pipeline/dialect.ts';

/** Why an upstream gave no answer that could be passed on. */
export interface Failure {
  status: 413 | 415 | 502 | 503 | 504;
  code: string;
  message: string;
}

const failure = (status: Failure['status'], code: string, message: string): Failure => ({ status, code, message });

/** By error code of undici, Node and TLS; the words are for the client, so they name no address. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Broken) return error.failure;
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return failure(502, 'upstream_bad_answer', 'The provider answered with something that is not valid HTTP.');
  }
  if (typeof code !== 'string') return failure(502, 'upstream_failed', 'The provider could not be asked.');
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return NO_CONNECTION;
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return failure(502, 'upstream_reset', 'The provider broke off its answer.');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return failure(502, 'upstream_unreachable', "The provider's host name was not found.");
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
    return failure(502, 'upstream_unreachable', 'The provider does not take connections.');
  }
  if (
    code === 'EPROTO' ||
    code.startsWith('ERR_TLS') ||
    code.startsWith('ERR_SSL') ||
    /CERT|SELF_SIGNED|UNABLE_TO/.test(code)
  ) {
    return failure(502, 'upstream_tls', "The provider's certificate or TLS handshake was not accepted.");
  }
  return failure(502, 'upstream_reset', 'The provider closed the connection before its answer was whole.');
}

/** What breaks a request on its way up, where only an exception can. */
export class Broken extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export const NO_CONNECTION = failure(
  504,
  'upstream_connect_timeout',
  'The provider did not take the connection in time (limits.connect).',
);
export const UNSIGNABLE = failure(
  415,
  'unsignable_body',
  'This provider wants its requests signed, and only a JSON body can be: it is read whole before it leaves.',
);
export const CLIENT_GONE = failure(502, 'client_gone', 'The client left before its request was whole.');
export const RETRIED = failure(502, 'retry_exhausted', 'The request could not be sent again.');
/** The upstream took too long, before its headers. */
export const NO_HEADERS = failure(
  504,
  'upstream_timeout',
  'The provider sent no answer in time (limits.response_headers).',
);
export const TOO_LONG = failure(504, 'upstream_total_timeout', 'The answer took longer than allowed (limits.total).');
export const NO_TOKEN = failure(
  504,
  'upstream_first_token_timeout',
  'The provider began no answer in time (limits.first_token).',
);
export const SILENT = failure(
  504,
  'upstream_idle_timeout',
  'The provider fell silent in the middle of its answer (limits.idle).',
);
/** All attempts together took too long, and none has begun to answer. */
export const TOO_LATE = failure(
  504,
  'upstream_deadline',
  'No provider began to answer in the time for all attempts (retry.deadline of the route).',
);
export const INCOMPLETE = failure(502, 'upstream_incomplete', 'The provider ended its answer before it was whole.');
export const UNREADABLE = failure(
  502,
  'upstream_unreadable',
  'The provider answered with what its format does not allow.',
);
/** What an event of its stream said. */
export const SAID_ERROR = failure(502, 'upstream_stream_error', 'The provider broke its answer off with an error.');
/** `reason`: why nobody else may be asked, as the route says it. */
export const originFailed = (reason: string, trouble: string): Failure =>
  failure(
    503,
    'upstream_origin_failed',
    `The request is ${reason}. Nobody else can read that, and it fails (${trouble}).`,
  );
export const REDIRECT = failure(
  502,
  'upstream_redirect',
  'The provider answered with a redirect, which is not followed. Check base_url.',
);
/** Open answers are cut at limits.drain: said to their clients, so that none looks whole. */
export const STOPPING = failure(503, 'gateway_stopping', 'The gateway is being stopped, and limits.drain is over.');
export const OVERLOADED = failure(503, 'overloaded', 'The gateway has more to do than it can; try again shortly.');

export const tooLarge = (limit: number): Failure & { status: 413 } => ({
  status: 413,
  code: 'request_too_large',
  message: `The body is larger than ${Math.floor(limit / 1024)} KiB, the limit set by limits.body in gateway.yaml.`,
});

/** A connection whose request is not read to its end stays open this long, milliseconds. */
const LINGER_MS = 500;

/** Answers with a problem in the dialect's words. Never overwrites an answer that has begun. Closes the connection of a request that is not whole. */
export function sendProblem(
  res: ServerResponse,
  dialect: Dialect,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  const body = Buffer.from(dialect.error(problem));
  const unread = isUnread(res.req);
  if (unread && res.socket) linger(res.socket);
  res.writeHead(problem.status, {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-token-spy-id': problem.requestId,
    'x-token-spy-error': problem.code,
    ...(problem.status < 500 && problem.status !== 429 ? { 'x-should-retry': 'false' } : {}),
    ...(unread ? { connection: 'close' } : {}),
    ...headers,
  });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}

/** True while some of the request's body has not come. A request without a body is not marked complete before its handler returns. */
export function isUnread({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);
}

/**
 * Gives a client that is still sending the time to read its answer: what it sends is not
 * read, so closing at once would reset the connection, and the answer with it.
 */
function linger(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  };
}
