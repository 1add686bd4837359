import type { Accounts } from '../accounts/accounts.ts';
import { MemoryAccounts } from '../accounts/book.ts';
import { ClusterAccounts } from '../accounts/cluster.ts';
import type { Rows } from '../accounts/rows.ts';
import { parseAddress } from './address.ts';
import type { StoreLog } from './health.ts';
import { randomName } from './node-name.ts';
import { PostgresHolds } from './shared-holds.ts';

/** Pause before the database is asked again to let go of what an earlier life has held, milliseconds. */
const AGAIN_MS = 1000;

export interface OwnAccountsParts {
  /** `sqlite:PATH` or `postgres://...`. */
  address: string;
  /** Name of the data folder, by which a shared database knows it. */
  node: string;
  rows: Rows;
  log: StoreLog;
}

/** The accounts of a store: in memory where the database is its own, in the database where others use it, too. */
export class OwnAccounts {
  readonly accounts: Accounts;
  readonly #rows: Rows;
  readonly #holds: PostgresHolds | null;
  readonly #own: { close(): void };
  #closed = false;

  constructor({ address, node, rows, log }: OwnAccountsParts) {
    const place = parseAddress(address);
    const holds =
      place.dialect === 'postgres' ? new PostgresHolds({ url: place.url, node, life: randomName(), log }) : null;
    const accounts = holds ? new ClusterAccounts(rows, holds) : new MemoryAccounts(rows);
    this.accounts = accounts;
    this.#own = accounts;
    this.#rows = rows;
    this.#holds = holds;
  }

  /** Ends what an earlier life has held; its rows are there first. */
  async begin(): Promise<void> {
    const holds = this.#holds;
    while (holds && !this.#closed) {
      try {
        return await this.#rows.still(() => holds.forgetEarlier());
      } catch {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
      }
    }
  }

  /** Nothing is taken any more. */
  stop(): void {
    this.#closed = true;
    this.#own.close();
  }

  /** @param isOver all rows are in the database */
  async close(isOver: boolean): Promise<void> {
    await this.#holds?.close(isOver);
  }
}
