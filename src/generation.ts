import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

import type { Blueprint } from './blueprint.ts';
import { Keyring } from './keyring.ts';
import type { Ordered } from './loader/order.ts';
import type { Facts } from './loader/when.ts';
import { type CostQuestion, costOf } from './metering/cost.ts';
import type { Asked } from './pipeline/asked.ts';
import type { Dialect } from './pipeline/dialect.ts';
import type { Exchange } from './pipeline/exchange.ts';
import { Pipeline, type Stage } from './pipeline/pipeline.ts';
import type { RoutePlan } from './pipeline/plan.ts';
import type { Principal } from './pipeline/principal.ts';
import type { Provider } from './pipeline/provider.ts';
import type { Terms } from './pipeline/terms.ts';
import type { Instance, Lent } from './plugin.ts';
import { Endpoints } from './proxy/endpoints.ts';
import type { FoundEndpoint, Limits, Traffic } from './proxy/traffic.ts';
import type { Resources } from './resources.ts';
import { compileRoutes, mayChoose } from './routing/compile-routes.ts';
import type { HealthBook } from './routing/health-book.ts';
import { Journey } from './routing/journey.ts';
import { Origins } from './routing/origins.ts';
import type { Routes } from './routing/routes.ts';

/** What a generation is lent by the gateway, which outlives it. */
export interface GenerationParts {
  blueprint: Blueprint;
  resources: Resources;
  /** The gateway's own key, where it had to make one. */
  generatedKey: string | null;
  /** Part of the identity of instances: they keep what they were lent. */
  storeKey: string;
  lend(plugin: string, options: unknown): { lent: Lent; close(): void };
  failed(stage: string, error: unknown): void;
  finished(exchange: Exchange): void;
  scrub(text: string): string;
  /** How providers fare, whatever the configuration. */
  health: HealthBook;
  /** Where sessions had their answers from, of earlier configurations too. */
  origins?: Origins;
}

/** Milliseconds an unused upstream connection stays open. */
const KEEP_ALIVE_MS = 60_000;
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * One configuration come alive.
 *
 * It is built beside the one that serves; what both need they share. It counts the
 * exchanges that began with it, and when it has been retired and the last of them is
 * out, it lets go of everything it held.
 */
export class Generation implements Traffic {
  readonly blueprint: Blueprint;
  readonly bornAt = new Date();
  readonly limits: Limits;
  readonly terms: Terms;
  readonly mayChoose: boolean;
  readonly instances: ReadonlyMap<string, Instance>;
  readonly pipeline: Pipeline;
  readonly #parts: GenerationParts;
  readonly #held: string[];
  readonly #endpoints: Endpoints;
  readonly #origins: Origins;
  readonly #routes: Routes;
  readonly #keyring: Keyring;
  readonly #pools: ReadonlyMap<Provider, Pool>;
  readonly #most: number;
  #count = 0;
  #settling = 0;
  #retired: (() => void) | null = null;

  /** Throws what a plugin's setup throws, naming the plugin; then nothing stays open. */
  static async build(parts: GenerationParts): Promise<Generation> {
    const held: string[] = [];
    try {
      const instances = new Map<string, Instance>();
      for (const entry of parts.blueprint.order) {
        if (entry.enabled) instances.set(entry.name, await holdInstance(entry, parts, held));
      }
      const pools = new Map<Provider, Pool>();
      for (const provider of parts.blueprint.providers.values())
        pools.set(provider, await holdPool(provider, parts, held));
      return new Generation(parts, held, instances, pools);
    } catch (error) {
      for (const key of held) await parts.resources.release(key);
      throw error;
    }
  }

  private constructor(
    parts: GenerationParts,
    held: string[],
    instances: ReadonlyMap<string, Instance>,
    pools: ReadonlyMap<Provider, Pool>,
  ) {
    const { blueprint } = parts;
    const { config, version, prices } = blueprint;
    this.#parts = parts;
    this.#held = held;
    this.#pools = pools;
    this.blueprint = blueprint;
    this.instances = instances;
    this.limits = { body: config.limits.body, clientStall: config.limits.client_stall, drain: config.limits.drain };
    this.#most = config.limits.concurrent ?? Number.POSITIVE_INFINITY;
    const free = (provider: string): boolean => blueprint.providers.get(provider)?.free ?? false;
    this.terms = {
      configVersion: version,
      cost: (question) => costOf(isWhole(question) ? question : { ...question, free: free(question.provider) }, prices),
      limits: (provider, model) => blueprint.limits.find(provider, model),
    };
    this.#endpoints = new Endpoints([...blueprint.adapters].map(([name, { value }]) => [name, value] as const));
    this.#origins = parts.origins ?? new Origins();
    this.mayChoose = mayChoose({ ...config, providers: blueprint.providers });
    this.#routes = compileRoutes({
      routes: config.routes,
      aliases: config.aliases,
      providers: blueprint.providers,
      configured: Object.keys(config.providers),
      familyOf: (adapter) => blueprint.adapters.get(adapter)?.value.dialect ?? adapter,
      dialectOf: (path) => this.#endpoints.lookOf(path),
      health: parts.health,
      origins: this.#origins,
    });
    this.#keyring = new Keyring(config.keys, parts.generatedKey);
    this.pipeline = new Pipeline(
      blueprint.order.filter(({ enabled }) => enabled).map((entry) => stage(entry, instances)),
      parts.failed,
    );
  }

  get inFlight(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count - this.#settling > this.#most;
  }

  enter(): void {
    this.#count++;
  }

  settle(work: Promise<void>): Promise<void> {
    this.#settling++;
    return work.finally(() => this.#settling--);
  }

  leave(): void {
    if (--this.#count === 0) this.#retired?.();
  }

  endpoint(method: string, path: string): FoundEndpoint | null {
    return this.#endpoints.find(method, path);
  }

  dialectOf(path: string, provider: Provider | null): Dialect {
    const adapter = provider && this.blueprint.adapters.get(provider.adapters[0] ?? '')?.value;
    return adapter || this.#endpoints.lookOf(path);
  }

  provider(name: string): Provider | undefined {
    return this.blueprint.providers.get(name);
  }

  plan(asked: Asked): RoutePlan {
    return this.#routes.plan(asked);
  }

  journey(exchange: Exchange): Journey {
    const { health } = this.#parts;
    return new Journey({ exchange, health, budget: health.retries, random: Math.random, limitsOf: this.terms.limits });
  }

  principal(key: string): Principal | null {
    return this.#keyring.principal(key);
  }

  pool(provider: Provider): Pool {
    return this.#pools.get(provider)!;
  }

  readonly scrub = (text: string): string => this.#parts.scrub(text);

  finished(exchange: Exchange): void {
    this.#parts.finished(exchange);
    this.#origins.learn(exchange);
  }

  /** Resolves when the last exchange is out and everything that nobody else holds is closed. */
  async retire(): Promise<void> {
    if (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#retired = resolve;
      });
    }
    for (const key of this.#held.splice(0).reverse()) await this.#parts.resources.release(key);
  }
}

const isWhole = (question: Parameters<Terms['cost']>[0]): question is CostQuestion => question.free !== undefined;

async function holdInstance(entry: Ordered, parts: GenerationParts, held: string[]): Promise<Instance> {
  const loaded = parts.blueprint.plugins.get(entry.plugin)!;
  const key = `plugin ${entry.name} ${loaded.hash} ${parts.storeKey} ${JSON.stringify(entry.options)}`;
  const open = async () => {
    const { lent, close } = parts.lend(entry.name, entry.options);
    try {
      return { instance: (await loaded.value.setup(lent)) ?? {}, close };
    } catch (error) {
      close();
      throw new Error(`plugin ${entry.name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  };
  const { instance } = await parts.resources.hold(key, open, async ({ instance, close }) => {
    close();
    await Promise.resolve(instance.close?.()).catch((error: unknown) => parts.failed(entry.name, error));
  });
  held.push(key);
  return instance;
}

async function holdPool(provider: Provider, { resources }: GenerationParts, held: string[]): Promise<Pool> {
  const { origin } = new URL(provider.baseUrl);
  const { connect } = provider.timeouts;
  const key = `pool ${provider.name} ${origin} ${connect} ${provider.caFile ?? ''}`;
  const open = () =>
    new Pool(origin, {
      // As many connections as there are calls: an answer takes minutes, and nobody should queue behind it.
      connections: null,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: connect, ...(provider.caFile === null ? {} : { ca: readFileSync(provider.caFile) }) },
    });
  const pool = await resources.hold(key, open, (value) => value.destroy());
  held.push(key);
  return pool;
}

function stage({ name, onError, applies }: Ordered, instances: ReadonlyMap<string, Instance>): Stage {
  const instance = instances.get(name)!;
  return {
    name,
    onError,
    when: applies === null ? null : (exchange) => applies(factsOf(exchange)),
    onRequest: instance.onRequest ? (exchange) => instance.onRequest!(exchange) : null,
  };
}

const NO_TAGS: Readonly<Record<string, string>> = {};
/** The provider is looked for only where a `when` asks: those who stand higher have not said yet what decides it. */
const factsOf = (exchange: Exchange): Facts => ({
  get provider() {
    return exchange.provider?.name ?? null;
  },
  model: exchange.request.model,
  path: exchange.request.path,
  agent: exchange.state.agent ?? exchange.request.pathAgent ?? exchange.listener.agent,
  listener: exchange.listener.name,
  tags: exchange.state.tags ?? NO_TAGS,
});
