import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';
import { MediaReader } from './_openai-media-reader.ts';

const IMAGES = { method: 'POST', api: 'openai.images', body: 'form', bills: true } as const;

/** Speaks OpenAI's images: made, edited and varied. Edits come as forms, or as JSON. */
export default defineAdapter({
  summary: 'OpenAI images: made, edited and varied.',
  dialect: 'openai',
  home: 'openai',
  endpoints: [
    { ...IMAGES, path: '/v1/images/generations', body: 'json' },
    { ...IMAGES, path: '/v1/images/edits' },
    { ...IMAGES, path: '/v1/images/variations' },
  ],
  meter: (head) => new AnswerMeter(head, new MediaReader(head), true),
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
