import type { ModelLimits } from '../metering/model-limits.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { FailureClass, Flight, Health, RetryPolicy } from '../pipeline/plan.ts';
import type { Target } from '../pipeline/provider.ts';
import type { AttemptRecord } from '../pipeline/record.ts';
import { isMisleading, mayPass } from './classes.ts';
import type { RetryBudget } from './retry-budget.ts';
import { Stops } from './stops.ts';

export interface JourneyParts {
  exchange: Exchange;
  health: Health;
  budget: RetryBudget;
  /** From 0 up to 1. */
  random: () => number;
  limitsOf: (provider: string, model: string | null) => ModelLimits;
}

/** What came of an attempt. */
export interface Setback {
  failure: FailureClass;
  /** Milliseconds for which the provider wants to be left alone; null where it does not say. */
  retryAfterMs: number | null;
  /** False: the client's own key was sent. */
  ownKey: boolean;
  /** The provider says that asking it again is of no use (`x-should-retry: false`). */
  isFinal?: boolean;
}

/** What to do about it. `why` is in words for people, with no names in it that a client has chosen. */
export type Step =
  | {
      kind: 'send';
      /** Where it goes after the wait, unless that place is bad by then: `depart` tells. */
      target: Target;
      /** Milliseconds to wait before `depart`. */
      waitMs: number;
      why: string;
    }
  | {
      kind: 'give_up';
      why: string;
      /** When it may be worth another try, as far as anybody said; null: nobody did. */
      retryAfterMs: number | null;
      /**
       * Which failure is the client's to see. `first`: the later ones are of places it never meant
       * to go to, and say nothing true about its request (a fallback that refuses a parameter).
       */
      shown: 'first' | 'last';
    };

/** One attempt under way: its flight must be ended, once. */
export interface Departure {
  target: Target;
  flight: Flight;
}

/** Of what a provider asks for; those who were told the same come back a little apart. */
const JITTER = 0.1;
const LEAST_JITTER_MS = 50;
const MOST_JITTER_MS = 500;

/**
 * One exchange on its way along its plan: where it is sent first, and where after each
 * failure. It decides and keeps count; it sends nothing and waits for nothing.
 *
 *     let { target, flight } = journey.depart();
 *     // it failed:
 *     flight.failed(failure, retryAfterMs, ownKey);
 *     journey.note({ status: 503, reason: 'status_503', ms: 12, failure, ownKey });
 *     const step = journey.after({ failure, retryAfterMs, ownKey }, exchange.elapsed());
 *     if (step.kind === 'send') { await wait(step.waitMs); ({ target, flight } = journey.depart()); }
 *
 * The flight is told before `after` is asked, so that the place's health counts in the
 * decision. A place that is known to be bad is sent to only where no other may be tried.
 */
export class Journey {
  readonly #parts: JourneyParts;
  readonly #policy: RetryPolicy;
  #stops: Stops | null = null;
  #at = 0;
  /** Where it was sent the first time. */
  #first: number | null = null;
  /** A listener has named the provider. */
  #isNamed = false;
  /** How often the target was asked once more. */
  #retries = 0;
  #waitsSince: number | null = null;
  #waited = 0;
  /** Attempts so far, with the one under way. */
  tries = 0;

  constructor(parts: JourneyParts) {
    this.#parts = parts;
    this.#policy = parts.exchange.plan.policy;
  }

  /** Where it goes, or went last. */
  get target(): Target {
    return this.#targets[this.#at]!;
  }

  /** The first target that may be tried. Where all are bad, the first: an answer is still more likely there than here. */
  first(): Target {
    if (this.#first === null && this.#targets.length > 1) this.#at = this.#route.next(0)?.index ?? 0;
    return this.target;
  }

  /**
   * It leaves now. Says so in the exchange. What went bad while it waited is left for another
   * target, where one may be tried.
   */
  depart(): Departure {
    const { exchange, health, budget } = this.#parts;
    const now = exchange.elapsed();
    if (this.#first === null) this.first();
    else if (!this.#isNamed && !health.mayTry(this.target)) {
      const other = this.#route.next(now);
      if (other?.mayTry) this.#moveTo(other.index);
    }
    this.#isNamed = false;
    const { target } = this;
    if (this.#isNew()) budget.sent(target.provider.name);
    this.#first ??= this.#at;
    this.#waited = this.#waitsSince === null ? 0 : Math.round(now - this.#waitsSince);
    this.#waitsSince = null;
    this.tries++;
    exchange.target = target;
    exchange.leftAt ??= now;
    return { target, flight: health.depart(target) };
  }

  /** What to do now. `elapsedMs`: since the request's arrival. */
  after(setback: Setback, elapsedMs: number): Step {
    const { attempts, deadline } = this.#policy;
    this.#learn(setback, elapsedMs);
    const why = this.#isOver(setback);
    if (why !== null) return this.#giveUp(why, setback, elapsedMs);
    if (this.tries >= attempts) return this.#giveUp('all attempts are used up', setback, elapsedMs);
    if (elapsedMs >= deadline) return this.#giveUp('the deadline is over', setback, elapsedMs);
    return this.#goOn(setback, elapsedMs) ?? this.#giveUp('nobody else may be asked', setback, elapsedMs);
  }

  /** Moves to the target of that provider because a listener asks for it, or stays for null; false when there is none, or enough was tried. */
  turnTo(provider: string | null): boolean {
    if (this.tries >= this.#policy.attempts) return false;
    const index = provider === null ? this.#at : this.#targets.findIndex((target) => target.provider.name === provider);
    if (index === -1) return false;
    if (index !== this.#at) this.#moveTo(index);
    this.#isNamed = true;
    return true;
  }

  /** Writes down what came of the attempt under way. `failure` is absent for an answer; `status` is null where there was none. */
  note(told: { status: number | null; reason: string; ms: number; failure?: FailureClass; ownKey: boolean }): void {
    const { status, reason, ms, failure, ownKey } = told;
    const { exchange } = this.#parts;
    const { provider, model, key } = this.target;
    const record: AttemptRecord = {
      provider: provider.name,
      model: model ?? exchange.request.model,
      status,
      reason,
      ms,
    };
    if (ownKey && key !== null && provider.keys.length > 1) record.key = key.name;
    if (failure !== undefined) record.class = failure;
    if (this.#waited > 0) record.waited_ms = this.#waited;
    exchange.attempts.push(record);
  }

  get #targets(): readonly Target[] {
    return this.#parts.exchange.targets;
  }

  /** Made late: most requests have one target, and it answers. */
  get #route(): Stops {
    const { exchange, health, limitsOf } = this.#parts;
    if (this.#stops === null) {
      this.#stops = new Stops(exchange.targets, exchange.request.model, health, limitsOf);
      if (this.tries > 0) this.#stops.visit(this.#at);
    }
    return this.#stops;
  }

  /** It goes to the target for the first time. */
  #isNew(): boolean {
    return this.#targets.length === 1 ? this.tries === 0 : this.#route.visit(this.#at);
  }

  get #isFallback(): boolean {
    return this.#at !== this.#first;
  }

  #moveTo(index: number): void {
    this.#at = index;
    this.#retries = 0;
  }

  /** Why nobody is asked any more after such a failure; null: somebody may be. */
  #isOver({ failure, ownKey }: Setback): string | null {
    const { plan } = this.#parts.exchange;
    if (failure === 'content_filter') return 'a filter refused what it says';
    if (failure === 'bad_request') return this.#isFallback ? null : 'the request is wrong';
    if (failure === 'no_model')
      return this.#isFallback || this.target.model !== null ? null : 'the client has named that model';
    if (failure === 'foreign_state') return plan.decision.isBound ? 'only its origin can read what it carries' : null;
    if (failure === 'auth') return ownKey ? null : "the client's own key was refused";
    if (failure === 'broken') return this.#policy.restart ? null : 'the answer had begun';
    return null;
  }

  /** What the failure says about the other targets. */
  #learn({ failure, retryAfterMs, ownKey }: Setback, elapsedMs: number): void {
    const route = this.#route;
    if (retryAfterMs !== null) route.leaveAlone(this.#at, elapsedMs + retryAfterMs, ownKey);
    if (failure === 'quota' || failure === 'auth') route.skipKey(this.#at, ownKey);
    else if (failure === 'context_length') route.skipShorter(this.#at);
    // Another key reaches the same machines; where the client's own is sent, even as the same customer.
    else if (failure !== 'rate' && failure !== 'foreign_state') route.skipModel(this.#at);
    else if (!ownKey) route.skipModel(this.#at);
  }

  /** Null: there is nothing to be done. */
  #goOn(setback: Setback, elapsedMs: number): Step | null {
    const { health } = this.#parts;
    const wait = this.#waitHere(setback, elapsedMs);
    const isTold = setback.retryAfterMs !== null;
    // Who names a time may be asked at that time, though until then the place is left alone.
    const isWell = isTold || health.mayTry(this.target);
    const isSoon = this.#retries < this.#policy.retries && (isTold || setback.failure !== 'rate');
    if (isSoon && isWell && this.#granted(wait)) return this.#again(setback, wait, elapsedMs);
    const next = this.#route.next(elapsedMs);
    if (next?.mayTry) return this.#next(setback, next.index);
    if (isWell && this.#granted(wait)) return this.#again(setback, wait, elapsedMs);
    if (next !== null) return this.#next(setback, next.index);
    return this.#granted(wait) ? this.#again(setback, wait, elapsedMs) : null;
  }

  #granted(wait: number | null): wait is number {
    return wait !== null && this.#parts.budget.grant(this.target.provider.name);
  }

  /** Milliseconds until the same target may be asked once more; null: it may not. */
  #waitHere({ failure, retryAfterMs, isFinal = false }: Setback, elapsedMs: number): number | null {
    const { retries, backoff, maxBackoff, maxWait, deadline } = this.#policy;
    if (retries === 0 || isFinal || !mayPass(failure) || (retryAfterMs ?? 0) > maxWait) return null;
    const random = this.#parts.random();
    const grown = Math.min(maxBackoff, backoff * 2 ** this.#retries) * (1 + random) * 0.5;
    const told = retryAfterMs ?? 0;
    const apart = random * Math.min(MOST_JITTER_MS, Math.max(LEAST_JITTER_MS, told * JITTER));
    const wait = Math.ceil(failure === 'rate' && retryAfterMs !== null ? told + apart : Math.max(grown, told + apart));
    return elapsedMs + wait < deadline ? wait : null;
  }

  #again({ failure }: Setback, waitMs: number, elapsedMs: number): Step {
    this.#retries++;
    this.#waitsSince = elapsedMs;
    return { kind: 'send', target: this.target, waitMs, why: `${failure}: once more` };
  }

  #next({ failure }: Setback, index: number): Step {
    this.#moveTo(index);
    return { kind: 'send', target: this.target, waitMs: 0, why: `${failure}: next target` };
  }

  #giveUp(why: string, { failure }: Setback, elapsedMs: number): Step {
    const shown = this.#isFallback && isMisleading(failure) ? 'first' : 'last';
    return { kind: 'give_up', why: `${failure}: ${why}`, retryAfterMs: this.#route.soonest(elapsedMs), shown };
  }
}
