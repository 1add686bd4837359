/** What a schema cannot see: names that refer to something, and things that must differ from each other. */
import { checkPriceEntry, type PriceEntry } from '../metering/price-entry.ts';
import type { Path, Problem } from './problem.ts';
import { keyPlace, listedKeys } from './provider-keys.ts';
import type { Draft } from './read.ts';
import { checkAliases, checkBreaker, checkRoutes } from './route-checks.ts';
import { type Checked, checkNames, listenerName, type Scene, unknownProvider } from './scene.ts';
import type { ProviderEntry } from './schema.ts';
import { baseUrlFault, credentialFault, headerFault, isLoopback, momentFault, originFault } from './values.ts';

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
  checkAliases(scene);
  checkRoutes(scene);
  checkBreaker(scene);
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
  checkKeyList(report, [...path, 'api_keys'], entry, { ...below, ...entry });
  if (entry.auth !== undefined) checkAuth(report, [...path, 'auth'], entry.auth, { ...below?.auth, ...entry.auth });
  for (const [name, value] of Object.entries(entry.headers ?? {})) {
    report([...path, 'headers', name], headerFault(name, value), 'key');
  }
  if (entry.models !== undefined && !Array.isArray(entry.models)) {
    checkPrices(report, [...path, 'models'], entry.models as Record<string, PriceEntry>);
  }
}

/** `laid` is the whole of it. Empty keys are variables that nobody has set, and as good as not there. */
function checkKeyList(report: Scene['report'], path: Path, own: ProviderEntry, laid: ProviderEntry): void {
  const { api_key = '' } = laid;
  const values = new Map(api_key === '' ? [] : [[api_key, 'api_key']]);
  const names = new Map(api_key === '' ? [] : [['1', 'api_key']]);
  listedKeys(own).forEach(({ name, value }, i) => {
    const at = [...path, i];
    const [named, valued] =
      name === null
        ? [at, at]
        : [
            [...at, 'name'],
            [...at, 'key'],
          ];
    const called = name ?? keyPlace(laid, i);
    report(valued, credentialFault(value));
    if (names.has(called)) report(named, `is called ${called}, as ${names.get(called)} is; use another name`);
    if (values.has(value)) report(valued, `is the same as ${values.get(value)}; remove one of them`);
    names.set(called, `api_keys[${i}]`);
    if (value !== '') values.set(value, `api_keys[${i}]`);
  });
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
