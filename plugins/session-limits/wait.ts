/** Requests that are made slow. Each is an open connection: there may only be so many. */
export class Waits {
  readonly #most: number;
  readonly #ends = new Set<() => void>();

  constructor(most = 1000) {
    this.#most = most;
  }

  get waiting(): number {
    return this.#ends.size;
  }

  get full(): boolean {
    return this.#ends.size >= this.#most;
  }

  /** Resolves after so many milliseconds, or as soon as the one who waits has left. */
  wait(milliseconds: number, whenGone: (leave: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#ends.add(end);
      whenGone(end);
    });
  }
}
