/** Targets that a budget has no room for, beside others that it has room for. */
import type { Bound, Exchange, Target } from '../../src/plugin.ts';
import { claimedDollars, claimedTokens } from '../shared/amounts.ts';
import { factOf } from '../shared/facts.ts';
import type { Shortage } from './claims.ts';
import { leftIn } from './refusal.ts';

/**
 * Takes out of a request's targets those that do not fit: what is left pays for the cheap one, and
 * a fallback to the dear one must not spend what is not there. False: none fits, or all do.
 */
export async function leaveOutDear(exchange: Exchange, shortages: readonly Shortage[]): Promise<boolean> {
  const { targets, state } = exchange;
  if (targets.length < 2 || !state.foresight) return false;
  const bounds = await state.foresight.countedEach();
  const dear = new Set(
    targets.filter((target, at) => shortages.some((shortage) => !fits(exchange, shortage, target, bounds[at]!))),
  );
  if (dear.size === 0 || !exchange.avoid((target) => dear.has(target))) return false;
  exchange.note('budgets', 'left_out', { targets: dear.size });
  return true;
}

function fits(exchange: Exchange, { budget, share, standing }: Shortage, { provider }: Target, bound: Bound): boolean {
  const { series } = share;
  const subject = series.subjectOf((name) => (name === 'provider' ? provider.name : factOf(exchange, name)));
  // The account of another provider is not touched by this one.
  if (subject !== share.subject) return true;
  if (series.measure === 'requests') return false;
  const left = leftIn(budget, standing);
  if (series.measure === 'tokens') return claimedTokens(bound.tokens) <= left;
  return bound.cost_usd !== null && claimedDollars(bound.cost_usd) <= left;
}
