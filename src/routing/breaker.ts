/** When a place counts as bad, and how often it is tried then. */
export interface BreakerRules {
  /** Attempts that are looked back on. */
  readonly window: number;
  /** Percent of them that have to fail. */
  readonly share: number;
  /** With fewer attempts than these nothing is said by a share. */
  readonly least: number;
  /** Milliseconds between two tries of a place that is bad. */
  readonly probe: number;
}

export const BREAKER: BreakerRules = Object.freeze({ window: 20, share: 50, least: 5, probe: 5000 });

/** So many failures in a row are enough, whatever was before. */
const IN_A_ROW = 5;

/** A try that has said nothing for so many times `probe` is not waited for: behind it the place may be well again. */
const PATIENCE = 4;

/** A sick provider is tried at least this often, whatever it says, milliseconds: it may be well before it thought. */
const SELDOM_MS = 25_000;

/** One attempt, as the breaker remembers it. It may turn out bad after it had looked good. */
export interface Try {
  failed: boolean;
  /** It was let through to find out. */
  readonly isProbe: boolean;
  /** When it left. */
  readonly at: number;
}

/**
 * Closed, requests pass. It opens when `share` percent of the last `window` attempts have
 * failed, or five in a row. Open, one request passes each `probe` milliseconds; its success
 * closes, its failure opens again. Real requests only: nothing is sent, and paid, to find out.
 *
 * Times are those of the caller's clock, milliseconds that only grow.
 */
export class Breaker {
  #tries: Try[] = [];
  #inARow = 0;
  /** When it opened; null while it is closed. */
  #openedAt: number | null = null;
  /** When it last opened or closed: what left before that tells of another time. */
  #since = Number.NEGATIVE_INFINITY;
  #nextProbe = 0;
  #probe: Try | null = null;
  /** The one that closed it. */
  #healer: Try | null = null;

  mayTry(now: number, { probe }: BreakerRules): boolean {
    if (this.#openedAt === null) return true;
    if (this.#probe !== null && now - this.#probe.at < PATIENCE * probe) return false;
    return now >= this.#nextProbe;
  }

  /** One leaves; whoever comes though it may not counts as well. */
  depart(now: number, rules: BreakerRules): Try {
    const isProbe = this.#openedAt !== null && this.mayTry(now, rules);
    const attempt: Try = { failed: false, isProbe, at: now };
    if (isProbe) this.#probe = attempt;
    return attempt;
  }

  succeeded(attempt: Try, now: number, { window }: BreakerRules): void {
    if (attempt.at < this.#since) return;
    this.#inARow = 0;
    if (this.#openedAt !== null) {
      this.#openedAt = null;
      this.#since = now;
      this.#probe = null;
      this.#tries = [];
      this.#healer = attempt;
    }
    this.#remember(attempt, window);
  }

  /** Also of one that had succeeded before. `retryAfterMs`: when the provider wants to be asked again, where it says so. */
  failed(attempt: Try, now: number, rules: BreakerRules, retryAfterMs: number | null = null): void {
    attempt.failed = true;
    if (!this.#tries.includes(attempt)) {
      if (attempt.at < this.#since) return;
      this.#remember(attempt, rules.window);
      this.#inARow++;
    }
    if (this.#openedAt !== null) {
      if (attempt === this.#probe) this.#probeAgain(now, rules, retryAfterMs);
    } else if (attempt === this.#healer || this.#isBad(rules)) {
      this.#openedAt = now;
      this.#since = now;
      this.#probeAgain(now, rules, retryAfterMs);
    }
  }

  /** It is over and has said nothing: its client left, or the request was bad. */
  released(attempt: Try): void {
    if (this.#probe === attempt) this.#probe = null;
  }

  /** When one may pass again; null while it is closed. */
  get until(): number | null {
    return this.#openedAt === null ? null : this.#nextProbe;
  }

  #probeAgain(now: number, { probe }: BreakerRules, retryAfterMs: number | null): void {
    this.#probe = null;
    this.#nextProbe = now + Math.max(probe, Math.min(retryAfterMs ?? 0, SELDOM_MS));
  }

  #isBad({ window, share, least }: BreakerRules): boolean {
    if (this.#inARow >= IN_A_ROW) return true;
    const last = this.#tries.slice(-window);
    const failures = last.filter(({ failed }) => failed).length;
    return last.length >= least && failures * 100 >= share * last.length;
  }

  #remember(attempt: Try, window: number): void {
    this.#tries.push(attempt);
    if (this.#tries.length > window) this.#tries.splice(0, this.#tries.length - window);
  }
}
