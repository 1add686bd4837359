import type { Asked } from '../pipeline/asked.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Health, RoutePlan } from '../pipeline/plan.ts';
import type { Provider, Target } from '../pipeline/provider.ts';
import { type Caller, Destination, type Destinations } from './destinations.ts';
import { carriedState, namedState } from './foreign-state.ts';
import { hashOf } from './hash.ts';
import { agentOf } from './match.ts';
import type { Origin, Origins } from './origins.ts';
import { PriceGuesses } from './price-guess.ts';
import { type Candidate, type Order, STRATEGIES } from './strategies.ts';
import { ONLY, type Option, type Way } from './way.ts';

export interface PlannerParts {
  destinations: Destinations;
  /** How targets fare; null: nobody watches, and all may be tried. */
  health: Health | null;
  origins: Origins;
  /** From 0 to below 1. */
  random(): number;
}

/** The client's name for a model, and the model it stands for. */
export interface Alias {
  readonly alias: string;
  readonly model: string;
}

/** What holds a request where earlier ones went. */
interface Tie {
  /** What it carries, as the API calls it; for the session alone that. */
  readonly name: string;
  /** Only who made it can read it. */
  readonly isState: boolean;
  /** Null: it was made before anything was known, or elsewhere. */
  readonly origin: Origin | null;
}

/** A request on its way through the orders of routes. */
interface Trip extends Caller {
  readonly exchange: Exchange;
  /** The model that an alias stands for. */
  readonly renamed: string | null;
  readonly session: number | null;
  readonly isSettled: boolean;
}

/** Puts the targets of a way in order for one request. */
export class Planner {
  readonly #parts: PlannerParts;
  readonly #prices = new PriceGuesses();

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  plan(way: Way, asked: Asked, alias: Alias | null): RoutePlan {
    const fixed = alias === null ? way.fixedFor(asked) : null;
    if (fixed?.targets.length === 1) return fixed;
    const tie = way.sticky === 'never' ? null : this.#tieOf(way, asked.exchange);
    if (fixed && tie === null && this.#allOpen(fixed.targets)) return fixed;
    const trip = tripOf(asked, alias, tie?.isState === true && tie.origin === null);
    const order = this.#arrange(way, trip);
    const targets = flat(order.candidates);
    const decided = (reason: string, isBound = false): RoutePlan['decision'] => ({
      route: way.name,
      strategy: way.strategy,
      reason,
      alias: alias?.alias ?? null,
      isBound,
    });
    const home = tie?.origin ? homeOf(tie.origin, targets) : undefined;
    if (home === undefined) return this.#free(targets, decided, way, order.reason + untied(tie));
    if (!tie!.isState) {
      if (!this.#allOpen([home]))
        return this.#free(targets, decided, way, `${order.reason}; session leaves ${nameOf(home)}`);
      return this.#free(homeFirst(home, targets), decided, way, `session stays with ${nameOf(home)}`);
    }
    return { targets: [home], decision: decided(`bound to ${nameOf(home)}: ${tie!.name}`, true), policy: way.bound };
  }

  /** Those that are left alone come last; where all are, the order stays. */
  #free(
    targets: readonly Target[],
    decided: (reason: string) => RoutePlan['decision'],
    { policy }: Way,
    reason: string,
  ): RoutePlan {
    if (this.#allOpen(targets)) return { targets, decision: decided(reason), policy };
    const { health } = this.#parts;
    const open = targets.filter((target) => health!.mayTry(target));
    const order = open.length === 0 ? targets : [...open, ...targets.filter((target) => !open.includes(target))];
    const passed = order[0] === targets[0] ? '' : `; ${nameOf(targets[0]!)} is left alone`;
    return { targets: order, decision: decided(reason + passed), policy };
  }

  #allOpen(targets: readonly Target[]): boolean {
    const { health } = this.#parts;
    if (health !== null) for (const target of targets) if (!health.mayTry(target)) return false;
    return true;
  }

  /**
   * What ties a request to where earlier ones went. The body is searched only where that may matter:
   * of a session of which nothing is known, any order that is the same each time is as good as another.
   */
  #tieOf(way: Way, { request, state }: Exchange): Tie | null {
    const { origins } = this.#parts;
    const named = namedState(request);
    const session = state.session ? origins.ofSession(state.session.id) : null;
    if (named !== null) return { name: named.name, isState: true, origin: origins.ofId(named.id) ?? session };
    if (session === null && !way.isRestless) return null;
    const carried = carriedState(request);
    if (carried !== null) return { name: carried, isState: true, origin: session };
    return session !== null && way.sticky === 'session' ? { name: 'session', isState: false, origin: session } : null;
  }

  #arrange(way: Way, trip: Trip): Order {
    const candidates = way.options.map((option) => this.#candidateOf(option, trip));
    if (way.strategy === null || candidates.length === 1) return { candidates, reason: way.reason ?? ONLY };
    const { exchange, session, isSettled } = trip;
    const { health, random } = this.#parts;
    const model = exchange.request.model ?? '';
    return STRATEGIES[way.strategy](candidates, {
      exchange,
      model,
      session: isSettled ? (session ?? trip.seed ?? 0) : session,
      isSettled,
      health,
      prices: this.#prices,
      random,
    });
  }

  #candidateOf(option: Option, trip: Trip): Candidate {
    const { to } = option;
    const targets =
      to instanceof Destination ? this.#renamed(to, trip).targetsFor(trip) : flat(this.#arrange(to, trip).candidates);
    const { health } = this.#parts;
    const open = health === null ? targets[0] : targets.find((target) => health.mayTry(target));
    return { option, targets, first: open ?? targets[0]!, isOpen: open !== undefined };
  }

  /** A target that has no name of its own for the model gets the one that the alias stands for. */
  #renamed(destination: Destination, { renamed }: Trip): Destination {
    return renamed === null || destination.model !== null
      ? destination
      : this.#parts.destinations.of(destination.provider, renamed);
  }
}

function tripOf({ exchange, ownCredential }: Asked, alias: Alias | null, isSettled: boolean): Trip {
  const { state, principal, request } = exchange;
  const session = state.session ? hashOf(state.session.id) : null;
  const agent = agentOf(exchange);
  const who = principal === null && agent === null ? null : hashOf(`${principal?.name ?? ''}\n${agent ?? ''}`);
  return {
    exchange,
    renamed: alias?.model ?? null,
    session,
    seed: session ?? who,
    isSettled,
    bringsKeyTo: (provider) => ownCredential || hasKeyInQuery(provider, request),
  };
}

/** Google's SDKs put the key there. */
function hasKeyInQuery({ auth }: Provider, { search, query }: Exchange['request']): boolean {
  return auth.header === 'x-goog-api-key' && search.includes('key=') && (query.get('key') ?? '') !== '';
}

function flat(candidates: readonly Candidate[]): readonly Target[] {
  if (candidates.length === 1) return candidates[0]!.targets;
  const list: Target[] = [];
  // They are few: a Set would take longer than all comparisons.
  for (const { targets } of candidates) for (const target of targets) if (!list.includes(target)) list.push(target);
  return list;
}

/** The target of that origin; under another name of the model where it is, at least, of the same account. */
function homeOf({ provider, key, model }: Origin, targets: readonly Target[]): Target | undefined {
  const same = targets.filter((target) => target.provider.name === provider && (target.key?.name ?? null) === key);
  return same.find((target) => target.model === model) ?? same[0];
}

const homeFirst = (home: Target, targets: readonly Target[]): readonly Target[] =>
  targets[0] === home ? targets : [home, ...targets.filter((target) => target !== home)];

/** Why a request that would be held somewhere is not. */
function untied(tie: Tie | null): string {
  if (tie === null || (tie.origin !== null && !tie.isState)) return '';
  if (tie.origin === null) return `; who made its ${tie.name} is not known`;
  const { provider, key } = tie.origin;
  return `; ${key === null ? provider : `${provider} key ${key}`}, which made its ${tie.name}, is no target any more`;
}

const nameOf = ({ provider, key }: Target): string =>
  provider.keys.length > 1 && key !== null ? `${provider.name} key ${key.name}` : provider.name;
