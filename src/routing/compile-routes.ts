/** From what gateway.yaml says of routes to what answers a request in a microsecond. */
import { compileGlobs } from '../bytes/glob.ts';
import type { Dialect } from '../pipeline/dialect.ts';
import type { Health, RetryPolicy, Strategy } from '../pipeline/plan.ts';
import type { Provider } from '../pipeline/provider.ts';
import { resolveAliases } from './aliases.ts';
import { Destinations } from './destinations.ts';
import { hashOf } from './hash.ts';
import { compileMatch, type MatchSpec } from './match.ts';
import type { Origins } from './origins.ts';
import { Planner } from './planner.ts';
import { Routes } from './routes.ts';
import { type Option, type Sticky, Way } from './way.ts';

/** A route of gateway.yaml, checked: names are there, and no route leads back to itself. */
export interface RouteSpec {
  readonly name: string;
  readonly match: MatchSpec;
  readonly strategy: Strategy;
  readonly sticky: Sticky;
  readonly targets: readonly TargetSpec[];
  /** Times are milliseconds. */
  readonly retry: {
    readonly attempts: number;
    readonly retries: number;
    readonly backoff: string | number;
    readonly max_backoff: string | number;
    readonly max_wait: string | number;
    readonly deadline: string | number;
  };
  readonly restart: boolean;
}

export interface TargetSpec {
  readonly provider?: string;
  readonly model?: string;
  readonly route?: string;
  readonly weight?: number;
}

export interface RoutesSpec {
  readonly routes: readonly RouteSpec[];
  readonly aliases: Readonly<Record<string, string>>;
  /** Those of gateway.yaml first, in its order. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Names of the providers that gateway.yaml itself lists. */
  readonly configured: Iterable<string>;
  /** The family of an adapter: `openai`. */
  familyOf(adapter: string): string;
  /** Who answers for a path that no adapter owns. */
  dialectOf(path: string): Dialect;
  readonly health: Health | null;
  readonly origins: Origins;
  /** For tests; else chance. */
  random?(): number;
}

export function compileRoutes(spec: RoutesSpec): Routes {
  const { providers, configured, dialectOf, health, origins, random = Math.random } = spec;
  const destinations = new Destinations();
  const families = new Map<Provider, ReadonlySet<string>>();
  const lists = new Map<Provider, (model: string) => boolean>();
  for (const provider of providers.values()) {
    families.set(provider, new Set(provider.adapters.map((adapter) => spec.familyOf(adapter))));
    lists.set(provider, provider.models.length === 0 ? () => false : compileGlobs(provider.models));
  }
  const ways = waysOf(spec.routes, providers, destinations);
  return new Routes({
    providers,
    destinations,
    configured: new Set(configured),
    families: (provider) => families.get(provider)!,
    lists: (provider, model) => lists.get(provider)!(model),
    dialectOf,
    aliases: resolveAliases(spec.aliases),
    planner: new Planner({ destinations, health, origins, random }),
    routes: spec.routes.map(({ match }, i) => ({ applies: compileMatch(match), way: ways[i]! })),
  });
}

/** Whether a request may have a choice with this configuration, so that its answer should say what was chosen. */
export const mayChoose = ({ routes, aliases, providers }: Pick<RoutesSpec, 'routes' | 'aliases' | 'providers'>) =>
  routes.length > 0 || Object.keys(aliases).length > 0 || [...providers.values()].some(({ keys }) => keys.length > 1);

/** A route that stands in another is led first: what is fixed of the other hangs on it. */
function waysOf(
  specs: readonly RouteSpec[],
  providers: ReadonlyMap<string, Provider>,
  destinations: Destinations,
): Way[] {
  const made = new Map<string, Way>();
  const wayOf = (spec: RouteSpec): Way => {
    const known = made.get(spec.name);
    if (known) return known;
    const { name, strategy, sticky } = spec;
    const way = new Way({ name, strategy, sticky, policy: policyOf(spec) });
    made.set(name, way);
    const names = namesOf(spec.targets);
    return way.lead(
      spec.targets.map(({ provider, model = null, route, weight = 1 }, i): Option => {
        const to =
          route === undefined
            ? destinations.of(providers.get(provider!)!, model)
            : wayOf(specs.find((other) => other.name === route)!);
        return { name: names[i]!, to, weight, hash: hashOf(`${provider ?? ''}\n${model ?? ''}\n${route ?? ''}`) };
      }),
    );
  };
  return specs.map(wayOf);
}

/** A provider that is there twice is told with its model. */
const namesOf = (targets: readonly TargetSpec[]): string[] =>
  targets.map(({ provider, model, route }) => {
    const isTwice = targets.filter((other) => other.provider === provider).length > 1;
    return route ?? (isTwice && model !== undefined ? `${provider}/${model}` : provider!);
  });

const policyOf = ({ retry, restart }: RouteSpec): RetryPolicy =>
  Object.freeze({
    attempts: retry.attempts,
    retries: retry.retries,
    backoff: Number(retry.backoff),
    maxBackoff: Number(retry.max_backoff),
    maxWait: Number(retry.max_wait),
    deadline: Number(retry.deadline),
    restart,
  });
