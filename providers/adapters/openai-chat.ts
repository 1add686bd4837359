import { AnswerMeter, defineAdapter, type Endpoint } from '../../src/adapter.ts';
import { ChatReader } from './_openai-chat-reader.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';

const CHAT = '/v1/chat/completions';
const EMBEDDINGS = 'openai.embeddings';

const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: CHAT, api: 'openai.chat', body: 'json', bills: true },
  { method: 'POST', path: '/v1/completions', api: 'openai.completions', body: 'json', bills: true },
  { method: 'POST', path: '/v1/embeddings', api: EMBEDDINGS, body: 'json', bills: true },
  // Free of charge, and often asked before each question.
  { method: 'POST', path: '/v1/moderations', api: 'openai.moderations', body: 'json', bills: false },
  { method: 'GET', path: '/v1/models', api: 'openai.models', body: 'any', bills: false },
  { method: 'GET', path: '/v1/models/:id', api: 'openai.models', body: 'any', bills: false },
  { method: 'GET', path: CHAT, api: 'openai.chat.stored', body: 'any', bills: false },
  { method: 'GET', path: `${CHAT}/*`, api: 'openai.chat.stored', body: 'any', bills: false },
  { method: 'POST', path: `${CHAT}/:id`, api: 'openai.chat.stored', body: 'json', bills: false },
  { method: 'DELETE', path: `${CHAT}/:id`, api: 'openai.chat.stored', body: 'any', bills: false },
];

const billed = new Set(endpoints.filter((endpoint) => endpoint.bills).map((endpoint) => endpoint.api));

/**
 * Speaks OpenAI's Chat Completions, Completions and Embeddings, and the many servers that
 * are compatible with them: Azure, Groq, DeepSeek, Moonshot, xAI, OpenRouter, vLLM, llama.cpp.
 */
export default defineAdapter({
  summary: 'OpenAI Chat Completions, Completions and Embeddings, and every server that speaks like them.',
  dialect: 'openai',
  home: 'openai',
  endpoints,
  meter: (head) => new AnswerMeter(head, new ChatReader(head.api === EMBEDDINGS, head), billed.has(head.api)),
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
