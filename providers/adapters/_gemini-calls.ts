import type { AnswerHead, AnswerReader, Endpoint } from '../../src/adapter.ts';
import { InteractionsReader } from './_gemini-interactions-reader.ts';
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

/** What a tuned model can be asked. */
export const TEXT_CALLS: readonly string[] = ['generateContent', 'streamGenerateContent', 'countTokens'];

/**
 * What can be asked of a model of Google's.
 *
 * @param folder where the API has its models, such as `/v1/models`
 */
export function modelCalls(folder: string, verbs: readonly string[] = CALLS.map(({ verb }) => verb)): Endpoint[] {
  return CALLS.filter(({ verb }) => verbs.includes(verb)).map(({ verb, bills, streams = false }) => ({
    method: 'POST',
    path: `${folder}/:model:${verb}`,
    api: `gemini.${verb}`,
    body: 'json',
    bills,
    streams,
  }));
}

const INTERACTIONS = 'gemini.interactions';

/** The call that both of Google's APIs have beside those of their models; its body names model or agent. */
export function interactions(path: string): Endpoint {
  return { method: 'POST', path, api: INTERACTIONS, body: 'json', bills: true };
}

export function isBilledCall({ api }: AnswerHead): boolean {
  return billed.has(api) || api === INTERACTIONS;
}

/** The reader of such a call's answer. */
export function modelReader(head: AnswerHead): AnswerReader {
  if (head.api === INTERACTIONS) return new InteractionsReader();
  if (head.api.startsWith('gemini.predict')) return new PredictReader();
  return new GeminiReader(head, head.api === 'gemini.embedContent' || head.api === 'gemini.batchEmbedContents');
}
