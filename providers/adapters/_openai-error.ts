import type { Problem } from '../../src/adapter.ts';

/** Error types by status, as OpenAI's SDKs and their users know them. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** Codes whose type users of another gateway look for: tokencap's. */
const OWN_TYPES: Readonly<Record<string, string>> = { budget_exceeded: 'budget_exceeded' };

/** The body of an error answer in OpenAI's dialect. */
export function openaiError(problem: Problem): string {
  const { status, code, message, details } = problem;
  const type = OWN_TYPES[code] ?? TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  return JSON.stringify({ error: { message, type, param: null, code, details } });
}

/** The same as an event of a stream that has begun. */
export function openaiErrorEvent(problem: Problem): string {
  return `data: ${openaiError(problem)}\n\n`;
}
