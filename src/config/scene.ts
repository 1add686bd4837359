/** What the checks between the parts of a configuration have in common: names that refer to something. */
import type { PriceEntry } from '../metering/price-entry.ts';
import { nameText, type Path } from './problem.ts';
import type { Listen, ProviderEntry, RetrySection, Route, RouteMatch, RouteTarget, When } from './schema.ts';
import { mend } from './suggest.ts';

/** gateway.yaml after the schema: every member has its type, shorthands still stand. */
export interface Checked {
  listen: (Omit<Listen, 'name'> & { name?: string })[];
  providers: Record<string, ProviderEntry>;
  pricing: { models: Record<string, PriceEntry> };
  aliases: Record<string, string>;
  routes: CheckedRoute[];
  breaker: { window: number; least: number };
  keys: { name: string; key: string; expires?: string }[];
  server: { cors_origins: string[] };
  plugins: ({ plugin: string; as?: string; when?: When; enabled?: boolean } & Record<string, unknown>)[];
}

export interface CheckedRoute extends Pick<Route, 'strategy' | 'sticky' | 'restart'> {
  name?: string;
  match: RouteMatch;
  provider?: string;
  targets?: RouteTarget[];
  retry: RetrySection;
}

export interface Scene {
  config: Checked;
  catalogue: ReadonlyMap<string, ProviderEntry>;
  report(path: Path, message: string | null, at?: 'key' | 'value'): void;
}

/** The name of a listener that was given none: `127.0.0.1:9110`. */
export function listenerName({ name, host, port }: { name?: string; host: string; port: number }): string {
  return name ?? `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The name of a route that was given none is its place. */
export const routeName = ({ name }: { name?: string }, index: number): string => name ?? `routes[${index}]`;

/** A name without `*` that nothing bears is a slip of the pen: such a condition could never hold. */
export function checkNames(scene: Scene, path: Path, match: When | RouteMatch): void {
  const listeners = scene.config.listen.map(listenerName);
  for (const name of exact((match as When).provider)) scene.report([...path, 'provider'], unknownProvider(scene, name));
  for (const name of exact(match.listener)) {
    const fault = listeners.includes(name)
      ? null
      : `${nameText(name)} is no listener${mend(name, listeners, 'there are')}`;
    scene.report([...path, 'listener'], fault);
  }
}

/** Of globs those without a `*`. */
export function exact(globs: string | readonly string[] | undefined): string[] {
  return [globs ?? []].flat().filter((glob) => !glob.includes('*'));
}

export function unknownProvider({ config, catalogue }: Scene, name: string): string | null {
  if (catalogue.has(name) || Object.hasOwn(config.providers, name)) return null;
  const known = [...Object.keys(config.providers), ...catalogue.keys()];
  return `${nameText(name)} is no provider${mend(name, [...new Set(known)], 'there are')}`;
}
