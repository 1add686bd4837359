/** Whole numbers of 52 bits that stand for lists: quick to make, and exact in a double. */

const HALF = 0x4000000;
const LOW = HALF - 1;

/**
 * Takes one more number into a hash. What goes in are salted hashes, so nobody can choose them to meet; this only has
 * to keep their order and to spread.
 *
 * @param value a whole number of 52 bits at most
 */
export function mix(hash: number, value: number): number {
  const hashHigh = (hash / HALF) | 0;
  const valueHigh = (value / HALF) | 0;
  const hashLow = (hash - hashHigh * HALF) | 0;
  const valueLow = (value - valueHigh * HALF) | 0;
  let one = Math.imul(hashHigh ^ valueLow, 0x9e3779b1);
  let other = Math.imul(hashLow ^ valueHigh, 0x5f356495) ^ hashHigh;
  one = Math.imul(one ^ (other >>> 15), 0x85ebca6b);
  other = Math.imul(other ^ (one >>> 13), 0xc2b2ae35);
  one ^= other >>> 16;
  other ^= one >>> 16;
  return (other & LOW) * HALF + (one & LOW);
}

/** A hash to begin with, of some names; who has none differs from who is called ''. */
export function seedOf(...names: readonly (string | null | undefined)[]): number {
  let hash = 1;
  for (const name of names) {
    hash = mix(hash, name === null || name === undefined ? 1 : 2);
    for (let at = 0; name && at < name.length; at++) hash = mix(hash, name.charCodeAt(at));
  }
  return hash;
}
