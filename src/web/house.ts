import type Router from '@koa/router';
import type { RouteMatch } from '../config/schema.ts';
import type { PriceBook } from '../metering/prices.ts';
import type { ListenerFacts } from '../pipeline/asked.ts';
import type { HealthView, Strategy } from '../pipeline/plan.ts';
import type { Principal } from '../pipeline/principal.ts';
import type { Log, Page, Panel } from '../plugin.ts';
import type { Store } from '../store/store.ts';

/** What the pages and the API know of the gateway. It implements this; web/ never reaches further. */
export interface House {
  readonly log: Log;
  readonly store: Store;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The package's version; shown to those who are let in. */
  readonly packageVersion: string;
  /** What runs, and what was refused last. */
  configuration(): ConfigurationState;
  /** The pipeline as it runs, in its order. */
  pipeline(): readonly StageView[];
  /** Plugin files that nobody listed, with the YAML that would switch them on. */
  unlisted(): readonly { name: string; summary: string; yaml: string }[];
  /** Plugin and adapter files that could not be loaded; the last good one of the name serves on. */
  broken(): readonly { file: string; error: string; since: string }[];
  providers(): readonly ProviderView[];
  /** Where requests go, and how those have fared who are asked. */
  routing(): RoutesView;
  /** The prices as they are looked up now. */
  prices(): PriceBook;
  listeners(): readonly (ListenerFacts & { url: string; up: boolean; dashboard: boolean })[];
  /** Exchanges under way now, of all generations. */
  inFlight(): number;
  draining(): boolean;
  panels(): readonly { plugin: string; panel: Panel }[];
  /** In the order of their titles. */
  pages(): readonly Page[];
  /** Prometheus text. */
  metrics(): Promise<{ contentType: string; text: string }>;
  /** Default session limit of the predecessor's health answer, in characters. */
  readonly sessionCharLimit: number;
  /** Names this gateway answers to in the Host header, in lower case, beside loopback. */
  hosts(): ReadonlySet<string>;
  corsOrigins(): ReadonlySet<string>;
  /** Calls back with every event that plugins or the store publish: `turn` (a row was stored), `config`, and plugins' own. Returns how to stop. */
  subscribe(listener: (event: string, data: unknown) => void): () => void;
  /** Management routes of the plugins that run, behind the same login; absent when no plugin brings any. */
  routes?(): Router | null;
  /** Exact paths of these routes outside /api/v1/ and /dashboard/, so that they are told from traffic. */
  ownPaths?(): ReadonlySet<string>;
  /** The holder of a gateway key that opens this path, or all of ours without one; else null. Constant time in the key's text. */
  principal(key: string, path?: string): Principal | null;
}

export interface ConfigurationState {
  ok: boolean;
  /** 12 hex digits of the running configuration. */
  version: string;
  file: string;
  /** UTC ISO: when the running one was taken. */
  loadedAt: string;
  /** The refused text's complaints, one line each with file:line:column; null when the file is good. */
  error: { at: string; lines: readonly string[] } | null;
  notes: readonly string[];
  /** Older configurations whose streams are still open. */
  retiring: number;
}

export interface StageView {
  name: string;
  plugin: string;
  summary: string;
  /** Options that differ from nothing: as they run, defaults included; secrets are shown as `***`. */
  options: Readonly<Record<string, unknown>>;
  /** The `when` of the entry as YAML-like text, or null. */
  when: string | null;
  onError: 'refuse' | 'skip';
  state: 'running' | 'off' | 'broken';
  error: string | null;
  /** Exchanges that it refused or that it failed on, since the start. */
  failures: number;
}

export interface ProviderView {
  name: string;
  baseUrl: string;
  adapters: readonly string[];
  free: boolean;
  /** Whether a key is configured; never the key. */
  hasKey: boolean;
  /** Seen passively: the last answer or failure; null when nothing was sent yet. */
  lastStatus: number | string | null;
  lastAt: string | null;
  /** In gateway.yaml itself, not only in the catalogue. */
  configured: boolean;
}

export interface RoutesView {
  /** In their order: the first that matches takes the request. */
  readonly routes: readonly RouteView[];
  /** The client's name of a model, and what it stands for. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly breaker: {
    readonly window: number;
    readonly share: number;
    readonly least: number;
    readonly probeMs: number;
  };
  /** Those that routes name, in their order, then others that were asked since the start. */
  readonly providers: readonly PlaceView[];
}

export interface RouteView {
  readonly name: string;
  /** As gateway.yaml says it; sizes are bytes. */
  readonly match: RouteMatch;
  readonly strategy: Strategy;
  readonly sticky: 'state' | 'session' | 'never';
  readonly restart: boolean;
  readonly retry: {
    readonly attempts: number;
    readonly retries: number;
    readonly backoffMs: number;
    readonly maxBackoffMs: number;
    readonly maxWaitMs: number;
    readonly deadlineMs: number;
  };
  /** Each has either a provider or a route. */
  readonly targets: readonly {
    readonly provider: string | null;
    /** Null: as asked. */
    readonly model: string | null;
    readonly route: string | null;
    readonly weight: number;
  }[];
}

/** A provider as requests have met it; null where it was not asked yet. */
export interface PlaceView {
  readonly name: string;
  readonly isRouted: boolean;
  readonly health: HealthView | null;
  /** Names of its keys; never the keys. */
  readonly keys: readonly { readonly name: string; readonly health: HealthView | null }[];
}
