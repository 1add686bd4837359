import { setImmediate as nextTurn } from 'node:timers/promises';

/** So many short steps take a millisecond or two. */
const SLICE = 100;

/** Maps a list in slices, and lets traffic pass between them. */
export async function inSlices<T, R>(list: readonly T[], work: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  for (const [at, item] of list.entries()) {
    if (at > 0 && at % SLICE === 0) await nextTurn();
    results.push(work(item));
  }
  return results;
}
