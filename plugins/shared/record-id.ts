import { createHash } from 'node:crypto';

/** Where the id of an exchange has its time. */
const NO_TIME = '0'.repeat(12);
const HASH_DIGITS = 20;

/**
 * Makes the id of a record that may be told several times: the same names give the same id,
 * so that the database keeps it once, over restarts and processes. Its time is no part of
 * it: who tells again may tell another time.
 */
export function recordId(...names: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(names)).digest('hex');
  return NO_TIME + hash.slice(0, HASH_DIGITS);
}
