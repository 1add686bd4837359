/**
 * The door for adapters: how an API is spoken.
 *
 * A provider is data (who, where, how much); an adapter is code (how they talk). An
 * adapter is one file in providers/adapters/. It names the paths it owns, measures
 * their answers, and says errors in the words its SDKs understand.
 */
import type { Dialect } from './pipeline/dialect.ts';

export type { EventFrame } from './bytes/event-frames.ts';
export { type JsonMembers, membersOf } from './bytes/json-members.ts';
export { JsonScan } from './bytes/json-scan.ts';
export { JsonSequence } from './bytes/json-sequence.ts';
export { charsIn, charsOf, hasValue, marker, valueAfter } from './bytes/search.ts';
export { SseCutter, SseEvent } from './bytes/sse.ts';
export { AnswerMeter } from './metering/answer-meter.ts';
export {
  addUsage,
  asList,
  asObject,
  checkUsage,
  codeOf,
  count,
  type JsonObject,
  mergeUsage,
  type Note,
  nameOf,
  put,
} from './metering/counters.ts';
export { add, formatDecimal, parseDecimal, shift } from './metering/decimal.ts';
export type { Draft } from './metering/draft.ts';
export { readError } from './metering/error-member.ts';
export type { AnswerReader } from './metering/framings.ts';
export type { LateBill, LateHead, LateMeter, TakeShare } from './metering/late.ts';
export type { AnswerHead, Meter } from './metering/meter.ts';
export type {
  Outcome,
  Reading,
  StopKind,
  StopReason,
  Usage,
  UsageName,
  UsagePart,
  UsageStatus,
} from './metering/usage.ts';
export type { Dialect, Problem } from './pipeline/dialect.ts';

export interface Endpoint {
  method: string;
  /**
   * A path as clients call it, such as `/v1/chat/completions`. `:name` matches one segment, or
   * the beginning of one that ends with what follows a second colon (`:model:generateContent`);
   * a last `*` matches the rest. What `:model` matches is the model that is asked for.
   */
  path: string;
  /** Name in the record, such as `openai.chat`. */
  api: string;
  /**
   * What the request body must be. `json`: one JSON object; anything else is refused before it
   * leaves. `form`: usually a multipart form, whose fields `model` and `stream` are read. `any`: not looked at.
   */
  body: 'json' | 'form' | 'any';
  /** Generates something that is billed. Others have usage status `not_applicable`. */
  bills: boolean;
  /** What a request is whose body does not say `stream`. Without it: no stream. */
  streams?: boolean;
}

export interface Adapter extends Dialect {
  /** What it speaks, in one sentence. */
  summary: string;
  /** Paths no adapter owns speak the family of their provider. */
  endpoints: readonly Endpoint[];
  /** Provider of the catalogue that answers where gateway.yaml names none for this API, such as `google`. */
  home?: string;
}

/** Gives an adapter its types; it returns what it was given. */
export const defineAdapter = (adapter: Adapter): Adapter => adapter;
