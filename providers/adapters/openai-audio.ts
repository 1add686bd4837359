import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { openaiError, openaiErrorEvent } from './_openai-error.ts';
import { MediaReader } from './_openai-media-reader.ts';

const AUDIO = { method: 'POST', api: 'openai.audio', body: 'form', bills: true } as const;

/**
 * Speaks OpenAI's audio: transcription, translation and speech.
 *
 * What is charged by the character of the request, as the older voices are, has no usage
 * in its answer, and no cost here.
 */
export default defineAdapter({
  summary: 'OpenAI audio: transcription, translation and speech.',
  dialect: 'openai',
  home: 'openai',
  endpoints: [
    { ...AUDIO, path: '/v1/audio/transcriptions' },
    { ...AUDIO, path: '/v1/audio/translations' },
    { ...AUDIO, path: '/v1/audio/speech', api: 'openai.speech', body: 'json' },
  ],
  meter: (head) => new AnswerMeter(head, new MediaReader(head), true),
  error: openaiError,
  errorEvent: openaiErrorEvent,
});
