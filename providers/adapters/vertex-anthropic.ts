import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { anthropicError, anthropicErrorEvent } from './_anthropic-error.ts';
import { AnthropicReader } from './_anthropic-reader.ts';

/** v1 and v1beta1. */
const MODELS = '/:version/projects/:project/locations/:location/publishers/anthropic/models';
const POST = { method: 'POST', body: 'json' } as const;

/**
 * Speaks Claude on Vertex AI: Anthropic's messages, with the model in the path.
 *
 * A model is named with its date behind an `@`; answers name it with a hyphen.
 */
export default defineAdapter({
  summary: 'Claude on Vertex AI.',
  dialect: 'vertex',
  home: 'vertex',
  endpoints: [
    // It has the place of a model, and is none: its request names the model in the body.
    { ...POST, path: `${MODELS}/count-tokens:rawPredict`, api: 'anthropic.count_tokens', bills: false },
    { ...POST, path: `${MODELS}/:model:rawPredict`, api: 'anthropic.messages', bills: true },
    { ...POST, path: `${MODELS}/:model:streamRawPredict`, api: 'anthropic.messages', bills: true, streams: true },
  ],
  meter: (head) => new AnswerMeter(head, new AnthropicReader(), head.api === 'anthropic.messages'),
  error: anthropicError,
  errorEvent: anthropicErrorEvent,
});
