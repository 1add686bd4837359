import { AnswerMeter, defineAdapter, type Endpoint } from '../../src/adapter.ts';
import { interactions, isBilledCall, modelCalls, modelReader, TEXT_CALLS } from './_gemini-calls.ts';
import { geminiError, geminiErrorEvent } from './_gemini-error.ts';
import { ChatReader } from './_openai-chat-reader.ts';

/** v1 and v1beta1. */
const LOCATION = '/:version/projects/:project/locations/:location';
const MISTRAL = `${LOCATION}/publishers/mistralai/models/:model`;

/**
 * Chat as it is asked of other publishers' models. Its name is not `openai.chat`, which would be
 * asked for the usage of its streams: Mistral tells it unasked, and refuses words it does not know.
 */
const chat = (verb: string, streams: boolean): Endpoint => {
  return { method: 'POST', path: `${MISTRAL}:${verb}`, api: 'mistral.chat', body: 'json', bills: true, streams };
};

/**
 * Speaks Vertex AI's own models, and its endpoint for Chat Completions, where models are
 * called by their publisher: `google/gemini-2.5-flash`.
 */
export default defineAdapter({
  summary: "Gemini on Vertex AI, Chat Completions on Vertex AI, and Mistral's models there.",
  dialect: 'vertex',
  home: 'vertex',
  endpoints: [
    ...modelCalls(`${LOCATION}/publishers/google/models`),
    // With a key instead of a project.
    ...modelCalls('/:version/publishers/google/models'),
    // Tuned and deployed models, which have a number.
    ...modelCalls(`${LOCATION}/endpoints`, TEXT_CALLS),
    interactions(`${LOCATION}/interactions`),
    {
      method: 'POST',
      path: `${LOCATION}/endpoints/openapi/chat/completions`,
      api: 'openai.chat',
      body: 'json',
      bills: true,
    },
    chat('rawPredict', false),
    chat('streamRawPredict', true),
  ],
  meter: (head) => {
    if (head.api.startsWith('gemini.')) return new AnswerMeter(head, modelReader(head), isBilledCall(head));
    return new AnswerMeter(head, new ChatReader(false), true);
  },
  error: geminiError,
  errorEvent: geminiErrorEvent,
});
