/** A peak is forgotten at this pace, milliseconds. */
const DECAY_MS = 10_000;

/** What nobody has measured for this long says nothing any more, milliseconds: somebody may try again. */
const STALE_MS = 5 * 60_000;

/**
 * A moving average of milliseconds that believes bad news at once and good news slowly: a
 * slower answer is taken as it is, a quicker one pulls the average down with the time that
 * has passed. One slow provider is left before many requests have found it slow.
 */
export class Latency {
  #average = 0;
  #at: number | null = null;

  /** `now`: when it was measured, milliseconds that only grow. */
  add(ms: number, now: number): void {
    if (!Number.isFinite(ms) || ms < 0) return;
    if (this.#at === null || now - this.#at > STALE_MS || ms >= this.#average) this.#average = ms;
    else {
      const kept = Math.exp((this.#at - now) / DECAY_MS);
      this.#average = this.#average * kept + ms * (1 - kept);
    }
    this.#at = now;
  }

  /** Null: nothing was measured lately. */
  value(now: number): number | null {
    return this.#at === null || now - this.#at > STALE_MS ? null : this.#average;
  }
}
