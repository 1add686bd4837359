import { basename, dirname } from 'node:path';

import { type Blueprint, Drafting, fingerprintOf } from './blueprint.ts';
import { Follow } from './config/follow.ts';
import type { Environment } from './config/variables.ts';
import { Events } from './events.ts';
import { FigureBook } from './figures.ts';
import { ownKey } from './generated-key.ts';
import { Generation } from './generation.ts';
import { GatewayHouse } from './house.ts';
import { type Lender, lend } from './lend.ts';
import type { GatewayLog } from './log.ts';
import { GatewayMetrics } from './metrics.ts';
import { openStore } from './open-store.ts';
import { Ports } from './ports.ts';
import { Deadlines } from './proxy/deadlines.ts';
import { createProxy } from './proxy/handler.ts';
import { Overload } from './proxy/overload.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { Resources } from './resources.ts';
import { HealthBook } from './routing/health-book.ts';
import { Origins } from './routing/origins.ts';
import type { Scrubber } from './scrub.ts';
import { LiveSettings } from './settings/live-settings.ts';
import { Shared } from './shared.ts';
import type { Store } from './store/store.ts';
import { Tally } from './tally.ts';
import { TokenCounter } from './tokens/counter.ts';
import { createApp } from './web/app.ts';

/** Milliseconds for a last word to clients whose answers are cut, and for exchanges to leave their rows. */
const TOLD_MS = 100;
const CUT_MS = 1000;

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

/** What a configuration holds beside its generation. */
interface Held {
  store: Store;
  storeKey: string;
  ports: string[];
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
  readonly events = new Events();
  readonly ports: Ports;
  readonly tally: Tally;
  /** How providers fare, as real requests see it. */
  readonly health = new HealthBook();
  store!: Store;
  settings!: LiveSettings;
  /** What was refused last. */
  refusal: Refusal | null = null;
  draining = false;

  readonly #resources = new Resources();
  readonly #drafting: Drafting;
  readonly #deadlines = new Deadlines();
  readonly #overload = new Overload();
  readonly #tokens = new TokenCounter({ log: () => this.parts.log });
  readonly #shared = new Shared();
  readonly #origins = new Origins();
  readonly #figures = new FigureBook();
  readonly #follow = new Follow(() => void this.reload());
  readonly #retiring = new Map<Generation, Promise<void>>();
  #app: ReturnType<typeof createApp> | null = null;
  #current!: Generation;
  #held: Held | null = null;
  #applying: Promise<void> | null = null;
  #again = false;
  #fingerprint = '';

  constructor(parts: GatewayParts) {
    this.parts = parts;
    this.folder = dirname(parts.file);
    this.#drafting = new Drafting({ file: parts.file, folder: this.folder, root: parts.root, env: parts.env });
    this.tally = new Tally(this.metrics, parts.log, {
      inFlight: () => this.inFlight,
      refused: () => this.refusal !== null,
      store: () => this.store.health(),
      health: () => this.health.views(),
    });
    this.ports = new Ports(this.#resources, (req, res, port) => this.#app!(req, res, port));
  }

  /** Starts to serve. Throws a ConfigError or an Error of one line when it cannot. */
  async start(): Promise<void> {
    const blueprint = await this.#drafting.draw();
    await this.#take(blueprint);
    this.#follow.follow(this.#drafting.watched);
    // A save between reading and watching would go unseen.
    void this.#follow.ready.then(() => this.reload());
  }

  /** Reads the configuration again. One at a time; of changes that come meanwhile only the newest is built. */
  async reload(): Promise<void> {
    if (this.draining) return;
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

  get retiring(): number {
    return this.#retiring.size;
  }

  get inFlight(): number {
    let count = this.#current.inFlight;
    for (const generation of this.#retiring.keys()) count += generation.inFlight;
    return count;
  }

  /** Takes nothing new, lets what is under way finish, keeps every row, and closes. Resolves false when something had to be cut. */
  async stop(): Promise<boolean> {
    this.draining = true;
    await this.#follow.close();
    await this.#applying;
    this.ports.stopListening();
    this.#app?.close();
    const limit = performance.now() + this.#current.limits.drain;
    while (this.inFlight > 0 && performance.now() < limit) {
      await new Promise((done) => setTimeout(done, 50));
      this.ports.closeIdle();
    }
    const whole = this.inFlight === 0;
    this.#deadlines.stop();
    if (!whole) await new Promise((done) => setTimeout(done, TOLD_MS));
    this.ports.cut();
    await this.#tokens.close();
    // What was cut finishes now, older configurations included; their rows belong into the store before it closes.
    const retired = Promise.all([this.#current.retire(), ...this.#retiring.values()]);
    await Promise.race([retired, new Promise((done) => setTimeout(done, CUT_MS).unref())]);
    for (const key of this.#held?.ports ?? []) await this.#resources.release(key);
    if (this.#held) await this.#resources.release(this.#held.storeKey);
    if (this.#retiring.size > 0) await this.store.close();
    this.#overload.close();
    return whole;
  }

  async #reloadOnce(): Promise<void> {
    const { log, file, scrubber } = this.parts;
    try {
      const blueprint = await this.#drafting.draw();
      const fingerprint = fingerprintOf(blueprint);
      if (fingerprint !== this.#fingerprint) await this.#take(blueprint);
      else if (this.refusal) log.info(`${basename(file)} is good again; nothing had changed`);
      this.refusal = null;
    } catch (error) {
      this.refusal = refusalOf(error, scrubber);
      this.events.publish('config_refused', this.refusal);
      const problems = this.refusal.lines.join('\n');
      log.error(`${basename(file)} was refused; the configuration before it goes on`, { problems });
    }
    if (!this.draining) this.#follow.follow(this.#drafting.watched);
    this.events.publish('config', null);
  }

  /** Builds a generation beside the one that serves, then lets it serve. Whatever throws, throws before the change. */
  async #take(blueprint: Blueprint): Promise<void> {
    const { log, scrubber } = this.parts;
    const { config } = blueprint;
    if (!this.store) log.setLevel(config.log.level);
    scrubber.learn(blueprint.secrets);
    const storeKey = `store ${config.database} ${config.data} ${config.durability}`;
    this.#refuseMove(storeKey);
    const store = await this.#resources.hold(
      storeKey,
      () => this.#openStore(blueprint),
      (value) => value.close(),
    );
    try {
      this.store ??= store;
      this.settings ??= new LiveSettings(store.documents('settings'), store.audit);
      this.#app ??= this.#makeApp();
      const generated = await ownKey(config, this.folder, this.parts);
      const lender = this.#lender(store);
      const next = await Generation.build({
        blueprint,
        resources: this.#resources,
        generatedKey: generated,
        storeKey,
        health: this.health,
        lend: (plugin, options) => lend(lender, plugin, options),
        failed: (stage, error) => this.tally.stageFailed(stage, error),
        finished: (exchange) => this.tally.finished(exchange),
        origins: this.#origins,
        scrub: (text) => scrubber.known(text),
      });
      const ports = await this.ports.open(config).catch(async (error: unknown) => {
        await next.retire();
        throw error;
      });
      this.#swap(next, { store, storeKey, ports }, blueprint);
    } catch (error) {
      await this.#resources.release(storeKey);
      throw error;
    }
  }

  /** Rows that wait in one journal belong to one database, and everybody holds the store: another one is another life. */
  #refuseMove(storeKey: string): void {
    if (!this.#held || this.#held.storeKey === storeKey) return;
    throw new Error('database, data and durability are read at the start only; restart the gateway to change them');
  }

  #swap(next: Generation, held: Held, blueprint: Blueprint): void {
    const { log } = this.parts;
    const before = this.#current as Generation | undefined;
    const heldBefore = this.#held;
    this.store = held.store;
    this.#held = held;
    this.#fingerprint = fingerprintOf(blueprint);
    log.setLevel(blueprint.config.log.level);
    this.ports.apply(blueprint.config);
    this.health.configure(blueprint.config.breaker);
    this.#current = next;
    for (const note of blueprint.notes) log.warn(note);
    for (const { file, error } of blueprint.broken)
      log.error(`${basename(file)} could not be loaded; the last good one goes on, if there was one`, { error });
    if (!before || !heldBefore) return;
    log.info('the configuration changed', { version: blueprint.version, before: before.blueprint.version });
    // A port that is listed no more takes nothing new from now on; what it has taken goes on.
    for (const key of heldBefore.ports) void this.#resources.release(key);
    const retired = before.retire().then(async () => {
      await this.#resources.release(heldBefore.storeKey);
      this.#retiring.delete(before);
    });
    this.#retiring.set(before, retired);
  }

  async #openStore({ config }: Blueprint): Promise<Store> {
    const store = await openStore(config, this.folder, this.parts.log);
    store.on('stored', (rows) => this.events.publish('turn', rows));
    return store;
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

  #lender(store: Store): Lender {
    return {
      log: this.parts.log,
      metrics: this.metrics,
      folder: this.folder,
      store,
      tokens: this.#tokens,
      shared: this.#shared,
      settings: this.settings,
      figures: this.#figures,
      current: () => this.#current,
      publish: this.events.publish,
      subscribe: this.events.subscribe,
      failed: (plugin, error) => this.tally.stageFailed(plugin, error),
    };
  }
}
