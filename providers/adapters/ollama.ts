import { AnswerMeter, defineAdapter, type Endpoint, type Problem } from '../../src/adapter.ts';
import { OllamaReader } from './_ollama-reader.ts';

const billed = { method: 'POST', body: 'json', bills: true } as const;
const kept = (method: string, path: string, api: string, streams = false): Endpoint => {
  return { method, path, api, body: 'any', bills: false, streams };
};

const endpoints: readonly Endpoint[] = [
  { ...billed, path: '/api/chat', api: 'ollama.chat', streams: true },
  { ...billed, path: '/api/generate', api: 'ollama.generate', streams: true },
  { ...billed, path: '/api/embed', api: 'ollama.embed' },
  { ...billed, path: '/api/embeddings', api: 'ollama.embed' },
  kept('GET', '/api/tags', 'ollama.models'),
  kept('GET', '/api/ps', 'ollama.models'),
  kept('POST', '/api/show', 'ollama.models'),
  kept('POST', '/api/copy', 'ollama.models'),
  kept('DELETE', '/api/delete', 'ollama.models'),
  kept('POST', '/api/pull', 'ollama.models', true),
  kept('POST', '/api/push', 'ollama.models', true),
  kept('POST', '/api/create', 'ollama.models', true),
  kept('HEAD', '/api/blobs/:digest', 'ollama.models'),
  kept('POST', '/api/blobs/:digest', 'ollama.models'),
  kept('GET', '/api/version', 'ollama.server'),
  kept('GET', '/api/status', 'ollama.server'),
  kept('POST', '/api/me', 'ollama.server'),
  kept('POST', '/api/signout', 'ollama.server'),
];
const BILLED = new Set(endpoints.filter(({ bills }) => bills).map(({ api }) => api));

/** Speaks Ollama's own API, which streams lines of JSON unless it is asked not to. */
export default defineAdapter({
  summary: "Ollama's own API.",
  dialect: 'ollama',
  home: 'ollama',
  endpoints,
  meter: (head) => new AnswerMeter(head, new OllamaReader(head), BILLED.has(head.api)),
  error: ollamaError,
  errorEvent: (problem) => `${ollamaError(problem)}\n`,
});

/** Its clients show `error` and nothing else; code and details are there for those who look. */
function ollamaError({ message, code, details }: Problem): string {
  return JSON.stringify({ error: message, code, details });
}
