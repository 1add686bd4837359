/** Sums of dollars, exact. */
import { fromPico, parseDecimal } from '../../src/plugin.ts';

const PICO_DIGITS = 12;

/** Pico-dollars of a decimal string of at most 12 decimals. */
export function picoOf(dollars: string): bigint {
  const { digits, scale } = parseDecimal(dollars);
  return scale <= PICO_DIGITS
    ? digits * 10n ** BigInt(PICO_DIGITS - scale)
    : digits / 10n ** BigInt(scale - PICO_DIGITS);
}

/** Sum of what is known; null when nothing is. */
export function sumOf(costs: readonly (string | null)[]): string | null {
  const known = costs.filter((cost) => cost !== null);
  return known.length === 0 ? null : fromPico(known.reduce((sum, cost) => sum + picoOf(cost), 0n));
}

/** So many parts of it are how much each; rounded down to a pico-dollar. */
export const shareOf = (dollars: string, parts: number): string => fromPico(picoOf(dollars) / BigInt(parts));
