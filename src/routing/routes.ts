import type { Asked, EndpointFacts } from '../pipeline/asked.ts';
import type { Dialect } from '../pipeline/dialect.ts';
import type { RetryPolicy, RoutePlan } from '../pipeline/plan.ts';
import type { Provider, Target } from '../pipeline/provider.ts';

/** A route of gateway.yaml, ready to be asked. */
export interface CompiledRoute {
  /** Of gateway.yaml, or its place there: `routes[2]`. */
  name: string;
  applies(asked: Asked): boolean;
  targets: readonly Target[];
}

export interface RouteParts {
  routes: readonly CompiledRoute[];
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

/**
 * Finds where a request goes: the listener's provider, the first route that matches, the
 * provider that lists the model, then the API's home (`google` for Gemini's paths) where
 * gateway.yaml has it, then the first one there that speaks the API, or at least its family,
 * or else the home in the catalogue.
 *
 * The home comes before the first: a server of models on one's own machine that is added at
 * the top must not take what was meant for OpenAI.
 */
export class Routes {
  readonly #parts: RouteParts;
  readonly #speaking = new Map<string, readonly Target[]>();

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  plan(asked: Asked): RoutePlan {
    const { providers, routes } = this.#parts;
    const { named, listener } = asked;
    if (named !== null) return planned(one(named), null, 'named by the path');
    if (listener.provider !== null) return planned(one(providers.get(listener.provider)), null, 'all of this listener');
    for (const route of routes)
      if (route.applies(asked)) return planned(route.targets, route.name, 'the first that matches');
    return planned(...this.#unrouted(asked));
  }

  #unrouted({ exchange, endpoint }: Asked): [targets: readonly Target[], route: null, reason: string] {
    const { path, model } = exchange.request;
    const { dialect: family } = endpoint?.dialect ?? this.#parts.dialectOf(path);
    const listing = model === null ? undefined : this.#listing(model, family);
    if (listing) return [one(listing), null, 'lists the model'];
    const key = endpoint?.adapter ?? `family ${family}`;
    let found = this.#speaking.get(key);
    if (!found) {
      found = one(this.#speaker(endpoint, family));
      this.#speaking.set(key, found);
    }
    return [found, null, 'speaks the API'];
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

const planned = (targets: readonly Target[], route: string | null, reason: string): RoutePlan => ({
  targets,
  decision: { route, strategy: route === null ? null : 'fallback', reason, alias: null, isBound: false },
  policy: POLICY,
});

const targets = new WeakMap<Provider, readonly Target[]>();

function one(provider: Provider | undefined): readonly Target[] {
  if (!provider) return [];
  let list = targets.get(provider);
  if (!list) {
    list = [{ provider, model: null, key: provider.keys[0] ?? null }];
    targets.set(provider, list);
  }
  return list;
}
