/** How a request got where it went, and what was kept back of it: its part of the row, and the way back. */
import type { AttemptRecord, ExchangeRecord, Receipt } from '../pipeline/record.ts';
import type { Cell } from './columns.ts';
import { numberOf, textOf } from './columns.ts';
import { type PackedReceipt, packReceipt, unpackReceipt } from './packed-receipt.ts';
import { text } from './row-values.ts';

/** What of it lies in `detail`. */
export interface WayDetail {
  /** Its milliseconds alone, where the row says all else of the only one. */
  attempts?: number | AttemptRecord[];
  receipt?: PackedReceipt | Receipt;
}

interface WayRow {
  readonly detail: WayDetail;
  redacted?: Record<string, number> | undefined;
  tries?: string | number | undefined;
}

/** What of a row it is read from. */
export type WayCells = Readonly<Record<'provider' | 'request_model' | 'status', Cell | undefined>> & {
  readonly redacted?: Cell | Record<string, number> | undefined;
};

export function keepWay(row: WayRow, record: ExchangeRecord): void {
  const { attempts, redactions, receipt } = record;
  if (redactions) row.redacted = countsByName(redactions);
  if (attempts.length > 1) row.tries = attempts.length;
  if (attempts.length > 0) row.detail.attempts = isPlain(record) ? attempts[0]!.ms : attempts;
  if (receipt) row.detail.receipt = packReceipt(receipt);
}

/** Sent once and answered, with nothing that the row does not say anyway: so are nearly all. */
function isPlain({ attempts, provider, model, status }: ExchangeRecord): boolean {
  if (attempts.length !== 1) return false;
  const attempt = attempts[0]!;
  const isSaid = attempt.provider === provider && attempt.model === model.request && attempt.status === status;
  return isSaid && attempt.reason === 'answered' && Object.keys(attempt).length === 5;
}

/** An object, unlike the calls of tools: a database sums it up by itself, and it is no longer. */
function countsByName(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [text(name)!, count]));
}

export function wayOf(detail: WayDetail, row: WayCells): Pick<ExchangeRecord, 'attempts' | 'redactions' | 'receipt'> {
  return {
    attempts: attemptsOf(detail, row),
    redactions: redactionsOf(row.redacted),
    receipt: detail.receipt ? unpackReceipt(detail.receipt) : null,
  };
}

function attemptsOf(
  { attempts = [] }: WayDetail,
  { provider, request_model, status }: WayCells,
): ExchangeRecord['attempts'] {
  if (typeof attempts !== 'number') return attempts;
  const said = { provider: textOf(provider) ?? '', model: textOf(request_model), status: numberOf(status) };
  return [{ ...said, reason: 'answered', ms: attempts }];
}

function redactionsOf(counts: Cell | Record<string, number> | undefined): ExchangeRecord['redactions'] {
  if (counts === null || counts === undefined) return null;
  return typeof counts === 'object' ? counts : JSON.parse(String(counts));
}
