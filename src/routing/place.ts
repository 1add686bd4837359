import type { FailureClass, HealthView } from '../pipeline/plan.ts';
import { Aside } from './aside.ts';
import { Breaker, type BreakerRules } from './breaker.ts';
import { isOfKey } from './classes.ts';
import { Latency } from './latency.ts';

/** How many attempts the figures of a view look back on. */
const RECENT = 20;

/** What is known of a provider, or of one of its keys. */
export class Place {
  readonly provider: string;
  readonly key: string | null;
  /** What it was reached with, an address or a key: with another one it is another place. Never told. */
  readonly identity: string;
  readonly breaker = new Breaker();
  readonly aside = new Aside();
  readonly latency = new Latency();
  inFlight = 0;
  attempts = 0;
  failures = 0;
  seenAt = 0;
  #recent: boolean[] = [];
  #sickness: FailureClass | null = null;

  constructor(provider: string, key: string | null, identity: string) {
    this.provider = provider;
    this.key = key;
    this.identity = identity;
  }

  mayTry(now: number, rules: BreakerRules): boolean {
    return this.breaker.mayTry(now, rules) && this.aside.mayTry(now);
  }

  answered(): void {
    this.#recent.push(false);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  /** `wasAnswered`: it had begun well, and was counted so. */
  failed(failure: FailureClass, wasAnswered: boolean): void {
    this.failures++;
    if (!isOfKey(failure)) this.#sickness = failure;
    const at = wasAnswered ? this.#recent.lastIndexOf(false) : -1;
    if (at !== -1) this.#recent[at] = true;
    else this.#recent.push(true);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  /** `wall`: what to add to the clock's milliseconds to get those since 1970. */
  view(now: number, wall: number): HealthView {
    const untils = [this.breaker.until, this.aside.until(now)].filter((until) => until !== null);
    const until = untils.length === 0 ? null : Math.max(...untils);
    const latency = this.latency.value(now);
    return {
      provider: this.provider,
      key: this.key,
      state: this.#state(now, until),
      failure: until === null ? null : this.breaker.until === null ? this.aside.failure : this.#sickness,
      until: until === null ? null : new Date(until + wall).toISOString(),
      latencyMs: latency === null ? null : Math.round(latency * 10) / 10,
      inFlight: this.inFlight,
      attempts: this.attempts,
      failures: this.failures,
      recentFailures: this.#recent.filter(Boolean).length,
      recent: this.#recent.length,
    };
  }

  #state(now: number, until: number | null): HealthView['state'] {
    if (until === null) return 'closed';
    return now >= until ? 'half_open' : 'open';
  }
}
