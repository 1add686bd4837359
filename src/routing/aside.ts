import type { FailureClass } from '../pipeline/plan.ts';

/** Nobody is left alone for longer than this, whatever was said, milliseconds. */
const LONGEST_MS = 10 * 60_000;

/** An account with nothing left, or a key that is refused: somebody has to mend it, which may have happened by then. */
const UNTIL_MENDED_MS = 5 * 60_000;

/** A try that has said nothing for this long is not waited for, milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * A key that is left alone for a while: over its limit, out of money, or refused.
 *
 * How long is the provider's to say, and then all may pass again. Where it says nothing the
 * time is a guess, and one request finds out whether it was long enough.
 */
export class Aside {
  #until = 0;
  #setAt = 0;
  #isGuess = false;
  #failure: FailureClass | null = null;
  #probeAt: number | null = null;

  mayTry(now: number): boolean {
    if (this.#failure === null) return true;
    if (now < this.#until) return false;
    return !this.#isGuess || this.#probeAt === null || now - this.#probeAt >= PATIENCE_MS;
  }

  /** One leaves. True: it is the one that finds out. */
  depart(now: number): boolean {
    if (this.#failure === null || !this.mayTry(now)) return false;
    if (this.#isGuess) this.#probeAt = now;
    else this.#failure = null;
    return this.#isGuess;
  }

  /** `guess`: milliseconds for a key that is over its limit where the provider names no time. */
  set(failure: FailureClass, retryAfterMs: number | null, now: number, guess: number): void {
    const isMendable = failure === 'quota' || failure === 'auth';
    // For an account with nothing left "in a second" is what the limiter says, not the cashier.
    const told = isMendable && retryAfterMs !== null ? Math.max(retryAfterMs, UNTIL_MENDED_MS) : retryAfterMs;
    const until = now + Math.min(told ?? (isMendable ? UNTIL_MENDED_MS : guess), LONGEST_MS);
    this.#probeAt = null;
    if (this.#failure !== null && until < this.#until) return;
    this.#until = until;
    this.#setAt = now;
    this.#isGuess = retryAfterMs === null || isMendable;
    this.#failure = failure;
  }

  /** One that had left at `departedAt` was answered. A time that the provider has named stands all the same. */
  answered(departedAt: number): void {
    if (!this.#isGuess || departedAt < this.#setAt) return;
    this.#failure = null;
    this.#probeAt = null;
  }

  /** The one that was to find out is over and has said nothing. */
  released(): void {
    this.#probeAt = null;
  }

  /** Null while it is not aside. What the provider said is over when it is over; a guess has to be tried first. */
  until(now: number): number | null {
    return this.#failure === null || (!this.#isGuess && now >= this.#until) ? null : this.#until;
  }

  get failure(): FailureClass | null {
    return this.#failure;
  }
}
