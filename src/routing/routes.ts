import type { Asked, EndpointFacts } from '../pipeline/asked.ts';
import type { Dialect } from '../pipeline/dialect.ts';
import type { RetryPolicy, RoutePlan } from '../pipeline/plan.ts';
import type { Provider } from '../pipeline/provider.ts';
import type { Destinations } from './destinations.ts';
import { hashOf } from './hash.ts';
import type { Alias, Planner } from './planner.ts';
import { Way } from './way.ts';

/** A route of gateway.yaml, ready to be asked. */
export interface CompiledRoute {
  /** `model` is what the client's name is an alias of; null where it is none. */
  applies(asked: Asked, model: string | null): boolean;
  readonly way: Way;
}

export interface RouteParts {
  routes: readonly CompiledRoute[];
  /** What each alias stands for in the end. */
  aliases: ReadonlyMap<string, string>;
  planner: Planner;
  destinations: Destinations;
  /** Those of gateway.yaml first, in its order. */
  providers: ReadonlyMap<string, Provider>;
  /** Names of the providers that gateway.yaml itself lists. */
  configured: ReadonlySet<string>;
  /** Families that a provider speaks: those of its adapters. */
  families(provider: Provider): ReadonlySet<string>;
  /** Whether a provider lists a model. */
  lists(provider: Provider, model: string): boolean;
  /** Who answers for a path that no adapter owns. */
  dialectOf(path: string): Dialect;
}

type Reason = 'named by the path' | 'all of this listener' | 'lists the model' | 'speaks the API';

/**
 * Finds where a request goes: the provider that the path names, the listener's, the first route that
 * matches, the provider that lists the model, then the API's home (`google` for Gemini's paths) where
 * gateway.yaml has it, then the first one there that speaks the API, or at least its family,
 * or else the home in the catalogue.
 *
 * The home comes before the first: a server of models on one's own machine that is added at
 * the top must not take what was meant for OpenAI.
 */
export class Routes {
  readonly #parts: RouteParts;
  readonly #speaking = new Map<string, Way | null>();
  readonly #ways = new Map<Provider, Map<Reason, Way>>();

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  plan(asked: Asked): RoutePlan {
    const { providers, routes, planner } = this.#parts;
    const { named, listener } = asked;
    const alias = this.#aliasOf(asked);
    if (named !== null) return this.#to(named, 'named by the path', asked, alias);
    if (listener.provider !== null)
      return this.#to(providers.get(listener.provider), 'all of this listener', asked, alias);
    const model = alias?.model ?? null;
    for (const route of routes) if (route.applies(asked, model)) return planner.plan(route.way, asked, alias);
    return this.#unrouted(asked, alias);
  }

  #aliasOf({ exchange }: Asked): Alias | null {
    const { aliases } = this.#parts;
    if (aliases.size === 0) return null;
    const alias = exchange.request.model;
    const model = alias === null ? undefined : aliases.get(alias);
    return model === undefined ? null : { alias: alias!, model };
  }

  #unrouted(asked: Asked, alias: Alias | null): RoutePlan {
    const { endpoint } = asked;
    const { request } = asked.exchange;
    const { dialect: family } = endpoint?.dialect ?? this.#parts.dialectOf(request.path);
    const model = alias?.model ?? request.model;
    const listing = model === null ? undefined : this.#listing(model, family);
    if (listing) return this.#to(listing, 'lists the model', asked, alias);
    const key = endpoint?.adapter ?? `family ${family}`;
    let way = this.#speaking.get(key);
    if (way === undefined) {
      const speaker = this.#speaker(endpoint, family);
      way = speaker ? this.#wayTo(speaker, 'speaks the API') : null;
      this.#speaking.set(key, way);
    }
    return way === null ? nobody(alias) : this.#parts.planner.plan(way, asked, alias);
  }

  #to(provider: Provider | undefined, reason: Reason, asked: Asked, alias: Alias | null): RoutePlan {
    if (provider === undefined) return nobody(alias);
    let ways = this.#ways.get(provider);
    if (!ways) {
      ways = new Map();
      this.#ways.set(provider, ways);
    }
    let way = ways.get(reason);
    if (!way) {
      way = this.#wayTo(provider, reason);
      ways.set(reason, way);
    }
    return this.#parts.planner.plan(way, asked, alias);
  }

  #wayTo(provider: Provider, reason: Reason): Way {
    const { name } = provider;
    const way = new Way({ name: null, strategy: null, sticky: 'state', policy: POLICY, reason });
    return way.lead([{ name, to: this.#parts.destinations.of(provider, null), weight: 1, hash: hashOf(name) }]);
  }

  #listing(model: string, family: string): Provider | undefined {
    const { families, lists } = this.#parts;
    return this.#configured((provider) => families(provider).has(family) && lists(provider, model));
  }

  #speaker(endpoint: EndpointFacts | null, family: string): Provider | undefined {
    const { providers, configured, families } = this.#parts;
    const home = endpoint?.home ?? family;
    if (configured.has(home)) return providers.get(home);
    const speaks = endpoint && this.#configured(({ adapters }) => adapters.includes(endpoint.adapter));
    const related = speaks ?? this.#configured((provider) => families(provider).has(family));
    return related ?? providers.get(home);
  }

  /** The first provider of gateway.yaml for which that holds. */
  #configured(holds: (provider: Provider) => boolean): Provider | undefined {
    const { providers, configured } = this.#parts;
    for (const provider of providers.values()) {
      if (!configured.has(provider.name)) break;
      if (holds(provider)) return provider;
    }
    return undefined;
  }
}

/** Failures are the client's to see, unless a route says otherwise. */
const POLICY: RetryPolicy = {
  attempts: 6,
  retries: 0,
  backoff: 250,
  maxBackoff: 5000,
  maxWait: 5000,
  deadline: Number.POSITIVE_INFINITY,
  restart: false,
};

const nobody = (alias: Alias | null): RoutePlan => ({
  targets: [],
  decision: {
    route: null,
    strategy: null,
    reason: 'nobody answers for this path',
    alias: alias?.alias ?? null,
    isBound: false,
  },
  policy: POLICY,
});
