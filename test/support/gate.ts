/** Holds those who wait until they are released; a release that finds nobody counts for the next. */
export class Gate {
  #waiting: (() => void)[] = [];
  #permits = 0;

  release(): void {
    if (this.#waiting.length === 0) this.#permits += 1;
    for (const go of this.#waiting.splice(0)) go();
  }

  async pass(signal: AbortSignal): Promise<void> {
    if (this.#permits > 0) {
      this.#permits -= 1;
      return;
    }
    await new Promise<void>((go, stop) => {
      this.#waiting.push(go);
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== go);
        stop(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
