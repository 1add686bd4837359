import { AnswerMeter, defineAdapter } from '../../src/adapter.ts';
import { ConverseReader } from './_bedrock-converse-reader.ts';
import { bedrockError } from './_bedrock-error.ts';

const MODEL = '/model/:model';
const CONVERSE = { method: 'POST', api: 'bedrock.converse', body: 'json', bills: true } as const;

/** Speaks Amazon Bedrock's Converse API, one for the models of every vendor. */
export default defineAdapter({
  summary: 'The Converse API of Amazon Bedrock.',
  dialect: 'bedrock',
  home: 'bedrock',
  endpoints: [
    { ...CONVERSE, path: `${MODEL}/converse` },
    { ...CONVERSE, path: `${MODEL}/converse-stream`, streams: true },
    { method: 'POST', path: `${MODEL}/count-tokens`, api: 'bedrock.count_tokens', body: 'json', bills: false },
  ],
  meter: (head) => new AnswerMeter(head, new ConverseReader(head.model), head.api === 'bedrock.converse'),
  error: bedrockError,
  // A stream of binary messages takes no text: it is broken off.
  errorEvent: () => '',
});
