/** Requests, providers and routes made of nothing, for tests of routing. */
import { scanJson } from '../../src/bytes/json-scan.ts';
import { Rope } from '../../src/bytes/rope.ts';
import type { Asked, EndpointFacts } from '../../src/pipeline/asked.ts';
import type { Dialect } from '../../src/pipeline/dialect.ts';
import { Exchange } from '../../src/pipeline/exchange.ts';
import type { Flight, Health, RoutePlan } from '../../src/pipeline/plan.ts';
import type { Principal } from '../../src/pipeline/principal.ts';
import type { Provider, Target } from '../../src/pipeline/provider.ts';
import { ExchangeRequest } from '../../src/pipeline/request.ts';
import type { Terms } from '../../src/pipeline/terms.ts';
import { compileRoutes, type RouteSpec, type RoutesSpec, type TargetSpec } from '../../src/routing/compile-routes.ts';
import { Origins } from '../../src/routing/origins.ts';
import type { Routes } from '../../src/routing/routes.ts';

export interface Ask extends Partial<Omit<Asked, 'exchange' | 'listener'>> {
  /** Laid over `{ model: 'm' }`; as it is where it is text. */
  body?: Record<string, unknown> | string | null;
  path?: string;
  search?: string;
  headers?: Record<string, string>;
  listener?: Partial<Asked['listener']>;
  principal?: Principal;
  session?: string;
  state?: Exchange['state'];
  pieces?: number;
  /** US dollars by provider and model; what is not there is unknown. */
  prices?: Record<string, string>;
  cost?: Terms['cost'];
}

export const familyOf = (dialect: string): Dialect => ({ dialect }) as Dialect;

export function ask(said: Ask = {}): Asked {
  const { body = {}, listener, named = null, ownCredential = false, session, state } = said;
  const text = typeof body === 'string' ? body : JSON.stringify({ model: 'm', ...body });
  const bytes = body === null ? null : Buffer.from(text);
  const cost: Terms['cost'] = ({ provider, requestModel }) =>
    ({ cost_usd: said.prices?.[`${provider}/${requestModel}`] ?? null }) as ReturnType<Terms['cost']>;
  const exchange = new Exchange({
    listener: { name: 'l', agent: null, ...listener },
    principal: said.principal ?? null,
    request: new ExchangeRequest({
      method: 'POST',
      path: said.path ?? '/v1/chat/completions',
      search: said.search ?? '',
      headers: said.headers ?? {},
      pathAgent: null,
      body: bytes && { bytes: ropeOf(bytes, said.pieces ?? 1), scan: scanJson(bytes) },
      raw: null,
    }),
    api: 'openai.chat',
    bills: true,
    dialect: familyOf('openai'),
    route: () => {
      throw new Error('the plan is asked for by the test');
    },
    terms: { configVersion: '0', cost: said.cost ?? cost, limits: () => ({ maxOutput: null, contextWindow: null }) },
    startedAt: 1_700_000_000_000,
    clock: performance.now(),
  });
  Object.assign(exchange.state, state);
  if (session !== undefined) exchange.state.session = { id: session, source: 'test', confidence: 'high' };
  const facts = { adapter: 'any', home: null, dialect: familyOf('openai') } as EndpointFacts;
  return {
    exchange,
    listener: { name: 'l', agent: null, provider: null, locked: false, ...listener },
    endpoint: said.endpoint === undefined ? facts : said.endpoint,
    named,
    ownCredential,
  };
}

function ropeOf(bytes: Buffer, pieces: number): Rope {
  const size = Math.ceil(bytes.length / pieces);
  return new Rope(Array.from({ length: pieces }, (_, i) => bytes.subarray(i * size, (i + 1) * size)));
}

/** A provider with so many keys, named a, b, c ... where there are several. */
export function provider(name: string, keys = 1, more: Partial<Provider> = {}): Provider {
  const list = Array.from({ length: keys }, (_, i) => ({
    name: keys === 1 ? '1' : String.fromCharCode(97 + i),
    value: `${name}-${i}`,
  }));
  const auth = { header: 'authorization', prefix: 'Bearer ' };
  return { name, adapters: ['any'], keys: list, models: [], free: false, auth, ...more } as unknown as Provider;
}

const RETRY = { attempts: 6, retries: 1, backoff: 250, max_backoff: 5000, max_wait: 5000, deadline: 120_000 };

/** A route; targets are names of providers, with a model behind a slash. */
export const route = ({ to = [], ...said }: Partial<RouteSpec> & { to?: string[] }): RouteSpec => ({
  name: 'r',
  match: {},
  strategy: 'fallback',
  sticky: 'state',
  targets: to.map((text): TargetSpec => {
    const [provider = '', model] = text.split('/');
    return model === undefined ? { provider } : { provider, model };
  }),
  retry: RETRY,
  restart: false,
  ...said,
});

/** Routes over these providers, all of which stand in gateway.yaml. */
export function routesOf(providers: Provider[], routes: RouteSpec[], more: Partial<RoutesSpec> = {}): Routes {
  return compileRoutes({
    routes,
    aliases: {},
    providers: new Map(providers.map((one) => [one.name, one])),
    configured: providers.map(({ name }) => name),
    familyOf: () => 'openai',
    dialectOf: () => familyOf('openai'),
    health: null,
    origins: new Origins(),
    ...more,
  });
}

/** `openai`, `openai key b`, `azure/gpt-4o`: the targets of a plan. */
export const targets = ({ targets }: Pick<RoutePlan, 'targets'>): string[] =>
  targets.map(({ provider, model, key }) => {
    const named = model === null ? provider.name : `${provider.name}/${model}`;
    return provider.keys.length > 1 && key !== null ? `${named} key ${key.name}` : named;
  });

export interface Fare {
  closed?: boolean;
  latency?: number | null;
  inFlight?: number;
}

/** How providers fare, by name, or by name and key: `openai b`. */
export class FakeHealth implements Health {
  fares: Record<string, Fare> = {};
  mayTry(target: Target): boolean {
    return !this.#of(target).closed;
  }
  latency(target: Target): number | null {
    return this.#of(target).latency ?? null;
  }
  inFlight(target: Target): number {
    return this.#of(target).inFlight ?? 0;
  }
  depart(): Flight {
    return { answered: () => {}, failed: () => {}, ended: () => {} };
  }
  views(): readonly [] {
    return [];
  }
  #of({ provider, key }: Target): Fare {
    return this.fares[`${provider.name} ${key?.name}`] ?? this.fares[provider.name] ?? {};
  }
}

/** An answer of that target is over. */
export function answered(
  asked: Asked,
  plan: RoutePlan,
  at = 0,
  responseId: string | null = null,
  status = 200,
): Exchange {
  const { exchange } = asked;
  const target = plan.targets[at]!;
  return {
    plan,
    target,
    request: exchange.request,
    response: { status },
    state: { ...exchange.state, reading: { responseId } },
  } as unknown as Exchange;
}
