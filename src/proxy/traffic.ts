import type { Pool } from 'undici';

import type { Dialect } from '../pipeline/dialect.ts';
import type { Exchange, Principal, Terms } from '../pipeline/exchange.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Provider } from '../pipeline/provider.ts';

/** A port as the proxy sees it. */
export interface ListenerFacts {
  readonly name: string;
  readonly agent: string | null;
  /** All traffic of this listener goes to this provider. */
  readonly provider: string | null;
  /** A gateway key is asked for. */
  readonly locked: boolean;
}

export interface EndpointFacts {
  readonly api: string;
  readonly json: boolean;
  readonly bills: boolean;
  readonly dialect: Dialect;
}

/** What a route is chosen by. */
export interface Asked {
  path: string;
  model: string | null;
  stream: boolean;
  dialect: Dialect;
  listener: ListenerFacts;
  agent: string | null;
}

/** Where a request may go, best first. */
export interface Target {
  readonly provider: Provider;
  /** The name this provider knows the model by; null: as asked. */
  readonly model: string | null;
}

/** Milliseconds and bytes. */
export interface Limits {
  readonly body: number;
  readonly clientStall: number;
  readonly drain: number;
}

/**
 * One configuration as the proxy uses it. An exchange keeps the one it began with,
 * and counts itself in and out, so that a generation knows when its last one is out.
 */
export interface Traffic {
  readonly pipeline: Pipeline;
  readonly limits: Limits;
  readonly terms: Terms;
  /** More exchanges are under way than limits.concurrent allows; the one that asks is counted in. */
  readonly full: boolean;
  enter(): void;
  leave(): void;
  /** The API of a method and a path, or null when no adapter owns it. */
  endpoint(method: string, path: string): EndpointFacts | null;
  /** Who answers for a path no adapter owns: the family of its provider, or of its looks. */
  dialectOf(path: string, provider: Provider | null): Dialect;
  provider(name: string): Provider | undefined;
  /** Targets in their order; empty when nobody can answer. */
  targets(asked: Asked): readonly Target[];
  principal(key: string): Principal | null;
  pool(provider: Provider): Pool;
  /** Hides the gateway's own provider keys in an answer that quotes them. */
  scrub(text: string): string;
  /** Hears of every finished exchange, after its listeners. */
  finished(exchange: Exchange): void;
}
