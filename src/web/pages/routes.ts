import type Router from '@koa/router';
import type { HealthView } from '../../pipeline/plan.ts';
import type { WebState } from '../access.ts';
import type { Desk } from '../desk.ts';
import type { PlaceView, RoutesView, RouteView } from '../house.ts';
import { matchWords, retryWords, stateWords, stickyWords, strategyWords } from '../route-words.ts';

/** What somebody writes who has no route yet. */
export const FIRST_ROUTE = `routes:
  - name: chat
    match: { model: "gpt-*" }
    targets:
      - { provider: openai }
      - { provider: openrouter, model: openai/gpt-4o }   # asked where openai fails
    retry: { attempts: 4, deadline: 1m }`;

/** Adds `/dashboard/routes`: where requests go, and how those have fared who are asked. */
export function addRoutesPage(router: Router<WebState>, desk: Desk): void {
  router.get('/dashboard/routes', (ctx) => {
    const view = desk.house.routing();
    desk.show(ctx, 'routes', { title: 'Routes', menu: 'routes', live: true, ...routesData(view) });
  });
}

function routesData({ routes, aliases, breaker, providers }: RoutesView) {
  const places = new Map(providers.map((place) => [place.name, place]));
  return {
    routes: routes.map((route, index) => routeData(route, index, places)),
    first: FIRST_ROUTE,
    aliases: Object.entries(aliases).map(([alias, model]) => ({ alias, model })),
    breaker,
    providers: providers.map(placeData),
    bad: providers.filter(isBad).map(({ name }) => name),
  };
}

const isBad = ({ health, keys }: PlaceView): boolean =>
  [health, ...keys.map((key) => key.health)].some((view) => view !== null && view.state !== 'closed');

function routeData(route: RouteView, index: number, places: ReadonlyMap<string, PlaceView>) {
  const { name, strategy, sticky, targets } = route;
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  return {
    number: index + 1,
    name,
    match: matchWords(route),
    strategy,
    strategyWords: strategyWords(route),
    sticky,
    stickyWords: stickyWords(route),
    retry: retryWords(route),
    targets: targets.map(({ weight, ...target }, at) => ({
      ...target,
      number: at + 1,
      share: strategy === 'weighted' ? shareOf(weight, total) : null,
      place: target.provider === null ? null : placeData(places.get(target.provider)!),
    })),
  };
}

const shareOf = (weight: number, total: number): string =>
  weight === 0 ? 'only when others fail' : `${Math.round((weight / total) * 100)} %`;

/** Keys are told apart where there are several; of one alone all that is known is the provider's, too. */
function placeData({ name, isRouted, health, keys }: PlaceView) {
  return {
    name,
    isRouted,
    ...healthData(health),
    keys: keys.map((key) => ({ name: key.name, ...healthData(key.health) })),
    several: keys.length > 1 || keys.some((key) => key.health !== null && key.health.state !== 'closed'),
  };
}

function healthData(health: HealthView | null) {
  const { recent = 0, recentFailures = 0 } = health ?? {};
  return {
    ...stateWords(health),
    health,
    share: recent === 0 ? null : recentFailures / recent,
  };
}
