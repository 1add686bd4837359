/** Words for times and sizes, and what they come to. */

const TIMES: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** The longest time a timer of Node can wait, milliseconds: just under 25 days. */
const LONGEST = 2 ** 31 - 1;
const LARGEST = 64 * 1024 ** 3;

/**
 * Reads a time such as 250ms, 10s, 5m, 1h or 2d and returns milliseconds; a number is milliseconds already.
 * Throws an error that says what to write instead. With `least` 0 no time at all is one, too.
 */
export function milliseconds(value: string | number, least = 1): number {
  const time = Math.round(amount(value, TIMES, 'a time such as 250ms, 10s, 5m or 1h'));
  if (time < least) throw new Error('must be more than 0; write a time such as 250ms, 10s, 5m or 1h');
  if (time > LONGEST) throw new Error('is too long; the longest time is 24d');
  return time;
}

/**
 * Reads a size such as 64KiB, 32MiB or 32MB and returns bytes; a number is bytes already.
 * Throws an error that says what to write instead.
 */
export function bytes(value: string | number): number {
  const size = Math.round(amount(value, SIZES, 'a size such as 64KiB, 32MiB or 32MB'));
  if (size < 1) throw new Error('must be more than 0; write a size such as 64KiB, 32MiB or 32MB');
  if (size > LARGEST) throw new Error('is too large; the largest size is 64GiB');
  return size;
}

function amount(value: string | number, units: Readonly<Record<string, number>>, wanted: string): number {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new Error(`must be ${wanted}`);
  }
  const [, number, unit] = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]{1,3})$/.exec(value.trim()) ?? [];
  const factor = Object.hasOwn(units, unit ?? '') ? units[unit!]! : null;
  if (number !== undefined && factor !== null) return Number(number) * factor;
  if (/^\d+(\.\d+)?$/.test(value)) throw new Error(`has no unit; write ${wanted}`);
  throw new Error(`must be ${wanted}`);
}
