/** A house for tests of the pages: a real store on a database of its own, real ports, scripted facts. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PriceBook } from '../../src/metering/prices.ts';
import { newId } from '../../src/pipeline/id.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { Store } from '../../src/store/store.ts';
import type { WebListener } from '../../src/web/access.ts';
import { createApp, type WebApp } from '../../src/web/app.ts';
import type { House } from '../../src/web/house.ts';

export const KEY = 'tsk-0123456789abcdef0123456789abcdef';

export interface TestHouse {
  house: Changeable<House>;
  store: Store;
  app: WebApp;
  /** What the proxy was given: method and target. */
  proxied: string[];
  /** Lines of the log. */
  logged: string[];
  /** Opens a port and gives its address; unlocked with the dashboard unless told. */
  listen(facts?: Partial<WebListener>): Promise<string>;
  /** Appends records and waits until they are stored and announced. */
  add(...records: Partial<ExchangeRecord>[]): Promise<void>;
  publish(event: string, data?: unknown): void;
  close(): Promise<void>;
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/** Opens a house. */
export async function openHouse(change: Partial<House> = {}): Promise<TestHouse> {
  const folder = await mkdtemp(join(tmpdir(), 'token-spy-house-'));
  const logged: string[] = [];
  const write = (message: string, facts?: object): void =>
    void logged.push(`${message} ${JSON.stringify(facts ?? {})}`);
  const log = { debug: write, info: write, warn: write, error: write };
  const store = await Store.open({ database: `sqlite:${join(folder, 'test.db')}`, folder, log });
  const heard = new Set<(event: string, data: unknown) => void>();
  const publish = (event: string, data: unknown = {}): void => {
    for (const listener of heard) listener(event, data);
  };
  store.on('stored', (entries) => publish('turn', entries));
  const ports: { facts: WebListener; url: string }[] = [];
  const house: Changeable<House> = {
    ...plainHouse(store, log),
    subscribe: hear(heard),
    listeners: () => ports.map(shown),
    ...change,
  };
  const proxied: string[] = [];
  const app = createApp(house, (req, res) => {
    proxied.push(`${req.method} ${req.url}`);
    res.end('upstream');
  });
  const servers: Server[] = [];
  return {
    house,
    store,
    app,
    proxied,
    logged,
    publish,
    listen: async (facts = {}) => {
      const listener: WebListener = {
        name: `port-${ports.length}`,
        agent: null,
        provider: null,
        locked: false,
        dashboard: true,
        ...facts,
      };
      const server = createServer((req: IncomingMessage, res: ServerResponse) => app(req, res, listener));
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      ports.push({ facts: listener, url });
      return url;
    },
    add: async (...records) => {
      for (const record of records) store.append(recordOf(record));
      await store.flush();
    },
    close: async () => {
      app.close();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const shown = ({ facts, url }: { facts: WebListener; url: string }) => ({ ...facts, url, up: true });

function hear(heard: Set<(event: string, data: unknown) => void>): House['subscribe'] {
  return (listener) => {
    heard.add(listener);
    return () => void heard.delete(listener);
  };
}

function plainHouse(store: Store, log: House['log']): Omit<House, 'subscribe' | 'listeners'> {
  return {
    log,
    store,
    startedAt: Date.now() - 3_723_000,
    packageVersion: '9.8.7',
    configuration: () => ({
      ok: true,
      version: 'abcdef012345',
      file: '/home/somebody/gateway.yaml',
      loadedAt: new Date(Date.now() - 600_000).toISOString(),
      error: null,
      notes: [],
      retiring: 0,
    }),
    pipeline: () => [],
    unlisted: () => [],
    broken: () => [],
    providers: () => [],
    routing: () => ({
      routes: [],
      aliases: {},
      breaker: { window: 20, share: 50, least: 5, probeMs: 5000 },
      providers: [],
    }),
    prices: () => new PriceBook([]),
    inFlight: () => 0,
    draining: () => false,
    panels: () => [],
    pages: () => [],
    metrics: async () => ({
      contentType: 'text/plain; version=0.0.4',
      text: '# HELP gateway_exchanges_total Exchanges.\n',
    }),
    sessionCharLimit: 200_000,
    hosts: () => new Set(['gateway.test']),
    corsOrigins: () => new Set(['https://chat.example']),
    principal: (key) => (key === KEY ? { name: 'admin' } : null),
  };
}

/** A good answer of a small model, changed as told. */
export function recordOf(change: Partial<ExchangeRecord> = {}): ExchangeRecord {
  const at = change.time === undefined ? Date.now() : Date.parse(change.time);
  return {
    id: newId(at),
    time: new Date(at).toISOString(),
    tenant: null,
    project: null,
    agent: 'coder',
    key: null,
    user: null,
    session: null,
    turn: null,
    route: null,
    redactions: null,
    receipt: null,
    environment: null,
    tags: {},
    listener: '127.0.0.1:9110',
    method: 'POST',
    path: '/v1/chat/completions',
    provider: 'openai',
    api: 'openai.chat',
    model: { request: 'gpt-4o-mini', response: 'gpt-4o-mini-2024-07-18', priced_as: 'gpt-4o-mini' },
    stream: true,
    status: 200,
    outcome: 'ok',
    stop_reason: { raw: 'stop', normalized: 'stop' },
    error: null,
    usage: { input_tokens: 1200, output_tokens: 300, 'cache_read.input_tokens': 200 },
    usage_status: 'final',
    usage_source: 'provider',
    raw_usage: null,
    cost_usd: '0.000345',
    cost_source: 'price_table',
    unpriced: null,
    table_cost_usd: null,
    price: {
      key: 'openai/gpt-4o-mini',
      version: '2026-11-01',
      rates: { input: '0.15', output: '0.6', cache_read: '0.075' },
    },
    usage_by_model: null,
    service_tier: null,
    estimate: null,
    prediction: null,
    reserved_usd: null,
    upstream_request_id: 'req_1',
    response_id: 'chatcmpl-1',
    attempts: [{ provider: 'openai', model: null, status: 200, reason: 'first', ms: 900 }],
    duration_ms: 1200,
    time_to_first_token_ms: 400,
    overhead_ms: 0.8,
    request_bytes: 4200,
    response_bytes: 2100,
    prompt: null,
    tools_called: null,
    cache_break: null,
    rewritten_by: [],
    config_version: 'abcdef012345',
    ...change,
  };
}
