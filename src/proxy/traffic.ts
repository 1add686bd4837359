import type { Pool } from 'undici';

import type { Dialect } from '../pipeline/dialect.ts';
import type { Exchange, Principal, Terms } from '../pipeline/exchange.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Provider, Target } from '../pipeline/provider.ts';

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
  /** What the request body must be: one JSON object, a form whose fields are read, or anything. */
  readonly body: 'json' | 'form' | 'any';
  readonly bills: boolean;
  /** What a request is whose body does not say. */
  readonly streams: boolean;
  /** Name of the adapter that speaks it, such as `openai_chat`. */
  readonly adapter: string;
  /** Provider that answers where gateway.yaml names none. */
  readonly home: string | null;
  readonly dialect: Dialect;
}

/** An endpoint and what its path says about the request. */
export interface FoundEndpoint {
  readonly facts: EndpointFacts;
  /** Where the path names the model: the offsets of its spelling. */
  readonly model: { readonly start: number; readonly end: number } | null;
}

/** What a route is chosen by. */
export interface Asked {
  path: string;
  model: string | null;
  stream: boolean;
  /** The API that is spoken; null for a path no adapter owns. */
  endpoint: EndpointFacts | null;
  dialect: Dialect;
  listener: ListenerFacts;
  agent: string | null;
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
  /** The answer of one is out, and its listeners still work: until they are done it takes nobody's turn. */
  settle(work: Promise<void>): Promise<void>;
  leave(): void;
  /** The API of a method and a path, or null when no adapter owns it. */
  endpoint(method: string, path: string): FoundEndpoint | null;
  /** Who answers for a path no adapter owns: the family of its provider, or of its looks. */
  dialectOf(path: string, provider: Provider | null): Dialect;
  provider(name: string): Provider | undefined;
  /** Targets, best first; empty when nobody can answer. */
  targets(asked: Asked): readonly Target[];
  principal(key: string): Principal | null;
  pool(provider: Provider): Pool;
  /** Hides the gateway's own provider keys in an answer that quotes them. */
  scrub(text: string): string;
  /** Hears of every finished exchange, after those of its listeners that did not have to wait. */
  finished(exchange: Exchange): void;
}
