import { AnswerMeter, defineAdapter, type Endpoint } from '../../src/adapter.ts';
import { ChatReader } from './_openai-chat-reader.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';
import { openaiLate } from './_openai-late.ts';

/** What OpenAI keeps beside its models. Batches and tunings are charged where they run, not by the calls about them. */
const KEPT = ['files', 'uploads', 'batches', 'fine_tuning', 'vector_stores', 'containers', 'conversations', 'evals'];
const METHODS = ['GET', 'POST', 'DELETE'];

/** Speaks OpenAI's calls about what is kept there: files, batches, vector stores. None of them is billed by itself. */
export default defineAdapter({
  summary: 'What OpenAI keeps beside its models: files, batches, fine-tuning, vector stores.',
  dialect: 'openai',
  home: 'openai',
  endpoints: KEPT.flatMap((name) =>
    METHODS.flatMap((method) =>
      [`/v1/${name}`, `/v1/${name}/*`].map(
        (path): Endpoint => ({ method, path, api: `openai.${name}`, body: 'any', bills: false }),
      ),
    ),
  ),
  meter: (head) => new AnswerMeter(head, new ChatReader(false), false),
  late: openaiLate,
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
