/**
 * The door for adapters: how an API is spoken.
 *
 * A provider is data (who, where, how much); an adapter is code (how they talk). An
 * adapter is one file in providers/adapters/. It names the paths it owns, measures
 * their answers, and says errors in the words its SDKs understand.
 */
import type { Reading } from './metering/usage.ts';

export { JsonScan } from './bytes/json-scan.ts';
export { SseCutter } from './bytes/sse.ts';
export type { Outcome, Reading, StopKind, StopReason, Usage, UsageName, UsagePart, UsageStatus } from './metering/usage.ts';

export interface Endpoint {
  method: string;
  /** An exact path as clients call it, such as `/v1/chat/completions`; `:name` matches one segment, a last `*` the rest. */
  path: string;
  /** Name in the record, such as `openai.chat`. */
  api: string;
  /** The request body must be one JSON object; anything else is refused before it leaves. */
  json: boolean;
  /** Generates something that is billed. Others have usage status `not_applicable`. */
  bills: boolean;
}

/** An answer as far as its headers tell. */
export interface AnswerHead {
  api: string;
  status: number;
  /** Lower case, without parameters; '' when absent. */
  contentType: string;
  /** The request asked for a stream; the answer may think otherwise. */
  streamAsked: boolean;
}

/** Reads one answer beside its way to the client. */
export interface Meter {
  /** Decoded bytes, split anywhere. Must not keep the chunk's memory longer than needed; must not throw. */
  push(chunk: Uint8Array): void;
  /** True from the first event that carries content (not a comment, a ping or a role). */
  readonly started: boolean;
  /** True once a finish reason was seen: what follows is only the bill. */
  readonly finishing: boolean;
  /** Called once, after the last byte; `whole` is false when the transport broke. */
  end(whole: boolean): Reading;
}

/** A failure that the gateway itself has to tell a client. */
export interface Problem {
  status: number;
  /** Stable, snake case: `upstream_unreachable`, `invalid_json`. */
  code: string;
  message: string;
  /** The gateway's id of the exchange. */
  requestId: string;
  /** Members added beside the message, for codes that define them. */
  details?: Readonly<Record<string, unknown>>;
}

export interface Adapter {
  /** What it speaks, in one sentence. */
  summary: string;
  /** The family whose SDKs understand it: `openai`, `anthropic`, `gemini`. Paths no adapter owns speak the family of their provider. */
  dialect: string;
  endpoints: readonly Endpoint[];
  meter(head: AnswerHead): Meter;
  /** The body of an error answer, JSON text. */
  error(problem: Problem): string;
  /** The same inside a stream that has already begun: whole SSE text with its blank line. */
  errorEvent(problem: Problem): string;
}

/** Gives an adapter its types; it returns what it was given. */
export const defineAdapter = (adapter: Adapter): Adapter => adapter;
