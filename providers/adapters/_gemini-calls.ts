import type { AnswerHead, AnswerReader, Endpoint } from '../../src/adapter.ts';
import { PredictReader } from './_gemini-predict-reader.ts';
import { GeminiReader } from './_gemini-reader.ts';

interface Call {
  verb: string;
  bills: boolean;
  streams?: boolean;
}

const CALLS: readonly Call[] = [
  { verb: 'generateContent', bills: true },
  { verb: 'streamGenerateContent', bills: true, streams: true },
  { verb: 'embedContent', bills: true },
  { verb: 'batchEmbedContents', bills: true },
  // Images, embeddings of Vertex, and videos, which an operation brings later.
  { verb: 'predict', bills: true },
  { verb: 'predictLongRunning', bills: true },
  { verb: 'countTokens', bills: false },
  { verb: 'computeTokens', bills: false },
  // A batch is charged when it runs, not when it is made, polled or downloaded.
  { verb: 'batchGenerateContent', bills: false },
  { verb: 'asyncBatchEmbedContent', bills: false },
  { verb: 'fetchPredictOperation', bills: false },
];

const billed = new Set(CALLS.filter(({ bills }) => bills).map(({ verb }) => `gemini.${verb}`));

/** What can be asked of a model of Google's: the folder of models is the API's own, such as `/v1/models`. */
export function modelCalls(folder: string): Endpoint[] {
  return CALLS.map(({ verb, bills, streams = false }) => ({
    method: 'POST',
    path: `${folder}/:model:${verb}`,
    api: `gemini.${verb}`,
    body: 'json',
    bills,
    streams,
  }));
}

export function isBilledCall({ api }: AnswerHead): boolean {
  return billed.has(api);
}

/** The reader of such a call's answer. */
export function modelReader(head: AnswerHead): AnswerReader {
  if (head.api.startsWith('gemini.predict')) return new PredictReader();
  return new GeminiReader(head, head.api === 'gemini.embedContent' || head.api === 'gemini.batchEmbedContents');
}
