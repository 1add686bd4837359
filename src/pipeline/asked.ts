/** What is known of a request when a way is found for it. */
import type { Dialect } from './dialect.ts';
import type { Exchange } from './exchange.ts';
import type { Provider } from './provider.ts';

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

/** What a way is found for. */
export interface Asked {
  /** As far as plugins have found out about it: its agent, tags and session, where they stand above. */
  exchange: Exchange;
  listener: ListenerFacts;
  /** The API that is spoken; null for a path no adapter owns. */
  endpoint: EndpointFacts | null;
  /** Named by the path: all goes there. */
  named: Provider | null;
  /** The client brought a key of the provider's, so the gateway's own keys do not matter. */
  ownCredential: boolean;
}
