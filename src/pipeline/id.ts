import { randomBytes } from 'node:crypto';

const POOL = 4096;
let pool = Buffer.alloc(0);
let used = 0;

/** Makes an exchange's id: 12 hex digits of milliseconds, so that ids sort by time, then 80 random bits. */
export function newId(now: number): string {
  if (used + 10 > pool.length) {
    pool = randomBytes(POOL);
    used = 0;
  }
  const random = pool.toString('hex', used, used + 10);
  used += 10;
  return now.toString(16).padStart(12, '0') + random;
}
