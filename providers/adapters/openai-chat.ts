import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { ChatReader } from './_openai-chat-reader.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';

const CHAT = '/v1/chat/completions';

const endpoints = [
  { method: 'POST', path: CHAT, api: 'openai.chat', json: true, bills: true },
  { method: 'POST', path: '/v1/completions', api: 'openai.completions', json: true, bills: true },
  { method: 'POST', path: '/v1/embeddings', api: 'openai.embeddings', json: true, bills: true },
  { method: 'GET', path: '/v1/models', api: 'openai.models', json: false, bills: false },
  { method: 'GET', path: '/v1/models/:id', api: 'openai.models', json: false, bills: false },
  { method: 'GET', path: CHAT, api: 'openai.chat.stored', json: false, bills: false },
  { method: 'GET', path: `${CHAT}/*`, api: 'openai.chat.stored', json: false, bills: false },
  { method: 'POST', path: `${CHAT}/:id`, api: 'openai.chat.stored', json: true, bills: false },
  { method: 'DELETE', path: `${CHAT}/:id`, api: 'openai.chat.stored', json: false, bills: false },
];

const billed = new Set(endpoints.filter((endpoint) => endpoint.bills).map((endpoint) => endpoint.api));

/**
 * Speaks OpenAI's Chat Completions, Completions and Embeddings, and the many servers that
 * are compatible with them: Azure, Groq, DeepSeek, Moonshot, xAI, OpenRouter, vLLM, llama.cpp.
 */
export default defineAdapter({
  summary: 'OpenAI Chat Completions, Completions and Embeddings, and every server that speaks like them.',
  dialect: 'openai',
  endpoints,
  meter: (head) => new AnswerMeter(head, new ChatReader(head.api === 'openai.embeddings'), billed.has(head.api)),
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
