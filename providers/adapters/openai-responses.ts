import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';
import { openaiLate } from './_openai-late.ts';
import { ResponsesReader } from './_openai-responses-reader.ts';

const PATH = '/v1/responses';
const API = 'openai.responses';

/**
 * Speaks OpenAI's Responses API.
 *
 * Only what generates is charged. Polls and resumed streams of an answer that was made in
 * the background repeat its usage, and are not metered.
 */
export default defineAdapter({
  summary: 'The OpenAI Responses API.',
  dialect: 'openai',
  home: 'openai',
  endpoints: [
    { method: 'POST', path: PATH, api: API, body: 'json', bills: true },
    { method: 'POST', path: `${PATH}/compact`, api: `${API}.compact`, body: 'json', bills: true },
    { method: 'POST', path: `${PATH}/input_tokens`, api: `${API}.input_tokens`, body: 'json', bills: false },
    { method: 'POST', path: `${PATH}/:id/cancel`, api: `${API}.stored`, body: 'any', bills: false },
    { method: 'GET', path: `${PATH}/*`, api: `${API}.stored`, body: 'any', bills: false },
    { method: 'DELETE', path: `${PATH}/:id`, api: `${API}.stored`, body: 'any', bills: false },
  ],
  meter: (head) => new AnswerMeter(head, new ResponsesReader(), head.api === API || head.api === `${API}.compact`),
  late: openaiLate,
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
