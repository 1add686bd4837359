import { AnswerMeter, defineAdapter, type Endpoint } from '../../src/adapter.ts';
import { LlamaCppReader } from './_llama-cpp-reader.ts';
import { ChatReader } from './_openai-chat-reader.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';

const RERANK = 'llama_cpp.rerank';
const billed = (path: string, api: string): Endpoint => ({ method: 'POST', path, api, body: 'json', bills: true });
const free = (method: string, path: string, api: string): Endpoint => {
  return { method, path, api, body: 'any', bills: false };
};

const endpoints: readonly Endpoint[] = [
  billed('/completion', 'llama_cpp.completion'),
  billed('/infill', 'llama_cpp.infill'),
  billed('/embedding', 'llama_cpp.embedding'),
  billed('/rerank', RERANK),
  billed('/reranking', RERANK),
  free('POST', '/tokenize', 'llama_cpp.tokens'),
  free('POST', '/detokenize', 'llama_cpp.tokens'),
  free('POST', '/apply-template', 'llama_cpp.tokens'),
  free('GET', '/props', 'llama_cpp.server'),
  free('POST', '/props', 'llama_cpp.server'),
  free('GET', '/slots', 'llama_cpp.server'),
  free('POST', '/slots/:id', 'llama_cpp.server'),
  free('GET', '/lora-adapters', 'llama_cpp.server'),
  free('POST', '/lora-adapters', 'llama_cpp.server'),
];
const BILLED = new Set(endpoints.filter(({ bills }) => bills).map(({ api }) => api));

/**
 * Speaks llama.cpp's own API, beside which its server speaks OpenAI's and Anthropic's.
 *
 * Its /health and /metrics are not reached by way of the gateway, which has its own; neither is
 * its own /embeddings, which OpenAI's clients mean when they leave out the version.
 */
export default defineAdapter({
  summary: "llama.cpp's own API.",
  // A family of its own, though errors are OpenAI's: nobody else serves these paths, so they are not OpenAI's to be asked.
  dialect: 'llama-cpp',
  home: 'llama-cpp',
  endpoints,
  meter: (head) =>
    new AnswerMeter(
      head,
      head.api === RERANK ? new ChatReader(true, head) : new LlamaCppReader(),
      BILLED.has(head.api),
    ),
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
