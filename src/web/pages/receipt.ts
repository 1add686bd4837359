/** What the page of an exchange says of its way: attempts, decisions and hashes. */
import type { ExchangeRecord, ReceiptNote } from '../../pipeline/record.ts';
import { FAILURES } from '../failure-words.ts';
import { receiptOf } from '../receipt.ts';

/** Makes what the box "Receipt" shows. */
export function receiptView(record: ExchangeRecord) {
  const receipt = receiptOf(record);
  const { body, holds } = receipt;
  return {
    way: record.route,
    body: { ...body, words: bodyWords(record, body), who: whoChanged(record).join(', ') },
    /** Null: nobody kept any. */
    decisions: receipt.decisions?.map(decisionOf) ?? null,
    holds: holds.held_usd === null && holds.counted_usd === null ? null : holds,
    sha256: receipt.sha256,
    href: `/api/v1/requests/${record.id}/receipt`,
  };
}

function bodyWords(
  { receipt }: ExchangeRecord,
  { in: came, out: left, unchanged }: ReturnType<typeof receiptOf>['body'],
): string {
  if (receipt === null) return 'No hash was made: plugin receipts was not listed.';
  if (came === null) return 'It had no body, or one that passed from socket to socket and was not read.';
  if (left === null) return 'It never left.';
  return unchanged ? 'It left as it came, byte for byte.' : 'It left changed.';
}

/** Plugins that changed the body, and the route where it puts another model's name in. */
export function whoChanged({ attempts, model, rewritten_by }: ExchangeRecord): readonly string[] {
  const asked = attempts.at(-1)?.model ?? null;
  return asked === null || asked === model.request ? rewritten_by : [...rewritten_by, `the route (asked for ${asked})`];
}

function decisionOf({ by, at_ms, what, facts = {} }: ReceiptNote) {
  return {
    by,
    at_ms,
    what: what.replaceAll('_', ' '),
    facts: Object.entries(facts).map(([name, value]) => ({
      name: name.replaceAll('_', ' '),
      value: value === null ? 'unknown' : name.endsWith('usd') ? `$${value}` : String(value),
    })),
  };
}

/** Each trip to a provider, with how long it took beside the others. */
export function attemptsOf({ attempts }: ExchangeRecord): Record<string, unknown>[] {
  const longest = Math.max(1, ...attempts.map(({ ms }) => ms));
  return attempts.map((attempt, index) => ({
    ...attempt,
    number: index + 1,
    good: attempt.status !== null && attempt.status < 400 && attempt.class === undefined,
    failure: attempt.class === undefined ? null : FAILURES[attempt.class],
    width: Math.max(4, Math.round((attempt.ms / longest) * 1000)),
  }));
}
