/** The receipt of an exchange: the shape of `GET /api/v1/requests/{id}/receipt`. */
import { createHash } from 'node:crypto';
import type { AttemptRecord, ExchangeRecord, ReceiptNote } from '../pipeline/record.ts';
import { billLines } from './bill-lines.ts';

export type Receipt = ReturnType<typeof receiptOf>;

/**
 * Says all of an exchange that answers why it went where it went, why it cost what it cost, and who had a hand in it.
 *
 * `sha256` is over the receipt without `prompt`, which is forgotten after some days: two copies with the same hash say
 * the same. Null where nothing is known; where plugin `receipts` was not listed then, of bodies and decisions.
 */
export function receiptOf(record: ExchangeRecord) {
  const kept = {
    id: record.id,
    time: record.time,
    config_version: record.config_version,
    outcome: record.outcome,
    body: bodyOf(record),
    route: record.route,
    attempts: record.attempts.map(attemptOf),
    decisions: record.receipt?.decisions ?? null,
    price: priceOf(record),
    holds: holdsOf(record),
  };
  return { ...kept, prompt: record.prompt?.parts ?? null, sha256: hashOf(kept) };
}

function bodyOf({ receipt, rewritten_by }: ExchangeRecord) {
  const { body_in: came, body_out: left } = receipt ?? { body_in: null, body_out: null };
  return { in: came, out: left, unchanged: came === null || left === null ? null : came === left, rewritten_by };
}

/** Each member is there, whatever was left away in the row. */
function attemptOf(attempt: AttemptRecord) {
  const { provider, model, key = null, status, reason, class: failure = null, ms, waited_ms = 0, cost_usd } = attempt;
  return { provider, model, key, status, reason, class: failure, ms, waited_ms, cost_usd: cost_usd ?? null };
}

function priceOf(record: ExchangeRecord) {
  const { price, cost_usd, cost_source, unpriced } = record;
  const { lines, lost, rest } = billLines(record);
  return {
    cost_usd,
    cost_source,
    unpriced,
    key: price?.key ?? null,
    version: price?.version ?? null,
    lines: lines.map(({ unit, tokens, rate, cost }) => ({ unit, tokens, usd_per_million: rate, cost_usd: cost })),
    /** Of attempts that were given up. */
    attempts_usd: lost,
    rest_usd: rest,
  };
}

/** What budgets held for it before it left, what became of that, and what they count for it. */
function holdsOf(record: ExchangeRecord) {
  const [hold, settle] = ['hold', 'settle'].map((what) => factsOf(record, what));
  return {
    held_usd: usdOf(settle?.held_usd) ?? usdOf(hold?.usd),
    settled_usd: usdOf(settle?.usd),
    counted_usd: countedUsd(record),
  };
}

/** Of the last note of that name: what is held may change its mind. */
const factsOf = ({ receipt }: ExchangeRecord, what: string): ReceiptNote['facts'] =>
  receipt?.decisions.findLast((note) => note.by === 'budgets' && note.what === what)?.facts;

const usdOf = (fact: string | number | boolean | null | undefined): string | null =>
  typeof fact === 'string' ? fact : null;

/** What budgets count for a row, as the store says it in columns of its own (charged.ts). */
export function countedUsd({ cost_usd: cost, estimate, usage_status, reserved_usd }: ExchangeRecord): string | null {
  const guess = estimate?.cost_usd ?? null;
  return (usage_status === 'partial' ? (guess ?? cost) : (cost ?? guess)) ?? reserved_usd;
}

/** SHA-256, hex, of JSON whose members are sorted by name, without spaces. */
export function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
