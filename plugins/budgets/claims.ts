import type { AccountKey, Claim, Exchange, Measure, Standing } from '../../src/plugin.ts';
import { factOf } from '../shared/facts.ts';
import type { BudgetList } from './list.ts';
import type { Budget } from './types.ts';

/** An account that an exchange belongs to, with the budgets that look at it. */
export interface Share extends AccountKey {
  readonly budgets: Budget[];
}

/** The most that an exchange may come to, in the units of each measure. */
export type Amounts = Readonly<Record<Measure, bigint>>;

/** A budget that has no room for an exchange. */
export interface Shortage {
  readonly budget: Budget;
  readonly share: Share;
  readonly standing: Standing;
  readonly amount: bigint;
}

/**
 * Finds the accounts that an exchange belongs to. Two budgets may share one, such as a limit and
 * a warning before it: it is held once. Of a series by provider it belongs to those of all its targets.
 */
export function sharesOf(list: BudgetList, exchange: Exchange): Share[] {
  const shares: Share[] = [];
  const charges = mayCharge(exchange);
  for (const budget of list.all()) {
    const { series } = budget;
    // What nobody charges for is a request all the same.
    if (series.measure !== 'requests' && !charges) continue;
    if (!('provider' in series.where) && !series.per.includes('provider')) {
      put(
        shares,
        list,
        budget,
        series.subjectOf((dimension) => factOf(exchange, dimension)),
        exchange.startedAt,
      );
      continue;
    }
    for (const { provider } of exchange.targets) {
      const subject = series.subjectOf((dimension) =>
        dimension === 'provider' ? provider.name : factOf(exchange, dimension),
      );
      put(shares, list, budget, subject, exchange.startedAt);
    }
  }
  return shares;
}

/** What is asked of a path that nobody knows may cost anything, unless it is only looked at. */
function mayCharge({ bills, api, request: { method } }: Exchange): boolean {
  return bills || (api === null && method !== 'HEAD' && method !== 'OPTIONS');
}

function put(shares: Share[], list: BudgetList, budget: Budget, subject: string | null, at: number): void {
  const window = subject === null ? null : list.windowOf(budget, subject, at);
  if (subject === null || window === null) return;
  const { series } = budget;
  const known = shares.find(
    (share) =>
      share.subject === subject &&
      share.series.key === series.key &&
      share.window.from === window.from &&
      share.window.to === window.to,
  );
  if (known === undefined) shares.push({ series, window, subject, budgets: [budget] });
  else if (!known.budgets.includes(budget)) known.budgets.push(budget);
}

/**
 * Makes the claims of an exchange, in the order of its shares.
 *
 * @param part of each limit that may be used: 1, or a half while nobody has counted
 */
export function claimsOf(shares: readonly Share[], amounts: Amounts, part: 1 | 2 = 1): Claim[] {
  return shares.map(({ series, window, subject, budgets }) => {
    const amount = amounts[series.measure];
    let limit: bigint | null = null;
    // What costs nothing is not held back, however little is left.
    if (amount > 0n) {
      for (const budget of budgets) {
        if (budget.action === 'reject' && (limit === null || budget.limit < limit)) limit = budget.limit;
      }
    }
    return { series, window, subject, amount, limit: limit === null ? null : limit / BigInt(part) };
  });
}

export const amountsIn = (shares: readonly Share[], amounts: Amounts): bigint[] =>
  shares.map(({ series }) => amounts[series.measure]);

export const isHard = (shares: readonly Share[]): boolean =>
  shares.some(({ budgets }) => budgets.some(({ action }) => action === 'reject'));

/** Budgets of an action in which an exchange does not fit. */
export function shortagesOf(
  shares: readonly Share[],
  standings: readonly Standing[],
  amounts: Amounts,
  action: Budget['action'],
): Shortage[] {
  return shares.flatMap((share, i) => {
    const standing = standings[i]!;
    const amount = amounts[share.series.measure];
    if (amount === 0n) return [];
    return share.budgets
      .filter((budget) => budget.action === action && standing.spent + standing.held + amount > budget.limit)
      .map((budget) => ({ budget, share, standing, amount }));
  });
}
