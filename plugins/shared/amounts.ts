import { fromPico, type Measure, parseDecimal } from '../../src/plugin.ts';

/** Decimals of a dollar: 1e-12 of one is the unit that budgets count in. */
const DECIMALS = 12;
/** What a database can compare, with room for what is added: nine million dollars, or as many tokens as no one has. */
export const MOST = 9_000_000n * 10n ** BigInt(DECIMALS);

/** US dollars, a plain decimal, in pico-dollars; what is finer is rounded up. Throws a RangeError where it is no number. */
export function picoOf(dollars: string | number): bigint {
  const { digits, scale } = parseDecimal(dollars);
  if (scale <= DECIMALS) return digits * 10n ** BigInt(DECIMALS - scale);
  const unit = 10n ** BigInt(scale - DECIMALS);
  return digits > 0n ? (digits + unit - 1n) / unit : digits / unit;
}

/** What is held of a request of which nobody knows what it will come to: so little that it counts only where nothing is left. */
export const UNFORESEEN = 1n;

/** Dollars that a request may come to, as they are held: whatever it says of itself, a database must be able to add it up. */
export function claimedDollars(dollars: string): bigint {
  const [whole = ''] = dollars.split('.', 1);
  const pico = whole.length > 12 ? MOST : picoOf(dollars);
  return pico > MOST ? MOST : pico;
}

/** The same of a number of tokens. */
export function claimedTokens(tokens: number): bigint {
  return tokens < Number(MOST) ? BigInt(Math.max(0, Math.ceil(tokens))) : MOST;
}

/** An amount as it is told: US dollars as an exact decimal, or a whole number. */
export function tell(measure: Measure, amount: bigint): string {
  return measure === 'usd' ? fromPico(amount) : amount.toString();
}

const MICRO = 10n ** 6n;

/** Pico-dollars as millionths of a dollar, rounded down. */
export const microsIn = (pico: bigint): bigint => pico / MICRO - (pico % MICRO < 0n ? 1n : 0n);

/** The same, rounded up. */
export const microsOver = (pico: bigint): bigint => -microsIn(-pico);

/** Millionths of a dollar as US dollars with six decimals. */
export function sixDecimals(micros: bigint): string {
  const size = micros < 0n ? -micros : micros;
  const text = `${size / MICRO}.${(size % MICRO).toString().padStart(6, '0')}`;
  return micros < 0n ? `-${text}` : text;
}
