import type { Standing } from './accounts.ts';
import type { Series, Window } from './series.ts';

/** One sum as this process knows it. */
export class Account {
  spent = 0n;
  /** What the requests of this process hold. */
  held = 0n;
  /** What other processes held of it when they were last heard of. */
  beside = 0n;
  /** How many holds name it. */
  holders = 0;
}

const NOTHING: Standing = { spent: 0n, held: 0n };

/** The accounts of a series in one window. */
export class Sheet {
  readonly series: Series;
  readonly window: Window;
  readonly accounts = new Map<string, Account>();
  /** Whether `spent` is all there is: else it is what was taken since somebody asked. */
  open: boolean;
  /** Holds on it, and those who wait for it to be opened. */
  users = 0;
  /** Epoch milliseconds. */
  askedAt: number;
  forgotten = false;
  #fresh: Map<string, bigint> | null = null;

  constructor(series: Series, window: Window, open: boolean, now: number) {
    this.series = series;
    this.window = window;
    this.open = open;
    this.askedAt = now;
  }

  has(at: number): boolean {
    const { from, to } = this.window;
    return at >= from && (to === null || at < to);
  }

  standing(subject: string): Standing {
    const account = this.accounts.get(subject);
    return account ? { spent: account.spent, held: account.held + account.beside } : NOTHING;
  }

  account(subject: string): Account {
    let account = this.accounts.get(subject);
    if (!account) {
      account = new Account();
      this.accounts.set(subject, account);
    }
    return account;
  }

  /** Counts a row that was taken. */
  add(subject: string, amount: bigint): void {
    this.account(subject).spent += amount;
    if (this.#fresh) plus(this.#fresh, subject, amount);
  }

  /** Keeps apart, from now on, what rows come to: the database is about to be asked for those before. */
  gather(): void {
    this.#fresh = new Map();
  }

  /** The database did not tell. */
  giveUp(): void {
    this.#fresh = null;
  }

  /** Puts together what the database has, what was on its way to it, and what has come since `gather`. */
  fill(sums: ReadonlyMap<string, bigint>, waiting: ReadonlyMap<string, bigint>): void {
    for (const account of this.accounts.values()) account.spent = 0n;
    for (const part of [sums, waiting, this.#fresh!])
      for (const [subject, amount] of part) if (amount !== 0n) this.account(subject).spent += amount;
    this.#fresh = null;
    this.open = true;
  }

  /** Drops an account that says nothing. */
  tidy(subject: string): void {
    const account = this.accounts.get(subject);
    if (account && account.holders === 0 && account.spent === 0n && account.beside === 0n)
      this.accounts.delete(subject);
  }
}

/** Adds to the sum of a subject. */
export function plus(sums: Map<string, bigint>, subject: string, amount: bigint): void {
  sums.set(subject, (sums.get(subject) ?? 0n) + amount);
}
