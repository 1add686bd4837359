/** Budgets as the API tells them: the words of gateway.yaml, and how they stand. */
import { createHash } from 'node:crypto';
import { tell } from '../shared/amounts.ts';
import type { Budget, BudgetAccount } from './types.ts';

export type State = 'ok' | 'warn' | 'exceeded';

/** `exceeded`: all of it is spent. `warn`: the first of `warn_at` is reached. What is held may come back, so it does not count here. */
export function stateOf({ warnAt }: Budget, { spent, limit }: BudgetAccount): State {
  if (spent >= limit) return 'exceeded';
  const [first] = warnAt;
  return first !== undefined && spent * 100n >= limit * BigInt(first) ? 'warn' : 'ok';
}

/** The worst of its accounts. */
export function worstOf(budget: Budget, accounts: readonly BudgetAccount[]): State {
  const states = new Set(accounts.map((account) => stateOf(budget, account)));
  return (['exceeded', 'warn'] as const).find((state) => states.has(state)) ?? 'ok';
}

/** Spent of the limit, with two decimals. */
export const percentOf = ({ spent, limit }: BudgetAccount): number =>
  limit === 0n ? 100 : Number((spent * 10_000n) / limit) / 100;

/** Changes with everything that the budget says: who changes it tells by this which one he has seen. */
export const versionOf = ({ spec }: Budget): string =>
  createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 12);

/** An account with exact amounts as text, in the unit of its budget. */
export function accountShape(budget: Budget, account: BudgetAccount): Record<string, unknown> {
  const { measure, per } = budget.series;
  const { spent, held, remaining, limit, window, forecast, values } = account;
  const to = window.to === null ? null : new Date(window.to).toISOString();
  return {
    subject: Object.fromEntries(per.map((dimension, i) => [dimension, values[i]])),
    limit: tell(measure, limit),
    spent: tell(measure, spent),
    held: tell(measure, held),
    remaining: tell(measure, remaining),
    percent: percentOf(account),
    window: { from: new Date(window.from).toISOString(), to },
    resets_at: to,
    forecast: forecast === null ? null : tell(measure, forecast),
    state: stateOf(budget, account),
  };
}

/** A budget with the accounts that were asked for, the largest first. */
export function budgetShape(budget: Budget, accounts: readonly BudgetAccount[]): Record<string, unknown> {
  return {
    id: budget.id,
    origin: budget.origin,
    version: versionOf(budget),
    ...budget.spec,
    unit: budget.series.measure,
    state: worstOf(budget, accounts),
    accounts: accounts.map((account) => accountShape(budget, account)),
  };
}

/** Members of a budget that are told and not set: who sends back what he got need not take them out. */
export const TOLD: readonly string[] = ['id', 'origin', 'version', 'unit', 'state', 'accounts'];
