/** US dollars as decimal texts, such as `0.0007725`: never negative, never with an exponent, never a double. */

/** Negative, zero or positive, as a sort function wants it; exact to the last digit. */
export function compareUsd(one: string, other: string): number {
  const [whole, fraction] = partsOf(one);
  const [otherWhole, otherFraction] = partsOf(other);
  if (whole.length !== otherWhole.length) return whole.length - otherWhole.length;
  if (whole !== otherWhole) return whole < otherWhole ? -1 : 1;
  if (fraction === otherFraction) return 0;
  return fraction < otherFraction ? -1 : 1;
}

/** The larger of two amounts. An amount that is unknown may be the larger one, so the answer is unknown then. */
export function dearer(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return null;
  return compareUsd(one, other) >= 0 ? one : other;
}

const PLACES = 6;

/** Six digits behind the point. What lies exactly between two goes to the even one: `0.0007725` is `0.000772`. */
export function sixPlaces(usd: string): string {
  const [whole, fraction] = partsOf(usd);
  if (fraction.length <= PLACES) return `${whole}.${fraction.padEnd(PLACES, '0')}`;
  let digits = BigInt(whole + fraction.slice(0, PLACES));
  const rest = fraction.slice(PLACES);
  if (rest > '5' || (rest === '5' && digits % 2n === 1n)) digits += 1n;
  const text = digits.toString().padStart(PLACES + 1, '0');
  return `${text.slice(0, -PLACES)}.${text.slice(-PLACES)}`;
}

/** Without zeros that say nothing, so that texts of one length compare as numbers. */
function partsOf(usd: string): [whole: string, fraction: string] {
  const [whole = '', fraction = ''] = usd.split('.', 2);
  return [whole.replace(/^0+(?=\d)/, ''), fraction.replace(/0+$/, '')];
}
