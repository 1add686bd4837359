import { fromPico, type Measure, parseDecimal } from '../src/plugin.ts';

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

/** What a request may come to, as it is held: whatever it says of itself, a database must be able to add it up. */
export function claimed(amount: bigint): bigint {
  return amount > MOST ? MOST : amount;
}

/** The same of a number of tokens. */
export function claimedTokens(tokens: number): bigint {
  return tokens >= Number(MOST) ? MOST : BigInt(Math.max(0, Math.ceil(tokens)));
}

/** An amount as it is told: US dollars as an exact decimal, or a whole number. */
export function tell(measure: Measure, amount: bigint): string {
  return measure === 'usd' ? fromPico(amount) : amount.toString();
}

const MICRO = 10n ** 6n;

/** Pico-dollars as US dollars with six decimals; what is finer is left away, so it is never more than there is. */
export function sixDecimals(pico: bigint): string {
  const isNegative = pico < 0n;
  const size = isNegative ? -pico : pico;
  const micros = (size + (isNegative ? MICRO - 1n : 0n)) / MICRO;
  const text = `${micros / MICRO}.${(micros % MICRO).toString().padStart(6, '0')}`;
  return isNegative ? `-${text}` : text;
}
