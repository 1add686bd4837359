/** What two lists of messages have in common. */

/** How many messages they begin with alike. */
export function commonStart(one: Float64Array, other: Float64Array): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one[at] === other[at]) at++;
  return at;
}

export interface Overlap {
  /** Messages of both in the same order, from a place on. */
  readonly count: number;
  /** Where the newest message of the old list is in the new one; -1: nowhere. */
  readonly newestAt: number;
}

/**
 * Compares a list with an older one behind what they begin with alike: what was left out, put in or written anew in
 * between does not matter.
 */
export function overlapOf(old: Float64Array, list: Float64Array, from: number): Overlap {
  const places = new Map<number, number>();
  for (let at = from; at < old.length; at++) places.set(old[at]!, at);
  // The longest rise of places: `ends[n]` is the lowest place that a rise of n + 1 messages ends at.
  const ends: number[] = [];
  for (let at = from; at < list.length; at++) {
    const place = places.get(list[at]!);
    if (place !== undefined) ends[firstNotBelow(ends, place)] = place;
  }
  const newest = old.length > from ? old[old.length - 1]! : Number.NaN;
  const newestAt = list.lastIndexOf(newest);
  return { count: ends.length, newestAt: newestAt < from ? -1 : newestAt };
}

function firstNotBelow(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a list begins with the end of an older one, up to a place: a window that has moved on. */
export function isWindow(old: Float64Array, list: Float64Array, end: number): boolean {
  const skipped = old.length - 1 - end;
  if (skipped <= 0) return false;
  for (let at = 0; at <= end; at++) if (list[at] !== old[skipped + at]) return false;
  return true;
}
