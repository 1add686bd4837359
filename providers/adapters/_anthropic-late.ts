import type { JsonMembers, LateHead, LateMeter, TakeShare } from '../../src/adapter.ts';
import { AnthropicReader } from './_anthropic-reader.ts';
import { LinesMeter, takeAnswer } from './_late-lines.ts';

const RESULTS = /\/messages\/batches\/([^/]+)\/results$/;

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
  takeAnswer(head, new AnthropicReader(), Buffer.from(message), take);
  return true;
}
