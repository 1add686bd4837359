/** Budgets as views/pages/budgets.hbs shows them. */
import { tell } from '../shared/amounts.ts';
import { percentOf, type State, stateOf, worstOf } from './shapes.ts';
import type { Budget, BudgetAccount } from './types.ts';
import { actionWords, periodWords, perWords, scopeWords, spanWords, unitWords } from './words.ts';

/** Accounts of one budget on the page. */
export const SHOWN = 10;
const PAGE = '/dashboard/budgets';
/** Width of a bar. */
const WIDTH = 1000n;

const TONES: Readonly<Record<State, string>> = { ok: 'good', warn: 'warn', exceeded: 'bad' };

/** @param accounts null where the database does not answer */
export function budgetView(budget: Budget, accounts: readonly BudgetAccount[] | null, now: number): object {
  const state = worstOf(budget, accounts ?? []);
  const isEditable = budget.origin === 'api';
  const shown = (accounts ?? []).slice(0, SHOWN).map((account) => accountView(budget, account, now));
  const isOne = budget.series.per.length === 0;
  const action = actionWords(budget);
  return {
    id: budget.id,
    name: budget.name,
    tone: TONES[state],
    badge: badgeOf(budget, state),
    action: action.short,
    actionHint: action.long,
    editable: isEditable,
    tasks: tasksOf(budget),
    scope: scopeWords(budget.spec),
    apart: perWords(budget.spec),
    limit: tell(budget.series.measure, budget.limit),
    unit: budget.series.measure,
    unitName: unitWords(budget),
    period: periodWords(budget),
    account: isOne ? (shown[0] ?? null) : null,
    accounts: isOne ? [] : shown,
    resets: isOne ? null : resetsOf(accounts?.[0]?.window.to ?? null, now),
    more: !isOne && (accounts ?? []).length > SHOWN,
    nothing: nothingWords(budget, accounts, now),
  };
}

export function accountView(budget: Budget, account: BudgetAccount, now: number): object {
  const { measure } = budget.series;
  const { spent, held, remaining, limit, window, forecast, values, subject } = account;
  const isAbove = forecast !== null && forecast > limit;
  return {
    subject: values.join(' · '),
    unit: measure,
    spent: tell(measure, spent),
    held: tell(measure, held),
    left: tell(measure, remaining > 0n ? remaining : 0n),
    limit: tell(measure, limit),
    // Nothing but all of it is shown as 100%.
    ratio: spent < limit ? Math.min(percentOf(account) / 100, 0.994) : percentOf(account) / 100,
    tone: toneOf(stateOf(budget, account)),
    bar: barOf(account),
    forecast:
      forecast === null ? null : { amount: tell(measure, forecast), above: isAbove && tell(measure, forecast - limit) },
    noForecast: window.to === null ? 'none: it has no end' : 'too early to tell',
    resets: resetsOf(window.to, now),
    from: window.from === 0 ? null : new Date(window.from).toISOString(),
    reset: `${address('reset', budget)}&subject=${encodeURIComponent(JSON.stringify(values))}`,
    key: subject,
  };
}

/** A bar as wide as the limit. What is spent beyond it does not fit, and is told in words. */
function barOf({ spent, held, limit, forecast }: BudgetAccount): object {
  const at = (amount: bigint): number => (limit === 0n ? Number(WIDTH) : Number((amount * WIDTH) / limit));
  const used = Math.min(at(spent), Number(WIDTH));
  return {
    // What is there at all can be seen.
    spent: spent > 0n ? Math.max(used, 2) : 0,
    held: Math.min(held > 0n ? Math.max(at(held), 2) : 0, Number(WIDTH) - used),
    forecast: forecast === null || forecast <= spent || forecast > limit ? null : at(forecast),
  };
}

const toneOf = (state: State): string => (state === 'ok' ? '' : TONES[state]);

function badgeOf({ warnAt }: Budget, state: State): object | null {
  if (state === 'ok') return null;
  const label = state === 'exceeded' ? 'used up' : `over ${warnAt[0]}%`;
  return { label, tone: TONES[state], reason: null };
}

const address = (task: string, { id }: Budget): string => `${PAGE}?${task}=${encodeURIComponent(id)}`;

function tasksOf(budget: Budget): object[] {
  const reset = { label: 'Reset', href: address('reset', budget) };
  if (budget.origin === 'file') return [reset];
  return [
    { label: 'Edit', href: address('edit', budget) },
    reset,
    { label: 'Delete', href: address('delete', budget) },
  ];
}

const resetsOf = (to: number | null, now: number): object | null =>
  to === null ? null : { at: new Date(to).toISOString(), in: spanWords(to - now) };

function nothingWords({ when }: Budget, accounts: readonly BudgetAccount[] | null, now: number): string {
  if (accounts === null) return 'the database does not answer now, so nobody can say how it stands';
  return when.windowAt(now) === null ? `it begins ${when.starts}` : 'nobody has used any of it yet';
}
