import type { ServerResponse } from 'node:http';

import type { Dialect, Problem } from '../pipeline/dialect.ts';

/** Why an upstream gave no answer that could be passed on. */
export interface Failure {
  status: 502 | 503 | 504;
  code: string;
  message: string;
}

const failure = (status: Failure['status'], code: string, message: string): Failure => ({ status, code, message });

/** By error code of undici, Node and TLS; the words are for the client, so they name no address. */
export function failureOf(error: unknown): Failure {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') return failure(502, 'upstream_failed', 'The provider could not be asked.');
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return failure(504, 'upstream_connect_timeout', 'The provider did not take the connection in time.');
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('HPE_')) {
    return failure(502, 'upstream_bad_answer', 'The provider answered with something that is not valid HTTP.');
  }
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return failure(502, 'upstream_reset', 'The provider broke off its answer.');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return failure(502, 'upstream_unreachable', "The provider's host name was not found.");
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') {
    return failure(502, 'upstream_unreachable', 'The provider does not take connections.');
  }
  if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || /CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return failure(502, 'upstream_tls', "The provider's certificate or TLS handshake was not accepted.");
  }
  return failure(502, 'upstream_reset', 'The provider closed the connection without an answer.');
}

/** The upstream took too long, before its headers. */
export const NO_HEADERS = failure(504, 'upstream_timeout', 'The provider sent no answer in time (limits.response_headers).');
export const TOO_LONG = failure(504, 'upstream_total_timeout', 'The answer took longer than allowed (limits.total).');
export const NO_TOKEN = failure(504, 'upstream_first_token_timeout', 'The provider began no answer in time (limits.first_token).');
export const SILENT = failure(504, 'upstream_idle_timeout', 'The provider fell silent in the middle of its answer (limits.idle).');
export const REDIRECT = failure(502, 'upstream_redirect', 'The provider answered with a redirect, which is not followed. Check base_url.');
export const OVERLOADED = failure(503, 'overloaded', 'The gateway has more to do than it can; try again shortly.');

/** Answers with a problem in the dialect's words. Never overwrites an answer that has begun. */
export function sendProblem(res: ServerResponse, dialect: Dialect, problem: Problem, headers: Readonly<Record<string, string>> = {}): void {
  if (res.headersSent || res.destroyed) return;
  const body = Buffer.from(dialect.error(problem));
  res.writeHead(problem.status, {
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-token-spy-id': problem.requestId,
    'x-token-spy-error': problem.code,
    ...(problem.status < 500 && problem.status !== 429 ? { 'x-should-retry': 'false' } : {}),
    ...headers,
  });
  res.end(res.req.method === 'HEAD' ? undefined : body);
}
