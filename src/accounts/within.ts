/** Steps of the time below, milliseconds. */
const STEP_MS = 50;

/**
 * Calls back after so many milliseconds in which this process could work. While it stood still,
 * with five hundred requests at once or under SIGSTOP, nobody could hear an answer
 * that was there. Returns what ends it.
 */
export function afterAwake(milliseconds: number, work: () => void): () => void {
  let left = milliseconds;
  let timer: NodeJS.Timeout | undefined;
  const step = (): void => {
    const span = Math.min(left, STEP_MS);
    timer = setTimeout(() => {
      left -= span;
      if (left > 0) step();
      else work();
    }, span);
  };
  step();
  return () => clearTimeout(timer);
}

/** Null when a promise rejects, or takes longer than so many milliseconds. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  let end = (): void => {};
  const late = new Promise<null>((resolve) => {
    end = afterAwake(milliseconds, () => resolve(null));
  });
  const result = await Promise.race([promise.catch(() => null), late]);
  end();
  return result;
}

/** Waits, without keeping the process alive for it. */
export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
