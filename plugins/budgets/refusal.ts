/** What a caller is told whose request does not fit. */
import type { Exchange, Verdict } from '../../src/plugin.ts';
import { microsIn, microsOver, sixDecimals, tell, UNFORESEEN } from '../shared/amounts.ts';
import type { Shortage } from './claims.ts';
import type { Budget } from './types.ts';

/** Tells that a budget has no room, in the words of tokencap and in exact ones. */
export async function refusalOf(
  exchange: Exchange,
  shortages: readonly Shortage[],
  status: 402 | 429,
): Promise<Verdict> {
  const worst = shortages.reduce((one, other) => (resetOf(other) > resetOf(one) ? other : one));
  const affordable = await affordableIn(exchange, worst);
  const reset = worst.share.window.to;
  const seconds = reset === null ? null : Math.max(1, Math.ceil((reset - Date.now()) / 1000));
  const headers: Record<string, string> = { 'x-should-retry': 'false' };
  if (status === 429 && seconds !== null) headers['retry-after'] = String(seconds);
  const details = {
    ...tokencapDetails(worst),
    ...exactDetails(worst, affordable),
    budgets: shortages.map(({ budget }) => budget.name),
  };
  return exchange.refuse(status, 'budget_exceeded', wordsOf(worst, affordable), { details, headers });
}

const resetOf = ({ share: { window } }: Shortage): number => window.to ?? Number.POSITIVE_INFINITY;

/** Output tokens of each answer with which it would fit; null where nobody can say. */
async function affordableIn({ state }: Exchange, { budget, standing }: Shortage): Promise<number | null> {
  const { measure } = budget.series;
  const left = leftIn(budget, standing);
  if (measure === 'requests') return null;
  if (left === 0n) return 0;
  const amount = tell(measure, left);
  return state.foresight?.affordable(measure === 'usd' ? { usd: amount } : { tokens: Number(amount) }) ?? null;
}

/** What is neither spent nor held. */
export function leftIn({ limit }: Budget, { spent, held }: Shortage['standing']): bigint {
  const left = limit - spent - held;
  return left > 0n ? left : 0n;
}

/** Its four figures, in dollars with six decimals. What is held is none of them: spent and remaining are the limit. */
function tokencapDetails({ budget, standing, amount }: Shortage): Record<string, number> {
  if (budget.series.measure !== 'usd') return {};
  const [limit, spent] = [microsIn(budget.limit), microsOver(standing.spent)];
  const dollars = (micros: bigint): number => Number(sixDecimals(micros));
  return {
    currentSpendUsd: dollars(spent),
    limitUsd: dollars(limit),
    estimatedCostUsd: dollars(amount === UNFORESEEN ? 0n : microsOver(amount)),
    remainingBudgetUsd: dollars(limit - spent),
  };
}

function exactDetails({ budget, share, standing, amount }: Shortage, affordable: number | null) {
  const { measure } = budget.series;
  const { from, to } = share.window;
  const reset = to === null ? null : new Date(to).toISOString();
  return {
    budget: budget.name,
    scope: budget.spec.scope,
    subject: subjectIn({ budget, share }),
    measure,
    limit: tell(measure, budget.limit),
    spent: tell(measure, standing.spent),
    held: tell(measure, standing.held),
    estimated: amount === UNFORESEEN && measure !== 'requests' ? null : tell(measure, amount),
    remaining: tell(measure, leftIn(budget, standing)),
    affordable_tokens: affordable,
    resets_at: reset,
    window: { from: new Date(from).toISOString(), to: reset },
  };
}

/** Whose account it is, by dimension; empty where there is one for all. */
export function subjectIn({ budget, share }: Pick<Shortage, 'budget' | 'share'>): Record<string, string> {
  const values = budget.series.valuesOf(share.subject);
  return Object.fromEntries(budget.series.per.map((dimension, i) => [dimension, values[i] ?? '']));
}

const UNITS = { usd: 'US dollars', tokens: 'tokens', requests: 'requests' } as const;

function wordsOf(shortage: Shortage, affordable: number | null): string {
  const { budget, share, standing, amount } = shortage;
  const { measure } = budget.series;
  const whose = Object.entries(subjectIn(shortage)).map(([dimension, value]) => `${dimension} ${value}`);
  const name = `The budget ${budget.name}${whose.length > 0 ? ` of ${whose.join(', ')}` : ''}`;
  const until = share.window.to === null ? '' : ` until ${new Date(share.window.to).toISOString()}`;
  const left = `${tell(measure, leftIn(budget, standing))} of ${tell(measure, budget.limit)} ${UNITS[measure]} are left${until}`;
  const beside = standing.held > 0n ? `, ${tell(measure, standing.held)} being held by requests under way` : '';
  const mend = affordable !== null && affordable > 0 ? ` An answer of at most ${affordable} tokens would fit.` : '';
  if (measure === 'requests') return `${name} has no room for this request: ${left}${beside}.`;
  if (amount === UNFORESEEN) return `${name} has no room for a request that nobody can foresee: ${left}${beside}.`;
  return `${name} has no room for this request: it may come to ${tell(measure, amount)}, and ${left}${beside}.${mend}`;
}

/** The database that all processes share does not answer, and nobody knows what was spent. */
export const unavailable = (exchange: Exchange): Verdict =>
  exchange.refuse(503, 'budgets_unavailable', 'The database does not answer, so the budget cannot be checked.', {
    headers: { 'retry-after': '5' },
  });

/** What this request costs could not be written down. */
export const storeFull = (exchange: Exchange): Verdict =>
  exchange.refuse(
    503,
    'budget_store_full',
    'The gateway can keep no more rows until its database answers, so what is spent under a budget would be lost.',
    { headers: { 'retry-after': '5' } },
  );
