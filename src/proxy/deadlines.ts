/** Something that may take too long. */
export interface Timed {
  /** Looks at its own clocks; called every 100 ms with the time of `Deadlines.now()`. */
  tick(now: number): void;
  /** The gateway ends and waits no longer. */
  stop(): void;
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
  readonly #timed = new Set<Timed>();
  #timer: NodeJS.Timeout | null = null;
  #last = 0;
  #stopped = 0;

  /** Milliseconds on a monotonic clock that stands still while the process does. */
  now(): number {
    return performance.now() - this.#stopped;
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
    if (this.#timer !== null) return;
    this.#last = performance.now();
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS).unref();
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
    if (this.#timed.size > 0 || this.#timer === null) return;
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
    for (const timed of this.#timed) timed.tick(now);
  }
}
