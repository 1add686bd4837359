/** Where an exchange goes, in which order, and what is done when that fails. */
import type { Provider, ProviderKey, Target } from './provider.ts';

export type Strategy = 'fallback' | 'weighted' | 'cheapest' | 'fastest';

export interface RoutePlan {
  /** Best first; empty when nobody answers. The same provider may stand here more than once, with other models or keys. */
  readonly targets: readonly Target[];
  readonly decision: Decision;
  readonly policy: RetryPolicy;
}

/** Why it goes there. */
export interface Decision {
  /** Name of the route of gateway.yaml; null where none matched. */
  readonly route: string | null;
  readonly strategy: Strategy | null;
  /** In words for people, without names of keys' values: `fastest: openai 210 ms x 2, azure 400 ms x 1`. */
  readonly reason: string;
  /** The name the client used, where it is an alias of gateway.yaml. */
  readonly alias: string | null;
  /** It carries what only its origin can read, so nobody else is asked. */
  readonly isBound: boolean;
}

/** What is done about failures. Times are milliseconds. */
export interface RetryPolicy {
  /** How often an exchange is sent at most, whatever for. */
  readonly attempts: number;
  /** How often a target is asked once more before the next one is, where its failure may pass. */
  readonly retries: number;
  /** The first wait before a retry; it doubles each time, with jitter. */
  readonly backoff: number;
  readonly maxBackoff: number;
  /** A provider that wants to be left alone for longer than this is not waited for. */
  readonly maxWait: number;
  /** From the request's arrival to the answer's beginning, all attempts and waits together. */
  readonly deadline: number;
  /** Hold the answer until it is whole, so that one that breaks off may be asked for anew. */
  readonly restart: boolean;
}

/** What went wrong, as far as it matters for what to do next. */
export type FailureClass =
  /** No connection, or one that broke before an answer. */
  | 'connect'
  /** Connected, and silent for longer than allowed: before the headers, or before the first content. */
  | 'timeout'
  /** Too many requests, for now. */
  | 'rate'
  /** The account has nothing left: nothing of it will answer soon. */
  | 'quota'
  /** The key is refused. */
  | 'auth'
  | 'server'
  | 'overloaded'
  /** The prompt is too long for the model. */
  | 'context_length'
  | 'content_filter'
  /** It carries reasoning or an id that somebody else has made. */
  | 'foreign_state'
  /** The provider does not know the model. */
  | 'no_model'
  | 'bad_request'
  /** A stream that broke off, fell silent or made no sense after it had begun. */
  | 'broken';

/**
 * How targets have fared, as seen by real traffic. Places are told apart by provider and key:
 * a key that is over its limit says nothing of the others, a server that is down does.
 */
export interface Health {
  /** Whether a request may go there now. A place that was bad takes one at a time to be tried by. */
  mayTry(target: Target): boolean;
  /** Milliseconds until the first byte, moving average; null where nothing was measured yet. */
  latency(target: Target): number | null;
  /** Requests under way there. */
  inFlight(target: Target): number;
  /** A request leaves for it. Its flight must be ended, once. */
  depart(target: Target): Flight;
  /** For pages and the API. */
  views(): readonly HealthView[];
}

export interface Flight {
  /** It answered: milliseconds from departure to the first byte. */
  answered(ms: number): void;
  /** `ownKey` false: the client's own key was used, so what is wrong with the key is not counted. */
  failed(failure: FailureClass, retryAfterMs: number | null, ownKey: boolean): void;
  /** All bytes are here, or nobody waits for them any more. After `answered` or `failed`, or alone for a client that left. */
  ended(): void;
}

export interface HealthView {
  readonly provider: Provider['name'];
  /** Null for what holds of the provider whatever the key. */
  readonly key: ProviderKey['name'] | null;
  /** closed: requests pass. open: none do. half_open: one at a time is tried. */
  readonly state: 'closed' | 'open' | 'half_open';
  /** Why it is not closed: class of the last failure. */
  readonly failure: FailureClass | null;
  /** UTC ISO: when it is tried again; null while it is closed. */
  readonly until: string | null;
  readonly latencyMs: number | null;
  readonly inFlight: number;
  /** Since the start. */
  readonly attempts: number;
  readonly failures: number;
  /** Of the last 20 attempts, how many failed. */
  readonly recentFailures: number;
  readonly recent: number;
}
