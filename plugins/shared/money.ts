/** Averages and rates of exact sums, in pico-dollars. */
import { fromPico, parseDecimal } from '../../src/plugin.ts';

const DECIMALS = 12;
const DAY_MS = 86_400_000;

/** Pico-dollars of an amount that the store has summed up; digits beyond them are cut off. */
export function picoOf(dollars: string): bigint {
  const { digits, scale } = parseDecimal(dollars);
  return scale <= DECIMALS ? digits * 10n ** BigInt(DECIMALS - scale) : digits / 10n ** BigInt(scale - DECIMALS);
}

/** Divides US dollars by how many had a price; rounded half up. Null where nothing had one. */
export function perTurn(dollars: string | null, turns: number): string | null {
  return dollars === null || turns <= 0 ? null : fromPico(divided(picoOf(dollars), BigInt(turns)));
}

/** What is spent in a day where this was spent in so many milliseconds. */
export function perDay(dollars: string | null, milliseconds: number): string | null {
  if (dollars === null || milliseconds < 1) return null;
  return fromPico(divided(picoOf(dollars) * BigInt(DAY_MS), BigInt(Math.round(milliseconds))));
}

/** Null when none of them is known. */
export function sumOf(amounts: readonly (string | null)[]): string | null {
  const known = amounts.filter((amount) => amount !== null);
  return known.length === 0 ? null : fromPico(known.reduce((sum, amount) => sum + picoOf(amount), 0n));
}

const divided = (amount: bigint, by: bigint): bigint => (2n * amount + by) / (2n * by);
