import { hash, randomBytes } from 'node:crypto';

const DIGITS = 16;
const PREFIX = 'chain-';

/**
 * The id of a session that nobody names: of who calls and of its first messages, whose hashes carry the salt. Another
 * process with the same database, and this one after a restart, make the same of the same.
 */
export function derivedId(scope: number, opening: Float64Array): string {
  const bytes = Buffer.alloc(8 * (opening.length + 1));
  bytes.writeDoubleLE(scope);
  for (let at = 0; at < opening.length; at++) bytes.writeDoubleLE(opening[at]!, 8 * (at + 1));
  return PREFIX + hash('sha256', bytes, 'hex').slice(0, DIGITS);
}

/** An id of its own, where that one is taken. */
export const freshId = (): string => PREFIX + randomBytes(DIGITS / 2).toString('hex');
