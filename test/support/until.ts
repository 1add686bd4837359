/** Waits until something holds: looked at every 10 ms, given up loudly after `milliseconds`. */
export async function until(
  what: string,
  holds: () => unknown | Promise<unknown>,
  milliseconds = 10_000,
): Promise<void> {
  const limit = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
