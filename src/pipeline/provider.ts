/** A provider as the pipeline and the proxy see it: the catalogue entry with gateway.yaml laid over it, resolved and frozen. */
export interface Provider {
  readonly name: string;
  /** Adapters it speaks, first one first: `openai_chat`, `anthropic_messages`. */
  readonly adapters: readonly string[];
  /** Without a trailing slash; may have a path (`https://api.groq.com/openai/v1`). */
  readonly baseUrl: string;
  /** Used only when the client sends no credential of its own; empty when none is configured. */
  readonly keys: readonly ProviderKey[];
  /** Where a key goes: `{ header: 'authorization', prefix: 'Bearer ' }`. */
  readonly auth: { readonly header: string; readonly prefix: string };
  /** Used like the key, where there is none: requests are signed for AWS. Null when that is not configured. */
  readonly signing: Signing | null;
  /** Added to every request that does not have them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names or explicit `*` patterns it lists; a model found here is routed here. */
  readonly models: readonly string[];
  readonly free: boolean;
  /** Whether a stream may be asked for its usage (`stream_options.include_usage`): some always send it, some refuse. */
  readonly streamUsage: 'ask' | 'never';
  readonly onDisconnect: 'cancel' | 'drain';
  readonly timeouts: Timeouts;
  /** PEM file of an extra certificate authority. */
  readonly caFile: string | null;
}

/** One of a provider's keys, as gateway.yaml lists them. */
export interface ProviderKey {
  /** Its place in the list, from 1, where it was given no name. The name may be told; the value never. */
  readonly name: string;
  readonly value: string;
}

/** What a signature of AWS (Signature Version 4) is made with. */
export interface Signing {
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken: string | null;
}

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number;
  readonly responseHeaders: number;
  readonly firstToken: number;
  readonly idle: number;
  readonly total: number;
  /** An event stream that is silent for so long is sent a comment; 0 where none is. */
  readonly keepalive: number;
}

/** Where a request may go. */
export interface Target {
  readonly provider: Provider;
  /** The name this provider knows the model by; null: as asked. */
  readonly model: string | null;
  /** The key that is sent where the client brings none of its own; null where none is configured. */
  readonly key: ProviderKey | null;
}
