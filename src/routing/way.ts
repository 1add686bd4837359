import type { Asked } from '../pipeline/asked.ts';
import type { RetryPolicy, RoutePlan, Strategy } from '../pipeline/plan.ts';
import { Destination } from './destinations.ts';

export type Sticky = 'session' | 'state' | 'never';

/** One of the targets as gateway.yaml has it: a provider with all of its keys, or another route. */
export interface Option {
  /** For people: the provider, with the model where it is there twice; the other route. */
  readonly name: string;
  readonly to: Destination | Way;
  readonly weight: number;
  /** Of what it leads to, whatever stands beside it. */
  readonly hash: number;
}

export interface WayParts {
  /** Null where no route of gateway.yaml is taken. */
  readonly name: string | null;
  readonly strategy: Strategy | null;
  readonly sticky: Sticky;
  readonly policy: RetryPolicy;
  /** Why it goes here, where the strategy does not say it. */
  readonly reason?: string;
}

/** Retries that a request has at least which only one target can answer. */
const BOUND_RETRIES = 2;

/** Where requests may go: a route of gateway.yaml, or one provider. What is the same for each request is made once. */
export class Way {
  readonly name: string | null;
  readonly strategy: Strategy | null;
  readonly sticky: Sticky;
  readonly policy: RetryPolicy;
  readonly reason: string | null;
  /** The policy of what only one target can answer. */
  readonly bound: RetryPolicy;
  #options: readonly Option[] = [];
  #fixed: RoutePlan | null = null;
  #own: RoutePlan | null = null;
  #isRestless = false;

  constructor({ name, strategy, sticky, policy, reason }: WayParts) {
    this.name = name;
    this.strategy = strategy;
    this.sticky = sticky;
    this.policy = policy;
    this.bound = boundOf(policy);
    this.reason = reason ?? null;
  }

  get options(): readonly Option[] {
    return this.#options;
  }

  /** Says where it leads to: apart from the rest, because routes lead to each other. Those that stand in it must know theirs. */
  lead(options: readonly Option[]): this {
    this.#options = options;
    const destinations = options.map(({ to }) => to).filter((to) => to instanceof Destination);
    const isPlain = destinations.length === options.length && (options.length === 1 || isListed(this.strategy));
    if (isPlain) this.#own = this.#plan(destinations.flatMap(({ own }) => own));
    if (isPlain && destinations.every(({ targets }) => targets.length === 1))
      this.#fixed = this.#plan(destinations.flatMap(({ targets }) => targets));
    this.#isRestless = this.strategy === 'fastest' || options.some(({ to }) => to instanceof Way && to.isRestless);
    return this;
  }

  /** The plan of each request for which nothing speaks against the first choice; null where there is none. */
  fixedFor({ ownCredential }: Asked): RoutePlan | null {
    return ownCredential ? this.#own : this.#fixed;
  }

  /** Its order changes from request to request, also of one session. */
  get isRestless(): boolean {
    return this.#isRestless;
  }

  #plan(targets: RoutePlan['targets']): RoutePlan {
    const { name: route, strategy, policy } = this;
    const reason = this.reason ?? (targets.length === 1 ? ONLY : LISTED);
    const decision = Object.freeze({ route, strategy, reason, alias: null, isBound: false });
    return Object.freeze({ targets: Object.freeze([...new Set(targets)]), decision, policy });
  }
}

/** Without a route failures are the client's to see, so it does not wait for long. */
function boundOf(policy: RetryPolicy): RetryPolicy {
  const attempts = policy.retries === 0 ? Math.min(policy.attempts, 1 + BOUND_RETRIES) : policy.attempts;
  return { ...policy, attempts, retries: Math.max(policy.retries, BOUND_RETRIES) };
}

const isListed = (strategy: Strategy | null): boolean => strategy === null || strategy === 'fallback';

export const ONLY = 'the only target';
export const LISTED = 'fallback: as listed';
