/**
 * What an exchange leaves behind: the shape of `GET /api/v1/requests/{id}`.
 * No prompt, no answer, no key. Unknown is null, never 0; money is a decimal string.
 */
import type { Unpriced } from '../metering/unpriced.ts';
import type { Outcome, StopReason, Usage, UsagePart, UsageSource, UsageStatus } from '../metering/usage.ts';
import type { FailureClass, Strategy } from './plan.ts';
import type { CacheBreak, PromptPart, TurnRelation } from './prompt.ts';

/** One trip to a provider. The last one is the answer's; what those before it have cost stands with them, and in the row's cost. */
export interface AttemptRecord {
  provider: string;
  model: string | null;
  /** Name of the provider's key; absent where it has no other, or the client brought its own. */
  key?: string;
  /** Null: there was no answer. */
  status: number | null;
  /** `answered`, or what went wrong. */
  reason: string;
  /** What that means for what came next; absent for an answer. */
  class?: FailureClass;
  /** From its departure to the answer's head, or to its failure. */
  ms: number;
  /** What was waited before it, where something was. */
  waited_ms?: number;
  /** Of one that was given up after it had begun to answer: what it cost, as far as the provider had told by then. */
  cost_usd?: string | null;
}

/** What proves what happened to a request on its way. Hashes are SHA-256 of bodies, hex. */
export interface Receipt {
  /** As it came from the client; null where it passed from socket to socket, or had none. */
  body_in: string | null;
  /** As it left; the same text where nothing was changed. */
  body_out: string | null;
  /** What plugins decided about it, in the order of time. */
  decisions: ReceiptNote[];
}

export interface ReceiptNote {
  /** Plugin, or `route`. */
  by: string;
  /** Milliseconds since the request's arrival. */
  at_ms: number;
  /** Such as `hold`, `settle`, `clamp`, `redact`. */
  what: string;
  /** Numbers and names only: never of what the request says. */
  facts?: Record<string, string | number | boolean | null>;
}

export interface ExchangeRecord {
  /**
   * Sorts by time: 12 hex digits of milliseconds, then randomness. Of what did not come through
   * the proxy: 12 zeros and a hash of what it is, so that telling it again is the same row.
   */
  id: string;
  /** UTC ISO 8601 with milliseconds: when the request's first byte was here. */
  time: string;
  tenant: string | null;
  project: string | null;
  agent: string | null;
  key: string | null;
  user: string | null;
  session: { id: string; source: string; confidence: 'high' | 'medium' | 'low' } | null;
  environment: string | null;
  tags: Record<string, string>;
  listener: string;
  /** How it goes on from earlier exchanges of its session; null where nobody looked. */
  turn: { relation: TurnRelation /** The session it branched from. */; parent: string | null } | null;

  method: string;
  /** Without the query: queries carry keys. */
  path: string;
  provider: string | null;
  api: string | null;
  model: { request: string | null; response: string | null; priced_as: string | null };
  stream: boolean;
  /** What the client got; null when it left before. */
  status: number | null;
  outcome: Outcome;
  stop_reason: StopReason | null;
  error: { type: string | null; code: string | null; http_status: number | null; retry_after_s: number | null } | null;

  usage: Usage | null;
  usage_status: UsageStatus;
  usage_source: UsageSource;
  raw_usage: string | null;
  cost_usd: string | null;
  cost_source: 'price_table' | 'provider' | 'free' | null;
  /** Why the cost is unknown; null where it is known, or nothing was to be paid. */
  unpriced: Unpriced | null;
  /** What the price table says where the provider's own figure won. */
  table_cost_usd: string | null;
  price: { key: string; version: string; rates: Readonly<Record<string, string | true>> } | null;
  usage_by_model: (UsagePart & { cost_usd: string | null; price_key: string | null })[] | null;
  service_tier: string | null;
  /** What was counted here where the provider had no last word; never part of a sum. */
  estimate: {
    input_tokens: number | null;
    output_tokens: number | null;
    cost_usd: string | null;
    /** `counted`: with the model's own tokenizer, over all of the text. Absent in rows of before it was told. */
    source?: 'counted' | 'estimated';
    confidence: 'high' | 'medium' | 'low';
  } | null;

  /** What was said before it left; null where nothing was. */
  prediction: {
    input_tokens: number;
    /** How the input was counted: with the model's own tokenizer, over all of it, or not. */
    source: 'counted' | 'estimated';
    /** All answers together, reasoning included: expected, and what 9 of 10 are to stay below. */
    output_tokens: number;
    output_tokens_p90: number;
    /** Where the output comes from: what such requests have produced, the request's own limit, or the model's. */
    basis: 'learned' | 'max_tokens' | 'model';
    /** Null where the price is unknown. */
    cost_usd: string | null;
    cost_usd_p90: string | null;
    /** The most it may cost if the provider keeps to its limits; null where nobody can say. */
    cost_usd_max: string | null;
    confidence: 'high' | 'medium' | 'low';
  } | null;
  /** What budgets count for it while its cost is unknown, where they were told to; US dollars. */
  reserved_usd: string | null;

  upstream_request_id: string | null;
  response_id: string | null;
  attempts: AttemptRecord[];
  /** Which way it went and why; null for what did not come through the proxy. */
  route: {
    /** Of gateway.yaml; null where none matched. */
    name: string | null;
    strategy: Strategy | null;
    reason: string;
    /** The client's name for the model, where that is an alias. */
    alias: string | null;
  } | null;
  /** How often what was taken out of the request before it left, by kind; null where nobody looked. */
  redactions: Record<string, number> | null;
  receipt: Receipt | null;
  /** Null for what did not come through the proxy and does not say; so are the sizes. */
  duration_ms: number | null;
  time_to_first_token_ms: number | null;
  /** Time the gateway itself took before the request left, milliseconds. */
  overhead_ms: number | null;
  request_bytes: number | null;
  response_bytes: number | null;
  /** Sizes of the prompt's parts as JSON text, in characters, and how many there are. */
  prompt: {
    system_chars: number | null;
    history_chars: number | null;
    tools_chars: number | null;
    messages?: number | null;
    user_messages?: number | null;
    assistant_messages?: number | null;
    tools?: number | null;
    tool_results?: number | null;
    images?: number | null;
    /** In the order in which providers cache them; null where the prompt was not taken apart, or is not kept any more. */
    parts?: PromptPart[] | null;
  } | null;
  /** How often the answer called which tool; null where nobody looked. */
  tools_called: Record<string, number> | null;
  cache_break: CacheBreak | null;
  /** What rewrote the request or the answer, by plugin name; empty when both passed untouched. */
  rewritten_by: string[];
  config_version: string;
}
