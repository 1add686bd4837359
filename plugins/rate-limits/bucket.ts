/** So many units, all at once if need be; what was taken flows off evenly within the window. */
export interface Allowance {
  readonly most: number;
  /** Milliseconds. */
  readonly window: number;
}

/** When another request ends nobody knows: ask again then, milliseconds. */
export const ASK_AGAIN_MS = 1000;
/** Units that time alone has not carried off, where a sum of fractions should have. */
const DUST = 1e-6;

/**
 * A leaky bucket: the sum of what was used in a stretch of time is never more than the
 * allowance and what flows off in that time.
 *
 * What is held for a request under way does not flow off: nobody knows yet when it will
 * have been used. Times are milliseconds of a clock that never goes back.
 */
export class Bucket {
  #used = 0;
  #at = 0;
  #held = 0;

  /** Units that are used or held now. */
  filled(allowance: Allowance, now: number): number {
    this.#flow(allowance, now);
    return this.#used + this.#held;
  }

  /** Whole units there is room for. */
  room(allowance: Allowance, now: number): number {
    return Math.max(0, Math.floor(allowance.most - this.filled(allowance, now) + DUST));
  }

  /** Milliseconds until there is room; 0 now, null never. Where others must end first, for as long as is known. */
  wait(amount: number, allowance: Allowance, now: number): number | null {
    if (amount > allowance.most) return null;
    const missing = this.filled(allowance, now) + amount - allowance.most;
    if (missing <= DUST) return 0;
    return missing <= this.#used ? timeFor(missing, allowance) : Math.max(ASK_AGAIN_MS, timeFor(this.#used, allowance));
  }

  /** Milliseconds until it is empty, if nothing more is taken. */
  emptyIn(allowance: Allowance, now: number): number {
    return timeFor(this.filled(allowance, now), allowance);
  }

  take(amount: number, allowance: Allowance, now: number): void {
    this.#flow(allowance, now);
    this.#used += amount;
  }

  /** Gives back what was taken then and not used. What has flowed off since may have been that, so it stays. */
  giveBack(amount: number, then: number, allowance: Allowance, now: number): void {
    this.#flow(allowance, now);
    const flowed = ((now - then) * allowance.most) / allowance.window;
    this.#used = Math.max(0, this.#used - Math.max(0, amount - flowed));
  }

  hold(amount: number): void {
    this.#held += amount;
  }

  /** Ends a hold: `used` of it is used now. */
  settle(held: number, used: number, allowance: Allowance, now: number): void {
    this.#held -= held;
    this.take(used, allowance, now);
  }

  #flow({ most, window }: Allowance, now: number): void {
    this.#used = Math.max(0, this.#used - ((now - this.#at) * most) / window);
    this.#at = now;
  }
}

const timeFor = (amount: number, { most, window }: Allowance): number => (amount * window) / most;
