/** Null when a promise rejects, or takes longer than so many milliseconds. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, milliseconds, null);
  });
  const result = await Promise.race([promise.catch(() => null), late]);
  clearTimeout(timer);
  return result;
}

/** Waits, without keeping the process alive for it. */
export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
