import type { Provider } from '../pipeline/provider.ts';
import type { Asked, Target } from './traffic.ts';

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
  /** Families that a provider speaks. */
  families(provider: Provider): ReadonlySet<string>;
  /** Whether a provider lists a model. */
  lists(provider: Provider, model: string): boolean;
}

/**
 * Finds where a request goes: the listener's provider, the first route that matches, the
 * provider that lists the model, then the first one that speaks the path's dialect, in the
 * order of gateway.yaml. A provider that is only in the catalogue is asked when it has the
 * family's own name: `openai`, `anthropic`.
 */
export class Routes {
  readonly #parts: RouteParts;
  readonly #byDialect = new Map<string, readonly Target[]>();

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  targets(asked: Asked): readonly Target[] {
    const { providers, routes } = this.#parts;
    if (asked.listener.provider !== null) return one(providers.get(asked.listener.provider));
    for (const route of routes) if (route.applies(asked)) return route.targets;
    const listing = asked.model === null ? undefined : this.#listing(asked.model, asked.dialect.dialect);
    return listing ?? this.#speaking(asked.dialect.dialect);
  }

  #listing(model: string, family: string): readonly Target[] | undefined {
    const { providers, configured, families, lists } = this.#parts;
    for (const provider of providers.values()) {
      if (!configured.has(provider.name)) break;
      if (families(provider).has(family) && lists(provider, model)) return one(provider);
    }
    return undefined;
  }

  #speaking(family: string): readonly Target[] {
    const known = this.#byDialect.get(family);
    if (known) return known;
    const { providers, configured, families } = this.#parts;
    let found: Provider | undefined;
    for (const provider of providers.values()) {
      if (!configured.has(provider.name)) break;
      if (families(provider).has(family)) {
        found = provider;
        break;
      }
    }
    const targets = one(found ?? providers.get(family));
    this.#byDialect.set(family, targets);
    return targets;
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
