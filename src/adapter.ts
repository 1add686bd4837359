/**
 * The door for adapters: how an API is spoken.
 *
 * A provider is data (who, where, how much); an adapter is code (how they talk). An
 * adapter is one file in providers/adapters/. It names the paths it owns, measures
 * their answers, and says errors in the words its SDKs understand.
 */
import type { Dialect } from './pipeline/dialect.ts';

export { type JsonMembers, membersOf } from './bytes/json-members.ts';
export { JsonScan } from './bytes/json-scan.ts';
export { charsIn, charsOf, hasValue, marker, valueAfter } from './bytes/search.ts';
export { SseCutter, type SseEvent } from './bytes/sse.ts';
export { AnswerMeter, type AnswerReader } from './metering/answer-meter.ts';
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
  /** An exact path as clients call it, such as `/v1/chat/completions`; `:name` matches one segment, a last `*` the rest. */
  path: string;
  /** Name in the record, such as `openai.chat`. */
  api: string;
  /** The request body must be one JSON object; anything else is refused before it leaves. */
  json: boolean;
  /** Generates something that is billed. Others have usage status `not_applicable`. */
  bills: boolean;
}

export interface Adapter extends Dialect {
  /** What it speaks, in one sentence. */
  summary: string;
  /** Paths no adapter owns speak the family of their provider. */
  endpoints: readonly Endpoint[];
}

/** Gives an adapter its types; it returns what it was given. */
export const defineAdapter = (adapter: Adapter): Adapter => adapter;
