/**
 * What a provider said about one answer, in one vocabulary.
 *
 * Names follow `gen_ai.usage.*` of OpenTelemetry without the prefix; names that the
 * convention lacks are ours. Totals are inclusive: cache reads and writes are part of
 * `input_tokens`, reasoning is part of `output_tokens`. A name that is absent was not
 * reported; zero is a statement of the provider's.
 */
export type UsageName =
  | 'input_tokens'
  | 'output_tokens'
  | 'cache_read.input_tokens'
  | 'cache_creation.input_tokens'
  | 'cache_creation.5m.input_tokens'
  | 'cache_creation.1h.input_tokens'
  | 'cache_creation.30m.input_tokens'
  | 'cache_creation.12h.input_tokens'
  | 'reasoning.output_tokens'
  | 'audio.input_tokens'
  | 'audio.output_tokens'
  | 'image.input_tokens'
  | 'image.output_tokens'
  | 'video.input_tokens'
  | 'cache_read.audio.input_tokens'
  | 'tool_use.input_tokens'
  | 'audio.seconds'
  | 'web_search.requests'
  | 'web_fetch.requests'
  | 'file_search.requests'
  | 'code_execution.requests';

export type Usage = { [name in UsageName]?: number };

/**
 * - `final`: the provider's last word, seen whole
 * - `partial`: numbers were seen, the answer broke off before the last word
 * - `missing`: the answer was generated and nothing was said
 * - `not_applicable`: nothing was generated, so there is nothing to bill
 * - `estimated`: counted here, because the operator asked for it to stand in for the provider's
 */
export type UsageStatus = 'final' | 'partial' | 'missing' | 'not_applicable' | 'estimated';
export type UsageSource = 'provider' | 'counted' | 'estimated' | 'none';

export type StopKind = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'refusal' | 'error';
export interface StopReason {
  /** The provider's own word. */
  raw: string;
  normalized: StopKind | null;
}

/** How an exchange ended, told apart so that none of them can be mistaken for a good answer. */
export type Outcome =
  | 'ok'
  | 'upstream_error' // an error status, or no answer at all
  | 'stream_error' // an error inside a 200
  | 'truncated' // ended without the protocol's own end
  | 'bad_payload' // a 200 that its format does not allow
  | 'client_aborted'
  | 'refused'
  | 'cached';

/** One model's share of an answer that several models worked on. */
export interface UsagePart {
  model: string;
  usage: Usage;
}

/** What a meter read from one answer. Metering never throws: what it cannot read is null. */
export interface Reading {
  usage: Usage | null;
  usageStatus: UsageStatus;
  /** The last raw usage object, verbatim, at most 4 KiB of it. */
  rawUsage: string | null;
  /** More than one model took part (server-side iterations, fallbacks). */
  parts: UsagePart[] | null;
  model: string | null;
  responseId: string | null;
  serviceTier: string | null;
  speed: string | null;
  geo: string | null;
  stopReason: StopReason | null;
  /** How often the answer calls which tool of the client's, as far as it was read; null where it calls none. At most 64 names. */
  toolCalls: Record<string, number> | null;
  /** Provider-reported charge in US dollars, an exact decimal string. */
  reportedCostUsd: string | null;
  /** Not free, even where its provider is: a model of your own machine passed it on to one that charges. */
  paid: boolean;
  /** The answer only says that it will be made; another call tells it and its usage. */
  deferred: boolean;
  /** An error told inside the body, with the seconds to wait where it says them. Never its message: messages quote prompts. */
  error: { type: string | null; code: string | null; retryAfterS?: number } | null;
  /** How the body itself ended; the proxy adds what only sockets know. */
  ending: 'complete' | 'truncated' | 'error' | 'bad_payload';
  /** Characters of visible output seen so far: the basis of an estimate where usage is missing. */
  outputChars: number;
  /** Vendor totals that do not add up, named; logged and stored, never clamped. */
  inconsistencies: string[];
}
