/** How far budgets are used, as a figure for alerts. */
import type { FigureReading } from '../../src/plugin.ts';
import type { BudgetList } from './list.ts';
import type { Budget, BudgetAccount } from './types.ts';

/** Accounts of each budget, those with most spent first. */
const MOST_ACCOUNTS = 100;
/** Percent have two decimals. */
const PARTS = 10_000n;

/** Percent of each account of each budget that is spent. Rejects when the database does not answer. */
export async function budgetUsed(list: Pick<BudgetList, 'all' | 'accounts'>): Promise<FigureReading[]> {
  const read = list.all().map(async (budget) => {
    // Of nothing no part can be spent.
    if (budget.limit <= 0n) return [];
    const accounts = await list.accounts(budget, MOST_ACCOUNTS);
    return accounts.map((account) => ({
      subject: subjectOf(budget, account),
      value: Number((account.spent * PARTS) / budget.limit) / 100,
    }));
  });
  return (await Promise.all(read)).flat();
}

/** Its name, whose account it is, and whose budget: `{ budget: 'each agent', agent: 'coder', tenant: 'acme' }`. */
function subjectOf({ name, series: { per, where } }: Budget, { values }: BudgetAccount): Record<string, string> {
  const owner = (['tenant', 'project'] as const).flatMap((dimension) => {
    const [only, ...more] = where[dimension] ?? [];
    return only === undefined || more.length > 0 || only.includes('*') ? [] : [[dimension, only] as const];
  });
  const own = per.map((dimension, at) => [dimension, values[at] ?? ''] as const);
  return { budget: name, ...Object.fromEntries(owner), ...Object.fromEntries(own) };
}
