import type { Rows } from '../accounts/rows.ts';
import type { Charge, Series, Window } from '../accounts/series.ts';
import type { Backlog } from './backlog.ts';
import { chargeOf, WaitingCharge } from './charge.ts';
import type { Database } from './database.ts';
import { lineOf } from './faults.ts';
import type { StoreLog } from './health.ts';
import type { Row } from './row.ts';
import { sums } from './sums.ts';
import type { Writer } from './writer.ts';

export interface OwnRowsParts {
  database: Database;
  backlog: Backlog;
  writer: Writer;
  log: StoreLog;
}

/** The rows of this store, as accounts read them. */
export class OwnRows implements Rows {
  readonly #parts: OwnRowsParts;
  readonly #listeners = new Set<(charge: Charge) => void>();

  constructor(parts: OwnRowsParts) {
    this.#parts = parts;
  }

  onTaken(listener: (charge: Charge) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells of a row that was taken just now. */
  taken(row: Row): void {
    if (this.#listeners.size === 0) return;
    const charge = chargeOf(row);
    for (const listener of this.#listeners) {
      try {
        listener(charge);
      } catch (error) {
        this.#parts.log.error('a row could not be added to the accounts', { error: lineOf(error) });
      }
    }
  }

  still<T>(work: (waiting: readonly Charge[]) => Promise<T>): Promise<T> {
    const { backlog, writer } = this.#parts;
    return writer.still(() => work(backlog.all().map(({ text }) => new WaitingCharge(text))));
  }

  sums(series: Series, window: Window): Promise<ReadonlyMap<string, bigint>> {
    return sums(this.#parts.database, series, window);
  }
}
