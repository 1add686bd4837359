/** What a schema cannot see: names that refer to something, and things that must differ from each other. */
import { checkPriceEntry, type PriceEntry } from '../metering/price-entry.ts';
import { nameText, type Path, type Problem } from './problem.ts';
import type { Draft } from './read.ts';
import type { Listen, ProviderEntry, When } from './schema.ts';
import { mend } from './suggest.ts';
import { baseUrlFault, credentialFault, headerFault, isLoopback, momentFault, originFault } from './values.ts';

/** gateway.yaml after the schema: every member has its type, shorthands still stand. */
export interface Checked {
  listen: (Omit<Listen, 'name'> & { name?: string })[];
  providers: Record<string, ProviderEntry>;
  pricing: { models: Record<string, PriceEntry> };
  routes: { match: RouteMatch; provider?: string; targets?: { provider: string }[] }[];
  keys: { name: string; key: string; expires?: string }[];
  server: { cors_origins: string[] };
  plugins: ({ plugin: string; as?: string; when?: When; enabled?: boolean } & Record<string, unknown>)[];
}

type RouteMatch = { listener?: string | string[] };

interface Scene {
  config: Checked;
  catalogue: ReadonlyMap<string, ProviderEntry>;
  report(path: Path, message: string | null, at?: 'key' | 'value'): void;
}

/** Returns all that is wrong between the parts of a configuration whose parts are right. */
export function checkReferences(
  draft: Draft,
  config: Checked,
  catalogue: ReadonlyMap<string, ProviderEntry>,
): Problem[] {
  const problems: Problem[] = [];
  const scene: Scene = {
    config,
    catalogue,
    report: (path, message, at) => {
      if (message !== null) problems.push(draft.problem(path, message, at));
    },
  };
  checkListeners(scene);
  for (const [name, entry] of Object.entries(config.providers)) {
    checkProvider(scene.report, ['providers', name], entry, catalogue.get(name) ?? null);
  }
  checkPrices(scene.report, ['pricing', 'models'], config.pricing.models);
  checkRoutes(scene);
  checkKeys(scene);
  config.server.cors_origins.forEach((origin, i) => {
    scene.report(['server', 'cors_origins', i], originFault(origin));
  });
  checkPlugins(scene);
  return problems;
}

/** Checks one provider, of gateway.yaml or of the catalogue; `below` is what lies under it. */
export function checkProvider(
  report: Scene['report'],
  path: Path,
  entry: ProviderEntry,
  below: ProviderEntry | null,
): void {
  if (entry.base_url !== undefined) report([...path, 'base_url'], baseUrlFault(entry.base_url));
  else if (below === null)
    report(path, 'has no base_url; add it (only providers of the catalogue may leave it out)', 'key');
  if (entry.api_key !== undefined) report([...path, 'api_key'], credentialFault(entry.api_key));
  if (entry.auth !== undefined) checkAuth(report, [...path, 'auth'], entry.auth, { ...below?.auth, ...entry.auth });
  for (const [name, value] of Object.entries(entry.headers ?? {})) {
    report([...path, 'headers', name], headerFault(name, value), 'key');
  }
  if (entry.models !== undefined && !Array.isArray(entry.models)) {
    checkPrices(report, [...path, 'models'], entry.models as Record<string, PriceEntry>);
  }
}

type Auth = NonNullable<ProviderEntry['auth']>;

const KEY_PAIR = ['access_key_id', 'secret_access_key'] as const;
const OF_AWS = ['region', 'service', ...KEY_PAIR, 'session_token'] as const;

/** `laid` is the whole of it. A key that is there and empty is one that may be missing; a key that is not there was forgotten. */
function checkAuth(report: Scene['report'], path: Path, own: Auth, laid: Auth): void {
  for (const name of [...KEY_PAIR, 'session_token'] as const) {
    if (own[name] !== undefined) report([...path, name], credentialFault(own[name]));
  }
  if (laid.type !== 'aws_sigv4') {
    for (const name of OF_AWS)
      if (own[name] !== undefined) report([...path, name], 'is for signing only; add type: aws_sigv4', 'key');
    return;
  }
  if (laid.region === undefined) report(path, 'has no region; add the one that base_url names, such as us-east-1');
  const missing = KEY_PAIR.filter((name) => laid[name] === undefined);
  if (missing.length === 1) report(path, `has no ${missing[0]}; add it, both keys are needed to sign`);
}

function checkPrices(report: Scene['report'], path: Path, models: Readonly<Record<string, PriceEntry>>): void {
  for (const [model, entry] of Object.entries(models)) {
    for (const fault of checkPriceEntry(entry)) report([...path, model], fault);
  }
}

function checkListeners({ config, report, ...scene }: Scene): void {
  const names = new Map<string, number>();
  config.listen.forEach((listener, i) => {
    const before = config.listen.slice(0, i).findIndex((other) => samePort(listener, other));
    if (before !== -1) report(['listen', i, 'port'], `is taken by listen[${before}]; use another`);
    const name = listenerName(listener);
    const taken = names.get(name);
    if (taken !== undefined && listener.name !== undefined) {
      report(['listen', i, 'name'], `is the name of listen[${taken}], too; use another`);
    }
    names.set(name, i);
    if (listener.provider !== undefined) {
      report(['listen', i, 'provider'], unknownProvider({ config, report, ...scene }, listener.provider));
    }
  });
}

/** The name of a listener that was given none: `127.0.0.1:9110`. */
export function listenerName({ name, host, port }: { name?: string; host: string; port: number }): string {
  return name ?? `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function samePort(a: { host: string; port: number }, b: { host: string; port: number }): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  const all = (host: string) => host === '0.0.0.0' || host === '::';
  return (
    a.host === b.host ||
    all(a.host) ||
    all(b.host) ||
    (isLoopback(a.host) && isLoopback(b.host) && a.host === 'localhost')
  );
}

function checkRoutes(scene: Scene): void {
  scene.config.routes.forEach((route, i) => {
    const path = ['routes', i];
    if (route.targets !== undefined && route.provider !== undefined) {
      scene.report(path, 'has both targets and provider; keep one of them');
    } else if (route.targets === undefined && route.provider === undefined) {
      scene.report(path, 'leads nowhere; add provider, or targets with a list of them');
    }
    if (route.provider !== undefined) scene.report([...path, 'provider'], unknownProvider(scene, route.provider));
    route.targets?.forEach(({ provider }, j) => {
      scene.report([...path, 'targets', j, 'provider'], unknownProvider(scene, provider));
    });
    checkNames(scene, [...path, 'match'], route.match);
  });
}

/** A name without `*` that nothing bears is a slip of the pen: such a condition could never hold. */
function checkNames(scene: Scene, path: Path, match: When | RouteMatch): void {
  const listeners = scene.config.listen.map(listenerName);
  for (const name of exact((match as When).provider)) scene.report([...path, 'provider'], unknownProvider(scene, name));
  for (const name of exact(match.listener)) {
    const fault = listeners.includes(name)
      ? null
      : `${nameText(name)} is no listener${mend(name, listeners, 'there are')}`;
    scene.report([...path, 'listener'], fault);
  }
}

function exact(globs: string | readonly string[] | undefined): string[] {
  return [globs ?? []].flat().filter((glob) => !glob.includes('*'));
}

function unknownProvider({ config, catalogue }: Scene, name: string): string | null {
  if (catalogue.has(name) || Object.hasOwn(config.providers, name)) return null;
  const known = [...Object.keys(config.providers), ...catalogue.keys()];
  return `${nameText(name)} is no provider${mend(name, [...new Set(known)], 'there are')}`;
}

function checkKeys({ config, report }: Scene): void {
  const names = new Map<string, number>();
  const keys = new Map<string, number>();
  config.keys.forEach(({ name, key, expires }, i) => {
    if (names.has(name)) report(['keys', i, 'name'], `is the name of keys[${names.get(name)}], too; use another`);
    if (keys.has(key)) report(['keys', i, 'key'], `is the same as that of keys[${keys.get(key)}]; make another`);
    report(['keys', i, 'key'], credentialFault(key));
    if (expires !== undefined) report(['keys', i, 'expires'], momentFault(expires));
    names.set(name, i);
    keys.set(key, i);
  });
}

function checkPlugins(scene: Scene): void {
  const names = new Map<string, number>();
  scene.config.plugins.forEach((entry, i) => {
    if (entry.enabled === false) return;
    if (entry.when !== undefined) checkNames(scene, ['plugins', i, 'when'], entry.when);
    const name = entry.as ?? entry.plugin;
    const taken = names.get(name);
    if (taken !== undefined)
      scene.report(['plugins', i], `is the second ${name} (first: plugins[${taken}]); name it with as`);
    names.set(name, i);
  });
}
