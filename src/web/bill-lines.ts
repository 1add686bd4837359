/** The price of one exchange, line by line: tokens times rate. */
import { add, type Decimal, formatDecimal, multiply, parseDecimal, shift, ZERO } from '../metering/decimal.ts';
import type { ExchangeRecord } from '../pipeline/record.ts';

export interface BillLine {
  /** As the rates of the price name it: `cache_read`. */
  unit: string;
  name: string;
  tokens: number;
  /** Dollars per million. */
  rate: string;
  cost: string;
}

const NAMES: Readonly<Record<string, string>> = {
  input: 'Input',
  cache_read: 'Cache read',
  cache_write: 'Cache write',
  cache_write_1h: 'Cache write, 1 h',
  output: 'Output',
  output_reasoning: 'Reasoning',
};

/**
 * Makes the lines of a bill that tokens and rates explain.
 *
 * `lost` is what attempts have cost that were given up. `rest` is what the lines do not explain (searches,
 * audio, tiers): null when they add up to the recorded cost to the last digit.
 */
export function billLines(record: ExchangeRecord): { lines: BillLine[]; lost: string | null; rest: string | null } {
  const { price, usage, cost_usd: cost } = record;
  const lost = record.attempts.reduce((all, { cost_usd }) => add(all, parseDecimal(cost_usd ?? '0')), ZERO);
  const lostUsd = lost.digits === 0n ? null : formatDecimal(lost);
  if (!price || !usage || cost === null) return { lines: [], lost: lostUsd, rest: null };
  const read = usage['cache_read.input_tokens'] ?? 0;
  const hour = usage['cache_creation.1h.input_tokens'] ?? 0;
  const write = (usage['cache_creation.input_tokens'] ?? 0) - hour;
  const apart = price.rates.output_reasoning === undefined ? 0 : (usage['reasoning.output_tokens'] ?? 0);
  const counts: Record<string, number> = {
    input: (usage.input_tokens ?? 0) - read - write - hour,
    cache_read: read,
    cache_write: write,
    cache_write_1h: hour,
    output: (usage.output_tokens ?? 0) - apart,
    output_reasoning: apart,
  };
  let sum: Decimal = lost;
  const lines = Object.entries(counts).flatMap(([name, tokens]) => {
    const rate = price.rates[name];
    if (typeof rate !== 'string' || tokens <= 0) return [];
    const part = shift(multiply(parseDecimal(rate), { digits: BigInt(tokens), scale: 0 }), 6);
    sum = add(sum, part);
    return [{ unit: name, name: NAMES[name] ?? name, tokens, rate, cost: formatDecimal(part) }];
  });
  const rest = formatDecimal(add(parseDecimal(cost), { digits: -sum.digits, scale: sum.scale }));
  return { lines, lost: lostUsd, rest: rest === '0' ? null : rest };
}
