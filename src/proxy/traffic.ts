import type { Pool } from 'undici';

import type { Asked, EndpointFacts } from '../pipeline/asked.ts';
import type { Dialect } from '../pipeline/dialect.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { RoutePlan } from '../pipeline/plan.ts';
import type { Principal } from '../pipeline/principal.ts';
import type { Provider } from '../pipeline/provider.ts';
import type { Terms } from '../pipeline/terms.ts';
import type { Journey } from '../routing/journey.ts';

/** An endpoint and what its path says about the request. */
export interface FoundEndpoint {
  readonly facts: EndpointFacts;
  /** Where the path names the model: the offsets of its spelling. */
  readonly model: { readonly start: number; readonly end: number } | null;
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
  /** There are routes, aliases or several keys: answers say which way was taken. */
  readonly mayChoose: boolean;
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
  /** Where it goes, and what is done when that fails. */
  plan(asked: Asked): RoutePlan;
  /** Its way along its plan: asked when all plugins have met it. */
  journey(exchange: Exchange): Journey;
  principal(key: string): Principal | null;
  pool(provider: Provider): Pool;
  /** Hides the gateway's own provider keys in an answer that quotes them. */
  scrub(text: string): string;
  /** Hears of every finished exchange, after those of its listeners that did not have to wait. */
  finished(exchange: Exchange): void;
}
