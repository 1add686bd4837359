import type { Provider, Target } from '../pipeline/provider.ts';
import type { Asked, EndpointFacts } from './traffic.ts';

/** A route of gateway.yaml, ready to be asked. */
export interface CompiledRoute {
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

  targets(asked: Asked): readonly Target[] {
    const { providers, routes } = this.#parts;
    if (asked.listener.provider !== null) return one(providers.get(asked.listener.provider));
    for (const route of routes) if (route.applies(asked)) return route.targets;
    const { endpoint, dialect } = asked;
    const listing = asked.model === null ? undefined : this.#listing(asked.model, dialect.dialect);
    if (listing) return one(listing);
    const key = endpoint?.adapter ?? `family ${dialect.dialect}`;
    let found = this.#speaking.get(key);
    if (!found) {
      found = one(this.#speaker(endpoint, dialect.dialect));
      this.#speaking.set(key, found);
    }
    return found;
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

const targets = new WeakMap<Provider, readonly Target[]>();

function one(provider: Provider | undefined): readonly Target[] {
  if (!provider) return [];
  let list = targets.get(provider);
  if (!list) {
    list = [{ provider, model: null }];
    targets.set(provider, list);
  }
  return list;
}
