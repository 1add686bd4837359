import { type AnswerHead, AnswerMeter, defineAdapter, type Endpoint } from '../../src/adapter.ts';
import { ChatReader } from './_openai-chat-reader.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';
import { openaiLate } from './_openai-late.ts';
import { MediaReader } from './_openai-media-reader.ts';
import { ResponsesReader } from './_openai-responses-reader.ts';

const RESPONSES = 'openai.responses';
const EMBEDDINGS = 'openai.embeddings';
const MEDIA = new Set(['openai.audio', 'openai.speech', 'openai.images']);
const KEPT = ['models', 'files', 'uploads', 'batches', 'fine_tuning', 'vector_stores', 'evals'];

const post = (path: string, api: string, body: Endpoint['body'] = 'json'): Endpoint => {
  return { method: 'POST', path, api, body, bills: true };
};

/** Calls of a deployment, or of the newer API that takes the model from the body like OpenAI's own. */
const calls = (prefix: string): Endpoint[] => [
  post(`${prefix}/chat/completions`, 'openai.chat'),
  post(`${prefix}/completions`, 'openai.completions'),
  post(`${prefix}/embeddings`, EMBEDDINGS),
  post(`${prefix}/images/generations`, 'openai.images'),
  post(`${prefix}/images/edits`, 'openai.images', 'form'),
  post(`${prefix}/audio/transcriptions`, 'openai.audio', 'form'),
  post(`${prefix}/audio/translations`, 'openai.audio', 'form'),
  post(`${prefix}/audio/speech`, 'openai.speech'),
];

/** What is kept beside the deployments; looking it up is not billed. */
const kept = (prefix: string): Endpoint[] => [
  ...['GET', 'POST', 'DELETE'].flatMap((method) =>
    KEPT.flatMap((name) =>
      [`${prefix}/${name}`, `${prefix}/${name}/*`].map(
        (path): Endpoint => ({ method, path, api: `openai.${name}`, body: 'any', bills: false }),
      ),
    ),
  ),
  { method: 'POST', path: `${prefix}/responses/:id/cancel`, api: `${RESPONSES}.stored`, body: 'any', bills: false },
  { method: 'GET', path: `${prefix}/responses/*`, api: `${RESPONSES}.stored`, body: 'any', bills: false },
  { method: 'DELETE', path: `${prefix}/responses/:id`, api: `${RESPONSES}.stored`, body: 'any', bills: false },
];

const endpoints: readonly Endpoint[] = [
  ...calls('/openai/deployments/:model'),
  ...calls('/openai/v1'),
  ...['/openai', '/openai/v1'].flatMap((prefix) => [post(`${prefix}/responses`, RESPONSES), ...kept(prefix)]),
];
const billed = new Set(endpoints.filter(({ bills }) => bills).map(({ api }) => api));

/**
 * Speaks Azure OpenAI, where the path names a deployment instead of a model.
 *
 * What ran is the model in the answer, and that is what is priced: a deployment may be
 * called anything, and routers choose among several models.
 */
export default defineAdapter({
  summary: 'Azure OpenAI, by the paths of its deployments.',
  dialect: 'azure',
  home: 'azure',
  endpoints,
  meter: (head) => new AnswerMeter(head, readerOf(head), billed.has(head.api)),
  late: openaiLate,
  error: openaiError,
  errorEvent: openaiErrorEvent,
});

function readerOf(head: AnswerHead) {
  if (head.api.startsWith(RESPONSES)) return new ResponsesReader();
  return MEDIA.has(head.api) ? new MediaReader(head) : new ChatReader(head.api === EMBEDDINGS, head);
}
