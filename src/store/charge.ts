import type { Charge, FactOf } from '../accounts/series.ts';
import { writeCharges } from './charged.ts';
import { factsOf } from './dimensions.ts';
import { idOf } from './line.ts';
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

/** The charge of a row that waits as JSON. A hundred thousand may wait, so each is read when it is asked what it says. */
export class WaitingCharge implements Charge {
  readonly id: string;
  readonly #text: string;
  #read: Charge | undefined;

  constructor(text: string) {
    this.id = idOf(text);
    this.#text = text;
  }

  get at(): number {
    return this.#charge.at;
  }

  get fact(): FactOf {
    return this.#charge.fact;
  }

  get amounts(): Charge['amounts'] {
    return this.#charge.amounts;
  }

  get #charge(): Charge {
    this.#read ??= chargeOf(JSON.parse(this.#text) as Row);
    return this.#read;
  }
}

/** Gives the JSON of a row that an older version may have written: it did not say what budgets count. */
export function withCharges(text: string): string {
  if (text.includes('"charged_requests":1')) return text;
  const row = JSON.parse(text) as Row;
  writeCharges(row);
  return JSON.stringify(row);
}
