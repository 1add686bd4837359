/** Something that may take too long. */
export interface Timed {
  /** Looks at its own clocks; called every 100 ms with the time of `Deadlines.now()`. */
  tick(now: number): void;
  /** The gateway ends and waits no longer. */
  stop(): void;
  /** Its place in the list, kept by `Deadlines`; -1 outside. */
  slot: number;
}

const INTERVAL_MS = 100;
/** A tick that comes this late tells of a process that was stopped (a suspended machine), not of a slow provider. */
const STOPPED_MS = 2000;

/**
 * Watches all limits of all exchanges with one timer.
 *
 * A timer for each limit of each exchange would have to be set anew with every chunk;
 * this costs nothing per chunk. Time in which the whole process stood still does not
 * count, or every limit would fire at once when it wakes.
 */
export class Deadlines {
  /** A list and not a Set: see `delete`. */
  readonly #timed: Timed[] = [];
  #timer: NodeJS.Timeout | null = null;
  #last = 0;
  #stopped = 0;

  /** Milliseconds on a monotonic clock that stands still while the process does. */
  now(): number {
    return performance.now() - this.#stopped;
  }

  add(timed: Timed): void {
    if (timed.slot !== -1) return;
    timed.slot = this.#timed.push(timed) - 1;
    if (this.#timer !== null) return;
    this.#last = performance.now();
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS).unref();
  }

  /**
   * Takes one out by putting the last one in its place.
   *
   * A Set that lives long makes its tables in the old generation, and each table it has
   * outgrown keeps all it ever held until a full collection: with a few thousand exchanges
   * a second everything they had touched was promoted, and a third of the CPU was the
   * collector's.
   */
  delete(timed: Timed): void {
    const { slot } = timed;
    if (slot === -1) return;
    timed.slot = -1;
    const last = this.#timed.pop()!;
    if (last !== timed) {
      this.#timed[slot] = last;
      last.slot = slot;
    }
    if (this.#timed.length > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Ends everything that is still under way, each visibly for its client. */
  stop(): void {
    for (const timed of [...this.#timed]) timed.stop();
  }

  #tick(): void {
    const clock = performance.now();
    if (clock - this.#last > STOPPED_MS) this.#stopped += clock - this.#last - INTERVAL_MS;
    this.#last = clock;
    const now = this.now();
    // Backwards: what a tick takes out changes only what was looked at already.
    for (let at = this.#timed.length - 1; at >= 0; at--) this.#timed[at]?.tick(now);
  }
}
