/** Decimals of a dollar that a column holds: 1e-12 dollars, a pico-dollar. */
const DECIMALS = 12;
const UNIT = 10n ** BigInt(DECIMALS);
/** Whole dollars of one exchange, in digits: below what a 64-bit integer of pico-dollars holds. */
const WHOLE_DIGITS = 6;

/**
 * Turns dollars into pico-dollars, both as decimal strings; digits beyond the twelfth are rounded half up.
 * Null where the text is not a plain decimal or is a million dollars and more.
 */
export function toPico(dollars: string): string | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(dollars);
  if (!match) return null;
  const [, sign, whole = '', fraction = ''] = match;
  if (whole.length > WHOLE_DIGITS) return null;
  const digits = whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, '0');
  const up = fraction.charCodeAt(DECIMALS) >= 53; // '5'; NaN where there is no such digit
  const pico = up ? (BigInt(digits) + 1n).toString() : digits.replace(/^0+(?=\d)/, '');
  return sign && pico !== '0' ? `-${pico}` : pico;
}

/** Turns pico-dollars into the shortest decimal string of dollars: `1425000000` is `0.001425`. */
export function fromPico(pico: bigint | string): string {
  const amount = BigInt(pico);
  const size = amount < 0n ? -amount : amount;
  const fraction = (size % UNIT).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  return `${amount < 0n ? '-' : ''}${size / UNIT}${fraction && `.${fraction}`}`;
}

/** SQL for the two halves of an exact sum of pico-dollars: SQLite's own sum fails at nine million dollars, Postgres's does not. */
export const sumOf = (amount: string, name: string): string =>
  `cast(sum((${amount}) / 1000000) as text) as ${name}_high, cast(sum((${amount}) % 1000000) as text) as ${name}_low`;

export const COST_SUM = sumOf('cost_pico', 'cost');

/** Puts the halves of a sum together, in pico-dollars; null when no row had a cost. */
export function picoSum(row: { cost_high: unknown; cost_low: unknown }): bigint | null {
  if (row.cost_high === null || row.cost_low === null) return null;
  return BigInt(String(row.cost_high)) * 1_000_000n + BigInt(String(row.cost_low));
}
