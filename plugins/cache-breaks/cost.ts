import { type Exchange, type FoundBreak, type Reading, type Stretch, stretchesOf } from '../../src/plugin.ts';
import { dollarsOf, pricesOf } from '../shared/prompt-prices.ts';

/** Asks for the price of what comes from the cache, also where nothing did. */
const READ: Stretch = { fate: 'read', kept: null, tokens: 0 };

/**
 * What a break cost, US dollars: what was paid for its tokens beyond reading them. They follow what was read, so
 * they are what was written, and then what was not cached.
 *
 * Null where a price is unknown, or where the provider charges by other rates than the table says.
 */
export function lossOf(exchange: Exchange, reading: Reading, { tokens }: FoundBreak): string | null {
  const { cost } = exchange.state;
  if (!cost || cost.cost_usd === null || reading.usage === null) return null;
  if (cost.cost_source === 'provider' && cost.table_cost_usd !== cost.cost_usd) return null;
  const stretches = stretchesOf(reading.usage);
  const prices = stretches && pricesOf(exchange, reading, reading.usage, [...stretches, READ]);
  const read = prices?.at(-1);
  if (!stretches || !prices || read === undefined) return null;
  let open = tokens;
  let loss = 0n;
  for (const [at, stretch] of stretches.entries()) {
    if (stretch.fate === 'read') continue;
    const paid = Math.min(open, stretch.tokens);
    loss += (prices[at]! - read) * BigInt(paid);
    open -= paid;
  }
  return dollarsOf(loss);
}
