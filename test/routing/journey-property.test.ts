import { expect } from 'chai';

import type { FailureClass } from '../../src/pipeline/plan.ts';
import type { Target } from '../../src/pipeline/provider.ts';
import type { Journey } from '../../src/routing/journey.ts';
import { type POLICY, targetOf, type Way, wayOf } from '../support/journeys.ts';

const ROUNDS = 4000;

const FAILURES: readonly FailureClass[] = [
  ...(['connect', 'timeout', 'rate', 'quota', 'auth', 'server', 'overloaded', 'context_length'] as const),
  ...(['content_filter', 'foreign_state', 'no_model', 'bad_request', 'broken'] as const),
];

type Random = () => number;

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const below = (random: Random, most: number): number => Math.floor(random() * most);
const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)]!;

function wayAtRandom(random: Random): Way {
  const names = Array.from({ length: 1 + below(random, 6) }, () => {
    const key = random() < 0.5 ? `/${pick(random, ['x', 'y'])}` : '';
    return `${pick(random, ['a', 'b', 'c', 'd'])}${key}${random() < 0.5 ? `:${pick(random, ['m', 'n'])}` : ''}`;
  });
  const policy = {
    attempts: 1 + below(random, 9),
    retries: below(random, 4),
    backoff: below(random, 3000),
    maxWait: below(random, 8000),
    deadline: 1 + below(random, 20_000),
    restart: random() < 0.5,
  };
  const windows = { m: 1000, n: below(random, 2000) };
  return wayOf([...new Set(names)], { policy, windows, random, decision: { isBound: random() < 0.1 } });
}

/** What others meet meanwhile. */
function others({ book }: Way, random: Random): void {
  for (let i = below(random, 8); i > 0; i--) {
    const flight = book.depart(targetOf(pick(random, ['a', 'b', 'c', 'd', 'a/x', 'b/y'])));
    if (random() < 0.4) flight.answered(5);
    else flight.failed(pick(random, FAILURES), random() < 0.3 ? below(random, 5000) : null, true);
    flight.ended();
  }
}

const placeOf = ({ provider, key }: Target): string => `${provider.name} ${key?.name}`;
const modelOf = ({ provider, model }: Target): string => `${provider.name} ${model}`;

/** Follows one journey to its end; throws where it breaks a promise. */
class Follower {
  readonly #way: Way;
  readonly #random: Random;
  readonly #began: number;
  readonly #notBefore = new Map<string, number>();
  readonly #silent = new Set<string>();
  readonly #empty = new Set<string>();
  readonly #providers = new Set<string>();
  #wasTooLong = false;
  sent = 0;

  constructor(way: Way, random: Random) {
    this.#way = way;
    this.#random = random;
    this.#began = way.clock.ms;
  }

  follow(policy: typeof POLICY, targets: readonly Target[]): void {
    const { clock, journey } = this.#way;
    for (;;) {
      others(this.#way, this.#random);
      this.#check(this.#departure(journey, targets), policy);
      clock.ms += below(this.#random, 2000);
      const step = this.#fail(journey);
      if (step.kind === 'give_up') return;
      expect(step.waitMs, 'the deadline').to.be.below(policy.deadline - (clock.ms - this.#began));
      expect(policy.retries > 0 || step.waitMs === 0, 'no wait without retries').to.equal(true);
      clock.ms += step.waitMs;
    }
  }

  #departure(journey: Journey, targets: readonly Target[]): Target {
    const { book } = this.#way;
    const well = targets.filter((target) => !this.#providers.has(target.provider.name) && book.mayTry(target));
    const wasWell = new Map(targets.map((target) => [target, book.mayTry(target)]));
    const { target, flight } = journey.depart();
    if (!this.#wasTooLong && wasWell.get(target) === false)
      expect(well.map(placeOf), 'a bad place while another may be tried').to.deep.equal([]);
    this.#flight = flight;
    return target;
  }

  #flight!: ReturnType<Journey['depart']>['flight'];

  #check(target: Target, { attempts, deadline }: typeof POLICY): void {
    const elapsed = this.#way.clock.ms - this.#began;
    this.sent++;
    expect(this.sent, 'attempts').to.be.at.most(attempts);
    if (this.sent > 1) expect(elapsed, 'the deadline').to.be.below(deadline);
    expect(this.#notBefore.get(placeOf(target)) ?? 0, 'before its time').to.be.at.most(this.#way.clock.ms);
    expect(this.#silent.has(modelOf(target)), 'a silent one again').to.equal(false);
    expect(this.#empty.has(placeOf(target)), 'an empty account again').to.equal(false);
    this.#providers.add(target.provider.name);
  }

  #fail(journey: Journey) {
    const { clock } = this.#way;
    const { target } = journey;
    const failure = pick(this.#random, FAILURES);
    const told = this.#random() < 0.4 ? below(this.#random, 9000) : null;
    const ownKey = this.#random() < 0.8;
    this.#flight.failed(failure, told, ownKey);
    this.#flight.ended();
    if (told !== null) this.#notBefore.set(placeOf(target), clock.ms + told);
    if (failure === 'timeout') this.#silent.add(modelOf(target));
    if (failure === 'quota' || failure === 'auth') this.#empty.add(placeOf(target));
    if (failure === 'context_length') this.#wasTooLong = true;
    return journey.after({ failure, retryAfterMs: told, ownKey }, clock.ms - this.#began);
  }
}

describe('any journey', () => {
  it('ends within its attempts and its deadline, comes back nowhere too early, and spares places that are bad', () => {
    const lengths = new Set<number>();
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = randomOf(seed);
      const way = wayAtRandom(random);
      const { plan, targets } = way.exchange;
      const follower = new Follower(way, random);
      try {
        follower.follow(plan.policy, targets);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
      lengths.add(follower.sent);
    }
    // They were not all over at once.
    expect(Math.max(...lengths)).to.be.above(6);
  });
});
