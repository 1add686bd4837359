import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { anthropicError, anthropicErrorEvent } from './_anthropic-error.ts';
import { anthropicLate } from './_anthropic-late.ts';
import { AnthropicReader } from './_anthropic-reader.ts';

const PATH = '/v1/messages';
const BATCHES = { path: `${PATH}/batches`, api: 'anthropic.batches', bills: false };

/** Speaks the Anthropic Messages API. */
export default defineAdapter({
  summary: 'The Anthropic Messages API.',
  dialect: 'anthropic',
  home: 'anthropic',
  endpoints: [
    { method: 'POST', path: PATH, api: 'anthropic.messages', body: 'json', bills: true },
    { method: 'POST', path: `${PATH}/count_tokens`, api: 'anthropic.count_tokens', body: 'json', bills: false },
    // A batch is charged when it runs, not when it is made or polled; its results tell what it has used.
    { ...BATCHES, method: 'POST', body: 'json' },
    { ...BATCHES, method: 'GET', body: 'any' },
    { ...BATCHES, method: 'GET', path: `${BATCHES.path}/*`, body: 'any' },
    { ...BATCHES, method: 'POST', path: `${BATCHES.path}/*`, body: 'any' },
    { ...BATCHES, method: 'DELETE', path: `${BATCHES.path}/:id`, body: 'any' },
  ],
  meter: (head) => new AnswerMeter(head, new AnthropicReader(), head.api === 'anthropic.messages'),
  late: anthropicLate,
  error: anthropicError,
  errorEvent: anthropicErrorEvent,
});
