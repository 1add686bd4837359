import type Router from '@koa/router';
import type { HealthView } from '../../pipeline/plan.ts';
import type { WebState } from '../access.ts';
import type { House } from '../house.ts';
import { refuseUnknown } from '../parameters.ts';

/** Adds `/api/v1/routes`: where requests go, and how those have fared who are asked. */
export function addRoutes(router: Router<WebState>, house: House): void {
  router.get('/api/v1/routes', (ctx) => {
    refuseUnknown(ctx.query, []);
    const { routes, aliases, breaker, providers } = house.routing();
    ctx.body = {
      routes: routes.map(({ retry, ...route }) => ({
        ...route,
        retry: {
          attempts: retry.attempts,
          retries: retry.retries,
          backoff_ms: retry.backoffMs,
          max_backoff_ms: retry.maxBackoffMs,
          max_wait_ms: retry.maxWaitMs,
          deadline_ms: retry.deadlineMs,
        },
      })),
      aliases,
      breaker: { window: breaker.window, share: breaker.share, least: breaker.least, probe_ms: breaker.probeMs },
      providers: providers.map(({ name, isRouted, health, keys }) => ({
        name,
        routed: isRouted,
        health: healthOf(health),
        keys: keys.map((key) => ({ name: key.name, health: healthOf(key.health) })),
      })),
    };
  });
}

/** Null where nothing went there yet. */
function healthOf(view: HealthView | null) {
  if (view === null) return null;
  return {
    state: view.state,
    failure: view.failure,
    until: view.until,
    latency_ms: view.latencyMs,
    in_flight: view.inFlight,
    attempts: view.attempts,
    failures: view.failures,
    recent: view.recent,
    recent_failures: view.recentFailures,
  };
}
