import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { bedrockError } from './_bedrock-error.ts';
import { InvokeReader } from './_bedrock-invoke-reader.ts';

const MODEL = '/model/:model';
const INVOKE = { method: 'POST', api: 'bedrock.invoke', body: 'json', bills: true } as const;

/** Speaks Amazon Bedrock's InvokeModel, which passes on the bodies of each model's vendor. */
export default defineAdapter({
  summary: 'InvokeModel of Amazon Bedrock: the bodies of each vendor.',
  dialect: 'bedrock',
  home: 'bedrock',
  endpoints: [
    { ...INVOKE, path: `${MODEL}/invoke` },
    { ...INVOKE, path: `${MODEL}/invoke-with-response-stream`, streams: true },
  ],
  meter: (head) => new AnswerMeter(head, new InvokeReader(head), true),
  error: bedrockError,
  // A stream of binary messages takes no text: it is broken off.
  errorEvent: () => '',
});
