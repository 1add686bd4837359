import type { FailureClass, Flight, Health, HealthView } from '../pipeline/plan.ts';
import type { Target } from '../pipeline/provider.ts';
import { BREAKER, type BreakerRules, type Try } from './breaker.ts';
import { isOfKey, isSick } from './classes.ts';
import { Place } from './place.ts';
import { RetryBudget } from './retry-budget.ts';

/** A place nobody has gone to for this long is forgotten, milliseconds. */
const FORGOTTEN_MS = 24 * 3_600_000;

/**
 * How providers and their keys have fared, by what real requests met there. It outlives
 * configurations: a change of gateway.yaml mends nobody.
 *
 * A provider that is down is known by its failures, whatever the key; a key that is over its
 * limit, out of money or refused says nothing of the provider, nor of its other keys. What is
 * the request's own fault says nothing of either.
 */
export class HealthBook implements Health {
  /** How much may be sent to the same provider once more. */
  readonly retries: RetryBudget;
  readonly #now: () => number;
  readonly #wall: () => number;
  readonly #places = new Map<string, Place>();
  #rules: BreakerRules = BREAKER;
  readonly #rulesNow = (): BreakerRules => this.#rules;

  /** `now`: milliseconds that only grow. `wall`: milliseconds since 1970. */
  constructor(now: () => number = () => performance.now(), wall: () => number = Date.now) {
    this.#now = now;
    this.#wall = wall;
    this.retries = new RetryBudget(now);
  }

  /** Rules of another configuration. What is open stays open, and is tried again. */
  configure(rules: Partial<BreakerRules>): void {
    this.#rules = { ...BREAKER, ...rules };
  }

  mayTry(target: Target): boolean {
    const now = this.#now();
    const { provider, key } = this.#placesOf(target, now);
    return provider.mayTry(now, this.#rules) && (key === null || key.mayTry(now, this.#rules));
  }

  latency(target: Target): number | null {
    const now = this.#now();
    const { provider, key } = this.#placesOf(target, now);
    return key?.latency.value(now) ?? provider.latency.value(now);
  }

  inFlight(target: Target): number {
    const { provider, key } = this.#placesOf(target, this.#now());
    return (key ?? provider).inFlight;
  }

  depart(target: Target): Flight {
    const { provider, key } = this.#placesOf(target, this.#now());
    return new OwnFlight(provider, key, this.#now, this.#rulesNow);
  }

  views(): readonly HealthView[] {
    const now = this.#now();
    const wall = this.#wall() - now;
    this.#forget(now);
    return [...this.#places.values()]
      .map((place) => place.view(now, wall))
      .sort((a, b) => compare(a.provider, b.provider) || compare(a.key ?? '', b.key ?? ''));
  }

  #placesOf({ provider, key }: Target, now: number): { provider: Place; key: Place | null } {
    return {
      provider: this.#place(provider.name, null, provider.baseUrl, now),
      key: key === null ? null : this.#place(provider.name, key.name, key.value, now),
    };
  }

  #place(provider: string, key: string | null, identity: string, now: number): Place {
    const id = key === null ? provider : `${provider}\n${key}`;
    let place = this.#places.get(id);
    if (place?.identity !== identity) {
      // Another address or another key of that name: what was wrong was mended, perhaps by that.
      if (place === undefined) this.#forget(now);
      place = new Place(provider, key, identity);
      this.#places.set(id, place);
    }
    place.seenAt = now;
    return place;
  }

  /** Places come from gateway.yaml alone, so there are few; those of earlier ones go here. */
  #forget(now: number): void {
    for (const [id, place] of this.#places)
      if (now - place.seenAt > FORGOTTEN_MS && place.inFlight === 0) this.#places.delete(id);
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** One request under way, told to its provider and its key. */
class OwnFlight implements Flight {
  readonly #provider: Place;
  /** Null: nothing tells keys apart there, and what holds of the key is written down for the provider. */
  readonly #key: Place | null;
  readonly #now: () => number;
  readonly #rules: () => BreakerRules;
  readonly #departedAt: number;
  readonly #try: Try;
  readonly #findsOut: boolean;
  #state: 'away' | 'answered' | 'failed' | 'ended' = 'away';

  constructor(provider: Place, key: Place | null, now: () => number, rules: () => BreakerRules) {
    this.#provider = provider;
    this.#key = key;
    this.#now = now;
    this.#rules = rules;
    this.#departedAt = now();
    const mayTry = provider.mayTry(this.#departedAt, rules()) && (key?.mayTry(this.#departedAt, rules()) ?? true);
    this.#try = mayTry
      ? provider.breaker.depart(this.#departedAt, rules())
      : { failed: false, isProbe: false, at: this.#departedAt };
    this.#findsOut = mayTry && (key ?? provider).aside.depart(this.#departedAt);
    for (const place of this.#places) {
      place.inFlight++;
      place.attempts++;
    }
  }

  answered(ms: number): void {
    if (this.#state !== 'away') return;
    this.#state = 'answered';
    const now = this.#now();
    for (const place of this.#places) {
      place.answered();
      place.latency.add(ms, now);
    }
    this.#provider.breaker.succeeded(this.#try, now, this.#rules());
    (this.#key ?? this.#provider).aside.answered(this.#departedAt);
  }

  failed(failure: FailureClass, retryAfterMs: number | null, ownKey: boolean): void {
    if (this.#state === 'failed' || this.#state === 'ended') return;
    const wasAnswered = this.#state === 'answered';
    this.#state = 'failed';
    const now = this.#now();
    const rules = this.#rules();
    if (isSick(failure)) {
      this.#provider.failed(failure, wasAnswered);
      this.#provider.breaker.failed(this.#try, now, rules, retryAfterMs);
    } else if (isOfKey(failure) && ownKey) {
      const place = this.#key ?? this.#provider;
      place.failed(failure, wasAnswered);
      place.aside.set(failure, retryAfterMs, now, rules.probe);
    }
    this.#release();
  }

  ended(): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'away') this.#release();
    this.#state = 'ended';
    for (const place of this.#places) place.inFlight--;
  }

  #release(): void {
    this.#provider.breaker.released(this.#try);
    if (this.#findsOut) (this.#key ?? this.#provider).aside.released();
  }

  get #places(): readonly Place[] {
    return this.#key === null ? [this.#provider] : [this.#provider, this.#key];
  }
}
