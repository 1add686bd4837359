import { AnswerMeter, type JsonMembers, type LateHead, type LateMeter, type TakeShare } from '../../src/adapter.ts';
import { AnthropicReader } from './_anthropic-reader.ts';
import { LinesMeter } from './_late-lines.ts';

const RESULTS = /\/messages\/batches\/([^/]+)\/results$/;
const TIER = 'batch';

/**
 * Reads the results of a message batch: a line for each request, with the whole message of
 * those that succeeded. Errors, cancelled and expired requests are not billed. The batch
 * itself tells no usage, and its results no time.
 */
export function anthropicLate(head: LateHead, take: TakeShare): LateMeter | null {
  const id = RESULTS.exec(head.path)?.[1];
  if (id === undefined || head.method !== 'GET' || head.status !== 200) return null;
  const bill = { kind: 'batch', id: `batch ${id}`, responseId: id, api: 'anthropic.batches', at: null } as const;
  return new LinesMeter({ ...bill, background: false }, (line) => readLine(line, head, take));
}

function readLine(line: JsonMembers, head: LateHead, take: TakeShare): boolean {
  const message = line.within('result')?.text('message');
  if (message === undefined) return false;
  const meter = new AnswerMeter({ ...head, contentType: 'application/json' }, new AnthropicReader(), true);
  meter.push(Buffer.from(message));
  take({ reading: { ...meter.end(true), serviceTier: TIER }, answers: 1, at: null });
  return true;
}
