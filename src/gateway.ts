import { EventEmitter } from 'node:events';
import { basename, dirname, resolve } from 'node:path';

import { type Blueprint, Drafting } from './blueprint.ts';
import { ConfigError } from './config/problem.ts';
import { type Watch, watch } from './config/watch.ts';
import type { Environment } from './config/variables.ts';
import { generatedKey } from './generated-key.ts';
import { Generation } from './generation.ts';
import type { GatewayLog } from './log.ts';
import { GatewayMetrics } from './metrics.ts';
import type { Exchange } from './pipeline/exchange.ts';
import type { Lent } from './plugin.ts';
import { isGuarded, Ports } from './ports.ts';
import { Deadlines } from './proxy/deadlines.ts';
import { createProxy } from './proxy/handler.ts';
import { Overload } from './proxy/overload.ts';
import { Resources } from './resources.ts';
import type { Scrubber } from './scrub.ts';
import { Store } from './store/store.ts';
import { createApp } from './web/app.ts';
import { GatewayHouse } from './house.ts';

export interface GatewayParts {
  /** gateway.yaml, absolute. */
  file: string;
  /** The package's folder. */
  root: string;
  env: Environment;
  log: GatewayLog;
  packageVersion: string;
  scrubber: Scrubber;
}

/** What was refused last, and why. */
export interface Refusal {
  at: string;
  lines: readonly string[];
}

/**
 * Owns what outlives a configuration: the current generation, the ports, the store, the
 * watcher. A change is built beside what serves, and `current = next` is the change.
 */
export class Gateway {
  readonly parts: GatewayParts;
  readonly folder: string;
  readonly startedAt = Date.now();
  readonly metrics = new GatewayMetrics();
  readonly events = new EventEmitter();
  readonly ports: Ports;
  /** Exchanges that a stage refused by failing, by stage. */
  readonly failures = new Map<string, number>();
  /** Last word of each provider: a status, or why there was none. */
  readonly heard = new Map<string, { status: number | string; at: string }>();
  refusal: Refusal | null = null;
  draining = false;

  readonly #resources = new Resources();
  readonly #drafting: Drafting;
  readonly #deadlines = new Deadlines();
  readonly #overload = new Overload();
  readonly #requests: ReturnType<GatewayMetrics['counter']>;
  readonly #retiring = new Set<Generation>();
  #app: ReturnType<typeof createApp> | null = null;
  #current!: Generation;
  #store!: Store;
  #held: string[] = [];
  #watch: Watch | null = null;
  #applying: Promise<void> | null = null;
  #again = false;
  #fingerprint = '';

  constructor(parts: GatewayParts) {
    this.parts = parts;
    this.folder = dirname(parts.file);
    this.#drafting = new Drafting({ file: parts.file, folder: this.folder, root: parts.root, env: parts.env });
    this.#requests = this.metrics.counter('gateway_exchanges_total', 'Finished exchanges.', ['provider', 'outcome', 'status']);
    this.metrics.gauge('gateway_exchanges_in_flight', 'Exchanges under way.', () => this.inFlight);
    this.metrics.gauge('gateway_config_ok', '1 when gateway.yaml is what runs, 0 when its last change was refused.', () => (this.refusal ? 0 : 1));
    this.metrics.gauge('gateway_rows_waiting', 'Finished exchanges that are not in the database yet.', () => this.#store.health().waiting);
    this.metrics.gauge('gateway_rows_lost_total', 'Finished exchanges that could not be kept.', () => this.#store.health().lost);
    this.events.setMaxListeners(0);
    this.ports = new Ports(this.#resources, (req, res, port) => this.#app!(req, res, port));
  }

  /** Starts to serve. Throws a ConfigError or an Error of one line when it cannot. */
  async start(): Promise<void> {
    const blueprint = await this.#drafting.draw();
    await this.#take(blueprint);
    const { files, folders } = this.#drafting.watched;
    this.#watch = watch({ files, folders, changed: () => void this.reload() });
  }

  /** Reads the configuration again. One at a time; of changes that come meanwhile only the newest is built. */
  async reload(): Promise<void> {
    if (this.#applying) {
      this.#again = true;
      return this.#applying;
    }
    this.#applying = this.#reloadOnce().finally(() => {
      this.#applying = null;
    });
    await this.#applying;
    if (this.#again) {
      this.#again = false;
      await this.reload();
    }
  }

  get current(): Generation {
    return this.#current;
  }

  get store(): Store {
    return this.#store;
  }

  get retiring(): number {
    return this.#retiring.size;
  }

  get inFlight(): number {
    let count = this.#current.inFlight;
    for (const generation of this.#retiring) count += generation.inFlight;
    return count;
  }

  /** Takes nothing new, lets what is under way finish, keeps every row, and closes. Resolves false when something had to be cut. */
  async stop(): Promise<boolean> {
    this.draining = true;
    await this.#watch?.close();
    this.ports.stopListening();
    this.events.emit('event', 'stop', null);
    const limit = performance.now() + this.#current.limits.drain;
    while (this.inFlight > 0 && performance.now() < limit) {
      await new Promise((done) => setTimeout(done, 50));
      this.ports.closeIdle();
    }
    const whole = this.inFlight === 0;
    this.ports.cut();
    await Promise.race([this.#current.retire(), new Promise((done) => setTimeout(done, 1000).unref())]);
    for (const key of this.#held) await this.#resources.release(key);
    this.#overload.close();
    return whole;
  }

  async #reloadOnce(): Promise<void> {
    const { log, file } = this.parts;
    try {
      const blueprint = await this.#drafting.draw();
      const fingerprint = fingerprintOf(blueprint);
      const recovered = this.refusal !== null;
      this.refusal = null;
      if (fingerprint === this.#fingerprint) {
        if (recovered) log.info(`${basename(file)} is good again; nothing had changed`);
      } else await this.#take(blueprint);
    } catch (error) {
      const lines = linesOf(error);
      this.refusal = { at: new Date().toISOString(), lines };
      log.error(`${basename(file)} was refused; the configuration before it goes on`, { problems: lines.join('\n') });
    }
    this.events.emit('event', 'config', null);
  }

  /** Builds a generation beside the one that serves, then lets it serve. Whatever throws, throws before the change. */
  async #take(blueprint: Blueprint): Promise<void> {
    const { log, scrubber } = this.parts;
    const { config } = blueprint;
    log.setLevel(config.log.level);
    scrubber.learn(blueprint.secrets);
    const held: string[] = [];
    let next: Generation;
    let store: Store;
    try {
      const storeKey = `store ${config.database} ${config.data} ${config.durability}`;
      store = await this.#resources.hold(storeKey, () => this.#openStore(blueprint), (value) => value.close());
      held.push(storeKey);
      this.#store ??= store;
      this.#app ??= this.#makeApp();
      const generated = await this.#ownKey(blueprint);
      next = await Generation.build({
        blueprint,
        resources: this.#resources,
        generatedKey: generated,
        storeKey,
        lend: (plugin, options) => this.#lend(plugin, options, store),
        failed: (stage, error) => this.#stageFailed(stage, error),
        finished: (exchange) => this.#finished(exchange),
        scrub: (text) => scrubber.known(text),
      });
      held.push(...(await this.ports.open(config).catch(async (error: unknown) => {
        await next.retire();
        throw error;
      })));
    } catch (error) {
      for (const key of held) await this.#resources.release(key);
      throw error;
    }
    this.#swap(next, store, held, blueprint);
  }

  #swap(next: Generation, store: Store, held: string[], blueprint: Blueprint): void {
    const { log } = this.parts;
    const before = this.#current as Generation | undefined;
    const heldBefore = this.#held;
    this.#store = store;
    this.#held = held;
    this.#fingerprint = fingerprintOf(blueprint);
    this.ports.apply(blueprint.config);
    this.#current = next;
    for (const note of blueprint.notes) log.warn(note);
    for (const { file, error } of blueprint.broken) log.error(`${basename(file)} could not be loaded; the last good one goes on, if there was one`, { error });
    if (!before) return;
    log.info('the configuration changed', { version: blueprint.version, before: before.blueprint.version });
    this.#retiring.add(before);
    void before.retire().then(async () => {
      this.#retiring.delete(before);
      for (const key of heldBefore) await this.#resources.release(key);
    });
  }

  async #openStore({ config }: Blueprint): Promise<Store> {
    const database = config.database.startsWith('sqlite:') ? `sqlite:${resolve(this.folder, config.database.slice(7))}` : config.database;
    const store = await Store.open({ database, folder: resolve(this.folder, config.data), durability: config.durability, log: this.parts.log });
    store.on('stored', (rows) => this.events.emit('event', 'turn', rows));
    return store;
  }

  /** Where strangers can reach the gateway and nobody configured a key, it makes one. */
  async #ownKey({ config }: Blueprint): Promise<string | null> {
    const needed = config.keys.length === 0 && config.listen.some(isGuarded);
    if (!needed) return null;
    const { key, file, isNew } = await generatedKey(resolve(this.folder, config.data));
    this.parts.scrubber.learn([key]);
    this.parts.log.info(isNew ? 'a gateway key was made' : 'the gateway key made earlier is used', { file });
    return key;
  }

  #makeApp(): ReturnType<typeof createApp> {
    const proxy = createProxy({
      current: () => this.#current,
      deadlines: this.#deadlines,
      overload: this.#overload,
      failed: (error) => this.parts.log.error('a request failed inside the gateway', { error }),
    });
    return createApp(new GatewayHouse(this), proxy);
  }

  #lend(plugin: string, options: unknown, store: Store): { lent: Lent; close(): void } {
    const log = this.parts.log.child({ plugin });
    const timers: NodeJS.Timeout[] = [];
    const lent: Lent = {
      options: options as Lent['options'],
      log,
      records: { append: (record) => store.append(record) },
      metrics: this.metrics.lend(plugin),
      folder: this.folder,
      publish: (event, data) => void this.events.emit('event', event, data),
      every: (milliseconds, work) => {
        const run = async (): Promise<void> => work();
        timers.push(setInterval(() => void run().catch((error: unknown) => this.#stageFailed(plugin, error)), milliseconds).unref());
      },
    };
    return { lent, close: () => timers.forEach(clearInterval) };
  }

  #stageFailed(stage: string, error: unknown): void {
    this.failures.set(stage, (this.failures.get(stage) ?? 0) + 1);
    this.metrics.counter('gateway_plugin_failures_total', 'Throws of plugins.', ['plugin'])({ plugin: stage }).inc();
    this.parts.log.error(`plugin ${stage} failed`, { error });
  }

  #finished(exchange: Exchange): void {
    const { ending, provider } = exchange;
    this.#requests({ provider: provider?.name ?? '', outcome: ending?.outcome ?? '', status: String(ending?.status ?? '') }).inc();
    for (const { provider: name, status, reason } of exchange.attempts) {
      this.heard.set(name, { status: status ?? reason, at: new Date().toISOString() });
    }
  }
}

/** The same configuration with the same code is no change. */
function fingerprintOf({ version, plugins, adapters, broken, entries, pricesDigest }: Blueprint): string {
  const code = [...plugins.values(), ...adapters.values()].map(({ name, hash }) => `${name} ${hash}`);
  return [version, pricesDigest, JSON.stringify([...entries]), ...code, ...broken.map(({ file, error }) => `${file} ${error}`)].join('\n');
}

function linesOf(error: unknown): string[] {
  if (error instanceof ConfigError) return error.message.split('\n');
  return [error instanceof Error ? error.message : String(error)];
}

