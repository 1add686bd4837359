import type { Problem } from '../../src/adapter.ts';

/** Canonical status codes by HTTP status: google/rpc/code.proto, and what the Gemini API makes of them. */
const STATUSES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  402: 'RESOURCE_EXHAUSTED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/**
 * The body of an error answer as Google's APIs write it.
 *
 * Google has numbers where the gateway has a code: the code stands in the ErrorInfo, with
 * a domain that is not Google's, so that nobody takes it for Google's word.
 */
export function geminiError({ status, code, message, requestId, details }: Problem): string {
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: code,
    domain: 'token-spy',
    metadata: { request_id: requestId, ...textsOf(details) },
  };
  const name = STATUSES[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT');
  return JSON.stringify({ error: { code: status, message, status: name, details: [info] } });
}

/** An ErrorInfo has texts only: what is none is written as JSON, and what is absent is left away. */
function textsOf(details: Problem['details']): Record<string, string> {
  const known = Object.entries(details ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(
    known.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

/** The same as an event of a stream that has begun; Google ends lines with CRLF. */
export function geminiErrorEvent(problem: Problem): string {
  return `data: ${geminiError(problem)}\r\n\r\n`;
}
