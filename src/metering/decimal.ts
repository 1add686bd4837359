/**
 * Exact decimal numbers: an integer and how many of its digits stand behind the point.
 *
 * Money is never a double here. 3 and 7 tokens of a model for $0.15 and $0.60 per million
 * are 0.00000465, and a million of such rows still add up to the last digit.
 */
export interface Decimal {
  readonly digits: bigint;
  /** Digits behind the point, 0 or more: the value is digits / 10^scale. */
  readonly scale: number;
}

export const ZERO: Decimal = { digits: 0n, scale: 0 };
export const ONE: Decimal = { digits: 1n, scale: 0 };

/** More than any price needs; a text beyond it is a mistake or an attack on memory. */
const MAX_DIGITS = 100;
const MAX_EXPONENT = 100;
const LITERAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Reads a number literal such as `0.15`, `-3` or `1e-7` without rounding; throws a RangeError for anything else. */
export function parseDecimal(literal: string | number): Decimal {
  const text = typeof literal === 'number' ? String(literal) : literal.trim();
  const [, sign, whole = '', fraction = '', exponent = '0'] = LITERAL.exec(text) ?? [];
  const figures = whole + fraction;
  if (sign === undefined || figures === '') throw new RangeError(`not a decimal number: ${text.slice(0, 40)}`);
  const scale = fraction.length - Number(exponent);
  if (figures.length > MAX_DIGITS || Math.abs(scale) > MAX_EXPONENT)
    throw new RangeError('too many digits for a price');
  const digits = BigInt(sign === '-' ? `-${figures}` : figures);
  return scale < 0 ? { digits: digits * tenTo(-scale), scale: 0 } : { digits, scale };
}

export function add(a: Decimal, b: Decimal): Decimal {
  if (a.scale === b.scale) return { digits: a.digits + b.digits, scale: a.scale };
  return a.scale > b.scale
    ? { digits: a.digits + b.digits * tenTo(a.scale - b.scale), scale: a.scale }
    : { digits: a.digits * tenTo(b.scale - a.scale) + b.digits, scale: b.scale };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

/** The same value with at least `scale` digits behind the point: numbers of one scale add up fastest. */
export function widen(value: Decimal, scale: number): Decimal {
  return value.scale >= scale ? value : { digits: value.digits * tenTo(scale - value.scale), scale };
}

/** Divides by 10^places, exactly. */
export function shift(value: Decimal, places: number): Decimal {
  return { digits: value.digits, scale: value.scale + places };
}

/** Divides by a positive whole number; what does not come out even is rounded half up at `places` digits. */
export function divide(value: Decimal, divisor: number, places: number): Decimal {
  const by = BigInt(divisor);
  const room = Math.max(places - value.scale, 0);
  const scaled = value.digits * tenTo(room);
  const scale = value.scale + room;
  if (scaled % by === 0n) return { digits: scaled / by, scale };
  const half = scaled < 0n ? -by / 2n : by / 2n;
  return { digits: (scaled + half) / by, scale };
}

/** Negative, zero or positive, as a sort function wants it. */
export function compare(a: Decimal, b: Decimal): number {
  const left = a.digits * tenTo(Math.max(b.scale - a.scale, 0));
  const right = b.digits * tenTo(Math.max(a.scale - b.scale, 0));
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Writes the shortest plain form: no exponent, no trailing zeros, `0` for zero. */
export function formatDecimal(value: Decimal): string {
  const negative = value.digits < 0n;
  const figures = (negative ? -value.digits : value.digits).toString().padStart(value.scale + 1, '0');
  const point = figures.length - value.scale;
  let end = figures.length;
  while (end > point && figures.charCodeAt(end - 1) === DIGIT_ZERO) end--;
  const text = end === point ? figures.slice(0, point) : `${figures.slice(0, point)}.${figures.slice(point, end)}`;
  return negative ? `-${text}` : text;
}

const DIGIT_ZERO = 48;

/** Small powers are asked for on every request. */
const POWERS = Array.from({ length: 32 }, (_, power) => 10n ** BigInt(power));

function tenTo(power: number): bigint {
  return POWERS[power] ?? 10n ** BigInt(power);
}
