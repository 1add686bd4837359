import { AnswerMeter, defineAdapter, type Problem } from '../../src/adapter.ts';
import { AnthropicReader } from './_anthropic-reader.ts';

const PATH = '/v1/messages';
const BATCHES = { path: `${PATH}/batches`, api: 'anthropic.batches', bills: false };

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

/** Speaks the Anthropic Messages API. */
export default defineAdapter({
  summary: 'The Anthropic Messages API.',
  dialect: 'anthropic',
  home: 'anthropic',
  endpoints: [
    { method: 'POST', path: PATH, api: 'anthropic.messages', body: 'json', bills: true },
    { method: 'POST', path: `${PATH}/count_tokens`, api: 'anthropic.count_tokens', body: 'json', bills: false },
    // A batch is charged when it runs, not when it is made, polled or downloaded.
    { ...BATCHES, method: 'POST', body: 'json' },
    { ...BATCHES, method: 'GET', body: 'any' },
    { ...BATCHES, method: 'GET', path: `${BATCHES.path}/*`, body: 'any' },
    { ...BATCHES, method: 'POST', path: `${BATCHES.path}/*`, body: 'any' },
    { ...BATCHES, method: 'DELETE', path: `${BATCHES.path}/:id`, body: 'any' },
  ],
  meter: (head) => new AnswerMeter(head, new AnthropicReader(), head.api === 'anthropic.messages'),
  error: anthropicError,
  errorEvent: (problem) => `event: error\ndata: ${anthropicError(problem)}\n\n`,
});

function anthropicError({ status, code, message, requestId, details }: Problem): string {
  const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  return JSON.stringify({ type: 'error', error: { type, message, code, details }, request_id: requestId });
}
