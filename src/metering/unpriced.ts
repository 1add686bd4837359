/** Why the cost of an answer is unknown: what the operator would have to add, or what the provider did not say. */
import { bill } from './bill.ts';
import { ZERO } from './decimal.ts';
import { type RateName, rateNames } from './price-entry.ts';
import type { Price } from './price-layer.ts';
import type { AppliedRates, Selection } from './rates.ts';
import type { Usage } from './usage.ts';

/**
 * - `no_price`: no price list knows the model
 * - `no_rate`: its price lacks a part of what was used, or the conditions it was used under
 * - `no_usage`: nothing was said about what was used, or a total is missing
 * - `odd_usage`: the numbers contradict each other
 */
export type UnpricedReason = 'no_price' | 'no_rate' | 'no_usage' | 'odd_usage';

export interface Unpriced {
  reason: UnpricedReason;
  /**
   * What is missing, where it has a name: rates (`input_audio`, `service_tiers.priority`), the model of a part
   * that has no price, the total that was not said. Several are apart by a comma.
   */
  missing: string | null;
}

/**
 * Tells why a price could not price a usage.
 *
 * It tries rates out instead of following the bill's steps, so the two cannot disagree. It runs only for answers
 * without a cost, some twenty bills each.
 */
export function whyUnpriced(price: Price, usage: Usage, selection: Selection): Unpriced {
  const applied = price.rates.choose(selection);
  if (applied === null) return { reason: 'no_rate', missing: conditionsOf(price, selection) };
  const rates = missingRates(usage, applied);
  if (rates !== null) return { reason: 'no_rate', missing: rates.join(', ') };
  if (usage.input_tokens === undefined) return { reason: 'no_usage', missing: 'input_tokens' };
  if (usage.output_tokens === undefined) return { reason: 'no_usage', missing: 'output_tokens' };
  return { reason: 'odd_usage', missing: null };
}

/** The fewest further rates that make the bill add up; null when no rate would. */
function missingRates(usage: Usage, applied: AppliedRates): RateName[] | null {
  const adds = (names: readonly RateName[]): boolean => {
    const rates = { ...applied.rates, ...Object.fromEntries(names.map((name) => [name, ZERO])) };
    return bill(usage, { ...applied, rates }) !== null;
  };
  let needed = rateNames.filter((name) => applied.rates[name] === undefined);
  if (!adds(needed)) return null;
  for (const name of needed) {
    const fewer = needed.filter((other) => other !== name);
    if (adds(fewer)) needed = fewer;
  }
  return needed;
}

/** The service tier, speed or region without a rate, or the conditions that give one rate two values. */
function conditionsOf({ rates }: Price, selection: Selection): string {
  const plain = { ...selection, serviceTier: null, speed: null, geo: null };
  const has = (asked: Selection): boolean => rates.choose(asked) !== null;
  const said = (['serviceTier', 'speed', 'geo'] as const).flatMap((member) => {
    const word = selection[member];
    return word === null ? [] : [{ name: `${GROUPS[member]}.${word}`, alone: { ...plain, [member]: word } }];
  });
  const failing = said.filter(({ alone }) => !has(alone));
  // What holds for a short prompt has rates; for this long one it says something else than the tier of the prompt.
  const named = failing.map(({ name, alone }) => (has({ ...alone, inputTokens: 0 }) ? `${name} with tiers` : name));
  if (named.length > 0) return named.join(', ');
  return said.length > 1 ? said.map(({ name }) => name).join(' with ') : 'tiers with hours';
}

const GROUPS = { serviceTier: 'service_tiers', speed: 'speeds', geo: 'geo_multiplier' } as const;
