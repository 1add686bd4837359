/** What a schema cannot see of routes, aliases and the breaker. */
import { nameText, type Path } from './problem.ts';
import { type CheckedRoute, checkNames, exact, routeName, type Scene, unknownProvider } from './scene.ts';
import type { RouteTarget } from './schema.ts';
import { mend } from './suggest.ts';

/** Targets of one route, those of the routes in it included: an order is made of them for each request. */
const MOST_TARGETS = 100;
/** Names of a circle that are told. */
const SHOWN = 8;
/** The key that the gateway makes for itself where `keys` has none. */
const OWN_KEY = 'generated';

export function checkRoutes(scene: Scene): void {
  const { routes } = scene.config;
  const named = new Map<string, CheckedRoute>();
  routes.forEach((route, i) => {
    const taken = route.name !== undefined && named.has(route.name);
    if (taken) {
      const first = routes.findIndex(({ name }) => name === route.name);
      scene.report(['routes', i, 'name'], `is the name of routes[${first}], too; use another`);
    } else if (route.name !== undefined) named.set(route.name, route);
  });
  routes.forEach((route, i) => {
    checkTargets(scene, ['routes', i], route, [...named.keys()]);
    checkMatch(scene, ['routes', i, 'match'], route);
    const { backoff, max_backoff } = route.retry;
    if (max_backoff < backoff) scene.report(['routes', i, 'retry', 'max_backoff'], 'is less than backoff; raise it');
  });
  checkNesting(scene, named);
}

function checkTargets(scene: Scene, path: Path, route: CheckedRoute, names: readonly string[]): void {
  if (route.targets !== undefined && route.provider !== undefined) {
    scene.report(path, 'has both targets and provider; keep one of them');
  } else if (route.targets === undefined && route.provider === undefined) {
    scene.report(path, 'leads nowhere; add provider, or targets with a list of them');
  }
  if (route.provider !== undefined) scene.report([...path, 'provider'], unknownProvider(scene, route.provider));
  route.targets?.forEach((target, j) => {
    checkTarget(scene, [...path, 'targets', j], target, names);
    if (target.weight !== undefined && route.strategy !== 'weighted') {
      const message = `is for strategy weighted, and this route is ${route.strategy}; remove it, or change the strategy`;
      scene.report([...path, 'targets', j, 'weight'], message, 'key');
    }
  });
}

function checkTarget(scene: Scene, path: Path, target: RouteTarget, names: readonly string[]): void {
  const { provider, route, model } = target;
  if (provider !== undefined && route !== undefined)
    scene.report(path, 'has both provider and route; keep one of them');
  else if (provider === undefined && route === undefined) scene.report(path, 'names nobody; add provider, or route');
  if (provider !== undefined) scene.report([...path, 'provider'], unknownProvider(scene, provider));
  else if (route !== undefined && model !== undefined)
    scene.report([...path, 'model'], 'is for targets with a provider; name it in the other route', 'key');
  if (route !== undefined && !names.includes(route)) {
    scene.report([...path, 'route'], `${nameText(route)} is no route with a name${mend(route, names, 'there are')}`);
  }
  const { aliases } = scene.config;
  if (model !== undefined && Object.hasOwn(aliases, model)) {
    scene.report(
      [...path, 'model'],
      `${nameText(model)} is an alias; name the model itself: ${nameText(aliases[model]!)}`,
    );
  }
}

function checkMatch(scene: Scene, path: Path, { match }: CheckedRoute): void {
  checkNames(scene, path, match);
  const keys = scene.config.keys.map(({ name }) => name);
  for (const name of exact(match.key)) {
    if (keys.includes(name) || name === OWN_KEY) continue;
    scene.report([...path, 'key'], `${nameText(name)} is no gateway key${mend(name, keys, 'there are')}`);
  }
  const { min, max } = match.body ?? {};
  if (min !== undefined && max !== undefined && Number(min) > Number(max))
    scene.report([...path, 'body', 'min'], 'is more than max, so no body matches; swap them');
}

/** Follows each route into those that stand in it. A circle is told where it closes, by all of its names. */
function checkNesting(scene: Scene, named: ReadonlyMap<string, CheckedRoute>): void {
  const sums = new Map<CheckedRoute, number>();
  const trail: CheckedRoute[] = [];
  const { routes } = scene.config;
  const nameOf = (route: CheckedRoute): string => routeName(route, routes.indexOf(route));
  const sumOf = (route: CheckedRoute): number => {
    trail.push(route);
    let sum = 0;
    for (const [j, { route: inner }] of (route.targets ?? [{ route: undefined }]).entries()) {
      const next = inner === undefined ? undefined : named.get(inner);
      if (next !== undefined && trail.includes(next)) {
        const circle = [...trail.slice(trail.indexOf(next)), next].map(nameOf);
        scene.report(['routes', routes.indexOf(route), 'targets', j, 'route'], sayCircle(circle, 'a provider'));
      } else sum += next === undefined ? 1 : (sums.get(next) ?? sumOf(next));
    }
    trail.pop();
    sums.set(route, sum);
    return sum;
  };
  for (const [i, route] of routes.entries()) {
    const sum = sums.get(route) ?? sumOf(route);
    if (sum <= MOST_TARGETS) continue;
    scene.report(['routes', i], `comes to ${sum} targets with those of other routes; ${MOST_TARGETS} are the most`);
  }
}

/** An alias must come to a model in the end. A circle is told once, where it begins in the file. */
export function checkAliases({ config: { aliases }, report }: Scene): void {
  const done = new Set<string>();
  for (const alias of Object.keys(aliases)) {
    const trail: string[] = [];
    let name = alias;
    while (Object.hasOwn(aliases, name) && !done.has(name) && !trail.includes(name)) {
      trail.push(name);
      name = aliases[name]!;
    }
    const at = trail.indexOf(name);
    if (at !== -1) report(['aliases', trail[at]!], sayCircle([...trail.slice(at), name], 'a model'));
    for (const one of trail) done.add(one);
  }
}

function sayCircle(names: readonly string[], end: string): string {
  const shown = names.length > SHOWN ? [...names.slice(0, SHOWN - 1), '...', names.at(-1)!] : names;
  const words = shown.map((name) => (name === '...' || /^[\w.*/:[\]-]+$/.test(name) ? name : nameText(name)));
  return `goes round in a circle: ${words.join(' > ')}; let one of them end in ${end}`;
}

export function checkBreaker({ config: { breaker }, report }: Scene): void {
  if (breaker.least > breaker.window) report(['breaker', 'least'], 'is more than window, so it never opens; lower it');
}
