import { AnswerMeter, defineAdapter, type Endpoint } from '../../src/adapter.ts';
import { ChatReader } from './_openai-chat-reader.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';
import { ResponsesReader } from './_openai-responses-reader.ts';

const DEPLOYMENT = '/openai/deployments/:model';
const post = (path: string, api: string): Endpoint => ({ method: 'POST', path, api, body: 'json', bills: true });

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
  endpoints: [
    post(`${DEPLOYMENT}/chat/completions`, 'openai.chat'),
    post(`${DEPLOYMENT}/completions`, 'openai.completions'),
    post(`${DEPLOYMENT}/embeddings`, 'openai.embeddings'),
    post('/openai/responses', 'openai.responses'),
  ],
  meter: (head) => {
    const reader =
      head.api === 'openai.responses' ? new ResponsesReader() : new ChatReader(head.api === 'openai.embeddings', head);
    return new AnswerMeter(head, reader, true);
  },
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
