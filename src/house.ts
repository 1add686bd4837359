import { basename } from 'node:path';
import Router from '@koa/router';

import { staleIn } from './blueprint.ts';
import type { Events } from './events.ts';
import type { Generation } from './generation.ts';
import type { PriceBook } from './metering/prices.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Health } from './pipeline/plan.ts';
import type { Principal } from './pipeline/principal.ts';
import type { Log, Page, Panel } from './plugin.ts';
import { isLoopback, type Port } from './ports.ts';
import { routesView } from './routes-view.ts';
import type { Settings } from './settings/settings.ts';
import type { Store } from './store/store.ts';
import type { Tally } from './tally.ts';
import type { ConfigurationState, House, ProviderView, RoutesView, StageView } from './web/house.ts';

/** What this view needs of the gateway. */
export interface Inside {
  readonly parts: { file: string; log: Log; packageVersion: string };
  readonly startedAt: number;
  readonly metrics: GatewayMetrics;
  readonly tally: Tally;
  readonly health: Health;
  readonly refusal: { at: string; lines: readonly string[] } | null;
  readonly draining: boolean;
  readonly current: Generation;
  readonly store: Store;
  readonly settings: Settings;
  readonly retiring: number;
  readonly inFlight: number;
  readonly ports: { all: readonly Port[] };
  readonly events: Events;
}

/** The gateway as pages and API see it. */
export class GatewayHouse implements House {
  readonly #gateway: Inside;
  #routes: (PluginRoutes & { of: Generation }) | null = null;

  constructor(gateway: Inside) {
    this.#gateway = gateway;
  }

  get sessionCharLimit(): number {
    return this.#gateway.settings.of(null).sessionCharLimit;
  }

  get log(): Log {
    return this.#gateway.parts.log;
  }

  get store(): Store {
    return this.#gateway.store;
  }

  get startedAt(): number {
    return this.#gateway.startedAt;
  }

  get packageVersion(): string {
    return this.#gateway.parts.packageVersion;
  }

  configuration(): ConfigurationState {
    const { current, retiring, parts } = this.#gateway;
    const { version, notes } = current.blueprint;
    const error = this.#gateway.refusal ?? staleIn(current.blueprint);
    return {
      ok: error === null,
      version,
      file: basename(parts.file),
      loadedAt: current.bornAt.toISOString(),
      error,
      notes,
      retiring,
    };
  }

  pipeline(): readonly StageView[] {
    const { blueprint } = this.#gateway.current;
    const broken = new Map(blueprint.broken.map(({ name, error }) => [name, error]));
    const whens = new Map(blueprint.config.plugins.map(({ name, when }) => [name, when]));
    return blueprint.order.map(({ name, plugin, options, onError, enabled }) => ({
      name,
      plugin,
      summary: blueprint.plugins.get(plugin)?.value.summary ?? '',
      options: masked(options),
      when: whens.get(name) ? inline(whens.get(name)) : null,
      onError,
      state: broken.has(plugin) ? 'broken' : enabled ? 'running' : 'off',
      error: broken.get(plugin) ?? null,
      failures: this.#gateway.tally.failures.get(name) ?? 0,
    }));
  }

  unlisted(): readonly { name: string; summary: string; yaml: string }[] {
    const { plugins, order } = this.#gateway.current.blueprint;
    const listed = new Set(order.map(({ plugin }) => plugin));
    return [...plugins.values()]
      .filter(({ name }) => !listed.has(name))
      .map(({ name, value }) => ({ name, summary: value.summary, yaml: `plugins:\n  - ${name}` }));
  }

  broken(): readonly { file: string; error: string; since: string }[] {
    return this.#gateway.current.blueprint.broken.map(({ file, error, since }) => ({
      file: basename(file),
      error,
      since,
    }));
  }

  providers(): readonly ProviderView[] {
    const { providers, config } = this.#gateway.current.blueprint;
    return [...providers.values()].map((provider) => {
      const heard = this.#gateway.tally.heard.get(provider.name);
      return {
        name: provider.name,
        baseUrl: provider.baseUrl,
        adapters: provider.adapters,
        free: provider.free,
        hasKey: provider.keys.length > 0 || provider.signing !== null,
        lastStatus: heard?.status ?? null,
        lastAt: heard?.at ?? null,
        configured: Object.hasOwn(config.providers, provider.name),
      };
    });
  }

  routing(): RoutesView {
    return routesView(this.#gateway.current.blueprint, this.#gateway.health.views());
  }

  prices(): PriceBook {
    return this.#gateway.current.blueprint.prices;
  }

  listeners(): readonly Port[] {
    return this.#gateway.ports.all;
  }

  inFlight(): number {
    return this.#gateway.inFlight;
  }

  draining(): boolean {
    return this.#gateway.draining;
  }

  panels(): readonly { plugin: string; panel: Panel }[] {
    return [...this.#gateway.current.instances].flatMap(([plugin, { panels = [] }]) =>
      panels.map((panel) => ({ plugin, panel })),
    );
  }

  pages(): readonly Page[] {
    const pages = [...this.#gateway.current.instances.values()].flatMap((instance) => instance.pages ?? []);
    return pages.sort((one, other) => one.title.localeCompare(other.title));
  }

  async metrics(): Promise<{ contentType: string; text: string }> {
    const { registry } = this.#gateway.metrics;
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  hosts(): ReadonlySet<string> {
    const { server, listen } = this.#gateway.current.blueprint.config;
    const own = listen.map(({ host }) => host).filter((host) => !isLoopback(host));
    return new Set([...server.allow_hosts, ...own].map((host) => host.toLowerCase()));
  }

  corsOrigins(): ReadonlySet<string> {
    return new Set(this.#gateway.current.blueprint.config.server.cors_origins);
  }

  subscribe(listener: (event: string, data: unknown) => void): () => void {
    return this.#gateway.events.subscribe(listener);
  }

  routes(): Router | null {
    return this.#pluginRoutes().router;
  }

  ownPaths(): ReadonlySet<string> {
    return this.#pluginRoutes().paths;
  }

  principal(key: string, path?: string): Principal | null {
    const principal = this.#gateway.current.principal(key);
    const opens = principal?.access !== 'proxy' || (path !== undefined && this.#pluginRoutes().reports.has(path));
    return opens ? principal : null;
  }

  /** The routes of the plugins that run now; made once for each generation, since every request asks. */
  #pluginRoutes(): PluginRoutes {
    const { current } = this.#gateway;
    if (this.#routes?.of !== current) this.#routes = { of: current, ...routesOf(current) };
    return this.#routes;
  }
}

interface PluginRoutes {
  router: Router | null;
  paths: ReadonlySet<string>;
  /** Those that a key of the proxy opens, too. */
  reports: ReadonlySet<string>;
}

function routesOf({ instances }: Generation): PluginRoutes {
  const bringing = [...instances.values()].filter(({ routes }) => routes);
  if (bringing.length === 0) return { router: null, paths: new Set(), reports: new Set() };
  const router = new Router();
  for (const instance of bringing) instance.routes!(router);
  const reports = new Set(bringing.flatMap((instance) => instance.reports ?? []));
  return { router, paths: new Set(router.stack.map(({ path }) => String(path))), reports };
}

/** Options of plugins may be secrets, at any depth; names tell. */
function masked(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const secret = /key|secret|token|password|url|smtp|authorization|headers/i;
  const mask = (value: unknown, hidden: boolean): unknown => {
    if (Array.isArray(value)) return value.map((inner) => mask(inner, hidden));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, mask(inner, hidden || secret.test(name))]),
      );
    return hidden && typeof value === 'string' ? '***' : value;
  };
  return mask(options, false) as Record<string, unknown>;
}

/** `{ agent: [ci, dev] }` as people write it in YAML. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([name, inner]) => `${name}: ${inline(inner)}`)
    .join(', ')} }`;
}
