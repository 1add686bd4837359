import type { Charge } from '../accounts/series.ts';
import { writeCharges } from './charged.ts';
import { factsOf } from './dimensions.ts';
import type { Row } from './row.ts';

/** Makes what a row adds to the accounts it belongs to; they find in it what the database has of the row. */
export function chargeOf(row: Row): Charge {
  return {
    id: row.id,
    at: Number(row.time_ms),
    fact: factsOf(row),
    amounts: {
      usd: BigInt(row.charged_pico ?? 0),
      tokens: BigInt(row.charged_tokens ?? 0),
      requests: BigInt(row.charged_requests ?? 0),
    },
  };
}

/** Gives the JSON of a row that an older version may have written: it did not say what budgets count. */
export function withCharges(text: string): string {
  if (text.includes('"charged_requests":1')) return text;
  const row = JSON.parse(text) as Row;
  writeCharges(row);
  return JSON.stringify(row);
}
