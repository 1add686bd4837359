import { AnswerMeter, defineAdapter, type Endpoint } from '../../src/adapter.ts';
import { interactions, isBilledCall, modelCalls, modelReader, TEXT_CALLS } from './_gemini-calls.ts';
import { geminiError, geminiErrorEvent } from './_gemini-error.ts';
import { ChatReader } from './_openai-chat-reader.ts';

const OPENAI = '/v1beta/openai';
const VERSIONS = ['/v1beta', '/v1alpha'];
/** Made, changed and asked about beside the models; what runs is charged elsewhere, and storage by the hour. */
const RESOURCES = ['cachedContents', 'files', 'fileSearchStores', 'batches', 'operations', 'tunedModels', 'corpora'];

const made = (path: string): Endpoint => ({ method: 'POST', path, api: 'gemini.resources', body: 'any', bills: false });
const kept = (method: string, path: string, api = 'gemini.resources'): Endpoint => {
  return { method, path, api, body: 'any', bills: false };
};

const endpoints: readonly Endpoint[] = [
  // The SDKs ask under any of Google's versions: v1, v1beta, v1alpha.
  ...modelCalls('/:version/models'),
  ...modelCalls('/:version/tunedModels', TEXT_CALLS),
  ...VERSIONS.map((version) => interactions(`${version}/interactions`)),
  // Clients that are led here by their host alone: the key in them is Google's, and must not reach OpenAI.
  { method: 'POST', path: `${OPENAI}/chat/completions`, api: 'openai.chat', body: 'json', bills: true },
  { method: 'POST', path: `${OPENAI}/embeddings`, api: 'openai.embeddings', body: 'json', bills: true },
  ...VERSIONS.flatMap((version) => [
    kept('GET', `${version}/models`, 'gemini.models'),
    kept('GET', `${version}/models/*`, 'gemini.models'),
    ...['GET', 'PATCH', 'DELETE'].map((method) => kept(method, `${version}/*`)),
    ...RESOURCES.flatMap((name) => [made(`${version}/${name}`), made(`${version}/${name}/*`)]),
    made(`${version}/interactions/*`),
    made(`/upload${version}/*`),
  ]),
];

/**
 * Speaks the Gemini API, whose paths name the model.
 *
 * Live sessions are WebSockets and do not pass here.
 */
export default defineAdapter({
  summary: 'The Gemini API.',
  dialect: 'gemini',
  home: 'google',
  endpoints,
  meter: (head) => {
    if (!head.api.startsWith('openai.')) return new AnswerMeter(head, modelReader(head), isBilledCall(head));
    return new AnswerMeter(head, new ChatReader(head.api === 'openai.embeddings'), true);
  },
  error: geminiError,
  errorEvent: geminiErrorEvent,
});
