/** What the accounts need of the place where rows are kept. */
import type { Claim, Standing, Taken } from './accounts.ts';
import type { AccountKey, Charge, Series, Window } from './series.ts';

/** The rows of one process: those it has taken and those in its database. */
export interface Rows {
  /** Calls back with every row in the moment it is taken, before anything else can run; returns what ends that. */
  onTaken(listener: (charge: Charge) => void): () => void;
  /**
   * Runs work while no row is written to the database. `waiting` are the rows that were taken and are not in it,
   * in the moment in which work begins; they and the rows of the database are all there are, and none is both.
   */
  still<T>(work: (waiting: readonly Charge[]) => Promise<T>): Promise<T>;
  /** Sums up the rows of the database by subject. Rejects when it does not answer. */
  sums(series: Series, window: Window): Promise<ReadonlyMap<string, bigint>>;
}

export interface Order {
  readonly id: string;
  readonly claims: readonly Claim[];
}

/**
 * Holds in a database that several processes share. Each call is one transaction, and rejects
 * when the database does not answer in time; then nothing of it is done.
 */
export interface SharedHolds {
  /** Takes orders one after the other, each with the check in one step. An id that holds something already lets go of that. */
  take(orders: readonly Order[]): Promise<readonly Taken[]>;
  adjust(changes: readonly { readonly id: string; readonly amounts: readonly bigint[] }[]): Promise<void>;
  /** Says that these are alive: what is not renewed for `LEASE_MS` is not held any more. */
  renew(ids: readonly string[]): Promise<void>;
  release(ids: readonly string[]): Promise<void>;
  standings(keys: readonly AccountKey[]): Promise<readonly Standing[]>;
  list(series: Series, window: Window, most: number): Promise<readonly (AccountKey & Standing)[]>;
}

/** How long a hold lives whose process says nothing more, milliseconds; it is renewed four times as often. */
export const LEASE_MS = 20_000;
