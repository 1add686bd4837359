/** The routes as pages and API see them: what gateway.yaml says of each, and how its providers have fared. */
import type { Config } from './config/schema.ts';
import type { HealthView } from './pipeline/plan.ts';
import type { Provider } from './pipeline/provider.ts';
import type { PlaceView, RoutesView, RouteView } from './web/house.ts';

/** What of a blueprint is told. */
interface Routed {
  readonly config: Pick<Config, 'routes' | 'aliases' | 'breaker'>;
  readonly providers: ReadonlyMap<string, Provider>;
}

/** @param health how places have fared since the start, those of earlier configurations among them */
export function routesView({ config, providers }: Routed, health: readonly HealthView[]): RoutesView {
  const routed = new Set<string>();
  for (const { targets } of config.routes)
    for (const { provider } of targets) if (provider !== undefined) routed.add(provider);
  const names = new Set([...routed, ...health.map(({ provider }) => provider)]);
  const { window, share, least, probe } = config.breaker;
  return {
    routes: config.routes.map(routeView),
    aliases: config.aliases,
    breaker: { window, share, least, probeMs: Number(probe) },
    providers: [...names].map((name) => placeView(name, routed.has(name), providers.get(name), health)),
  };
}

function routeView({ name, match, strategy, sticky, restart, retry, targets }: Config['routes'][number]): RouteView {
  return {
    name,
    match,
    strategy,
    sticky,
    restart,
    retry: {
      attempts: retry.attempts,
      retries: retry.retries,
      backoffMs: Number(retry.backoff),
      maxBackoffMs: Number(retry.max_backoff),
      maxWaitMs: Number(retry.max_wait),
      deadlineMs: Number(retry.deadline),
    },
    targets: targets.map(({ provider = null, model = null, route = null, weight = 1 }) => ({
      provider,
      model,
      route,
      weight,
    })),
  };
}

/** Keys that were taken out of gateway.yaml stay for as long as anything is known of them. */
function placeView(
  name: string,
  isRouted: boolean,
  provider: Provider | undefined,
  health: readonly HealthView[],
): PlaceView {
  const own = health.filter((view) => view.provider === name);
  const of = (key: string | null): HealthView | null => own.find((view) => view.key === key) ?? null;
  const seen = own.flatMap(({ key }) => (key === null ? [] : [key]));
  const keys = new Set([...(provider?.keys ?? []).map((key) => key.name), ...seen]);
  return { name, isRouted, health: of(null), keys: [...keys].map((key) => ({ name: key, health: of(key) })) };
}
