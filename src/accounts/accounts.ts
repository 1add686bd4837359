/** Sums that requests are checked against, and what is held of them while a request is under way. */
import type { AccountKey, Series, Window } from './series.ts';

/** What one request wants of one account. */
export interface Claim extends AccountKey {
  /** The most it may come to, in the units of the series. */
  readonly amount: bigint;
  /** What was spent, what is held and this must not exceed it; null: it is counted and never refused. */
  readonly limit: bigint | null;
}

/** An account as it stands. `spent` is the sum of rows, `held` what requests under way may still add. */
export interface Standing {
  readonly spent: bigint;
  readonly held: bigint;
}

export type Taken =
  /** `standings` are those before this hold, in the order of the claims. `apart`: the database is away, and this node counts for itself. */
  | { readonly taken: true; readonly standings: readonly Standing[]; readonly apart: boolean }
  /** Nothing is held. `short`: which of the claims there was no room for. */
  | { readonly taken: false; readonly standings: readonly Standing[]; readonly short: readonly number[] }
  /** The database that all nodes share does not answer, and the caller wanted no guess. */
  | { readonly taken: false; readonly standings: null; readonly short: readonly [] };

/** What becomes of a claim that needs an answer of the database and gets none. */
export const NO_ANSWER: Taken = { taken: false, standings: null, short: [] };

export type Pending<T> = T | Promise<T>;

/**
 * The sums of what was used, exact to the last digit, and the holds on them.
 *
 * An account is never written to: it is the sum of the rows that belong to it, wherever they
 * come from, and a hold ends in the same step in which its row begins to count.
 */
export interface Accounts {
  /**
   * Checks and holds in one step: all claims or none. Holds live until their row is taken.
   * Who holds again under the same id lets go of what he held.
   *
   * @param id of the exchange, which its row will have
   * @param apart what to do while the database of several nodes is away: go by what this node knows, or hold nothing
   */
  hold(id: string, claims: readonly Claim[], apart: 'slice' | 'refuse'): Pending<Taken>;
  /** Changes what is held, in the order of the claims; nothing is checked. Unknown ids are passed over. */
  adjust(id: string, amounts: readonly bigint[]): void;
  /** The exchange is over. Its hold goes with its row; where none comes, after a few seconds. */
  end(id: string): void;
  standings(keys: readonly AccountKey[]): Promise<readonly Standing[]>;
  /** The accounts of a series, the largest first, at most so many. */
  list(series: Series, window: Window, most: number): Promise<readonly (AccountKey & Standing)[]>;
  /** Null while all nodes count together; else since when this one counts for itself, epoch milliseconds. */
  readonly apartSince: number | null;
}

/**
 * Tells which claims there is no room for. The one place where a limit is compared.
 * What several claims want of the same account is wanted of it together.
 */
export function shortOf(claims: readonly Claim[], standings: readonly Standing[]): number[] {
  const short: number[] = [];
  for (let i = 0; i < claims.length; i++) {
    const claim = claims[i]!;
    if (claim.limit === null) continue;
    let sum = standings[i]!.spent + standings[i]!.held;
    for (const other of claims) if (other === claim || isSame(other, claim)) sum += other.amount;
    if (sum > claim.limit) short.push(i);
  }
  return short;
}

/** Whether two keys name the same account. */
function isSame(one: AccountKey, other: AccountKey): boolean {
  return (
    one.subject === other.subject &&
    one.window.from === other.window.from &&
    one.window.to === other.window.to &&
    one.series.key === other.series.key
  );
}
