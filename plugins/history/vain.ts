import { addDecimals, type ExchangeRecord, formatDecimal, parseDecimal } from '../../src/plugin.ts';

/**
 * Adds to the cost of a row what those attempts cost that were given up after they had begun to
 * answer, so that sums and budgets count all that the provider will charge.
 *
 * An answer whose cost is unknown stays unknown, and what was guessed of it becomes more; one
 * that came to nothing costs what was spent on the way.
 */
export function addVain(row: ExchangeRecord): void {
  const vain = row.attempts.flatMap(({ cost_usd: cost }) => cost ?? []);
  if (vain.length === 0) return;
  const { estimate } = row;
  if (row.cost_usd !== null) row.cost_usd = sumOf([row.cost_usd, ...vain]);
  else if (row.usage_status === 'not_applicable') row.cost_usd = sumOf(vain);
  if (estimate && estimate.cost_usd !== null)
    row.estimate = { ...estimate, cost_usd: sumOf([estimate.cost_usd, ...vain]) };
}

const sumOf = (costs: readonly string[]): string => formatDecimal(costs.map(parseDecimal).reduce(addDecimals));
