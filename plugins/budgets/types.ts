import type { Series, Window } from '../../src/plugin.ts';

/** A limit on what a series may come to in each period of time. */
export interface Budget {
  /** Of its name, fit for an address: the same name has the same id. */
  readonly id: string;
  readonly name: string;
  /** `file`: gateway.yaml says it, and only gateway.yaml changes it. `api`: it was set while the gateway ran. */
  readonly origin: 'file' | 'api';
  readonly series: Series;
  /** Pico-dollars, tokens or requests, as `series.measure` says. */
  readonly limit: bigint;
  readonly when: Recurrence;
  /** `reject`: what does not fit is refused. `warn`: it passes, and is told. */
  readonly action: 'reject' | 'warn';
  /** Percent of the limit, in rising order. */
  readonly warnAt: readonly number[];
  readonly whenShort: 'refuse' | 'clamp' | { readonly model: string };
  /** What becomes of a request whose cost nobody can foresee. `reserve`: pico-dollars that count for it. */
  readonly onUnpriced: 'block' | 'allow' | { readonly reserve: bigint };
  /** The same in the words of gateway.yaml, complete: what `readBudget` makes it of. */
  readonly spec: BudgetSpec;
}

/** When a budget begins anew. */
export interface Recurrence {
  /** As it is written, such as `30d`. */
  readonly period: string;
  readonly zone: string;
  /** As it is written, a day or a time; null: periods begin where the calendar has them. */
  readonly starts: string | null;
  /** The period of a moment, epoch milliseconds; null: before the first one. */
  windowAt(at: number): Window | null;
}

/** A budget as gateway.yaml and the API write it. Money is text there; a number is read, too. */
export interface BudgetSpec {
  readonly name: string;
  /** Globs by dimension; tags by their names. */
  readonly scope: Readonly<Record<string, readonly string[] | Readonly<Record<string, readonly string[]>>>>;
  readonly per: readonly string[];
  readonly limit_usd?: string;
  readonly limit_tokens?: number;
  readonly limit_requests?: number;
  readonly period: string;
  readonly time_zone: string;
  readonly starts?: string;
  readonly action: 'reject' | 'warn';
  readonly warn_at: readonly number[];
  readonly when_short: 'refuse' | 'clamp' | { readonly model: string };
  readonly on_unpriced: 'block' | 'allow' | { readonly reserve_usd: string };
}

/** What is wrong with a budget: `scope.model`, and what would be right. */
export interface Complaint {
  readonly field: string;
  readonly message: string;
}

export type BudgetRead =
  | { readonly budget: Budget; readonly complaints: null }
  | { readonly budget: null; readonly complaints: readonly Complaint[] };

/** One account of a budget as it stands. Amounts are in the units of its series. */
export interface BudgetAccount {
  /** '' where the budget has one account for all. */
  readonly subject: string;
  /** The values of `per`, in its order. */
  readonly values: readonly string[];
  readonly spent: bigint;
  readonly held: bigint;
  /** Limit less what is spent and held: negative where it was overspent, as by a limit that was lowered. */
  readonly remaining: bigint;
  readonly limit: bigint;
  readonly window: Window;
  /** What would be spent at the end of the window, if it goes on as so far; null without an end, and too early in it. */
  readonly forecast: bigint | null;
}
