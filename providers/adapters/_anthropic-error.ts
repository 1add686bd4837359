import type { Problem } from '../../src/adapter.ts';

/** Error types by status, as the Anthropic SDKs know them. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The body of an error answer in Anthropic's dialect. */
export function anthropicError({ status, code, message, requestId, details }: Problem): string {
  const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  return JSON.stringify({ type: 'error', error: { type, message, code, details }, request_id: requestId });
}

/** The same as an event of a stream that has begun. */
export function anthropicErrorEvent(problem: Problem): string {
  return `event: error\ndata: ${anthropicError(problem)}\n\n`;
}
