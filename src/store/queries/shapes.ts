import type { Outcome, StopKind, UsageSource, UsageStatus } from '../../metering/usage.ts';

/** One exchange without its rare details: a line of a list, an event of a feed. */
export interface ExchangeEntry {
  /** Order of arrival in the database; the cursor of the event feed. It grows, with gaps. */
  seq: number;
  id: string;
  /** UTC ISO 8601 with milliseconds. */
  time: string;
  tenant: string | null;
  project: string | null;
  agent: string | null;
  key: string | null;
  user: string | null;
  session: string | null;
  environment: string | null;
  listener: string;
  method: string;
  path: string;
  provider: string | null;
  api: string | null;
  /** The model that answered, or the one that was asked for where no answer named one. */
  model: string | null;
  request_model: string | null;
  response_model: string | null;
  stream: boolean;
  status: number | null;
  outcome: Outcome;
  stop_reason: StopKind | null;
  stop_raw: string | null;
  error_type: string | null;
  error_code: string | null;
  usage_status: UsageStatus;
  usage_source: UsageSource;
  /** Inclusive of cache reads and writes. */
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  cache_write_tokens: number | null;
  reasoning_tokens: number | null;
  /** Input and output; null when neither is known. */
  total_tokens: number | null;
  /** US dollars, a decimal string of at most 12 decimals. */
  cost_usd: string | null;
  cost_source: string | null;
  duration_ms: number | null;
  time_to_first_token_ms: number | null;
  request_bytes: number | null;
  response_bytes: number | null;
}

/** What a query may be narrowed by; everything given must hold. */
export interface Filters {
  tenant?: string | undefined;
  project?: string | undefined;
  agent?: string | undefined;
  /** The requested or the answering model. */
  model?: string | undefined;
  provider?: string | undefined;
  api?: string | undefined;
  listener?: string | undefined;
  /** A status such as `429`, or a class such as `4xx`. */
  status?: number | string | undefined;
  outcome?: string | undefined;
  /** Normalized, such as `tool_calls`, or the provider's own word, such as `end_turn`. */
  stop_reason?: string | undefined;
  session?: string | undefined;
  key?: string | undefined;
  user?: string | undefined;
  environment?: string | undefined;
  /** Every tag must be there with this value. */
  tags?: Record<string, string> | undefined;
  /** US dollars, a decimal string. */
  min_cost?: string | undefined;
  /** A piece of an id, model, agent, provider, path, user, session or error code. */
  q?: string | undefined;
}

/** A stretch of time: `from` belongs to it, `to` does not. */
export interface Range {
  from: Date;
  to: Date;
}

export interface ListQuestion {
  filters?: Filters | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** 1 to 500, 50 unless told; what lies outside is clamped. */
  limit?: number | undefined;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

export interface ListPage {
  entries: ExchangeEntry[];
  /** Null on the last page. */
  next: string | null;
}

export interface Totals {
  requests: number;
  /** Exchanges that failed upstream, in the stream or in the payload; refusals and leavers are counted apart. */
  errors: number;
  refused: number;
  aborted: number;
  cached: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  total_tokens: number;
  /** Exact sum in US dollars of what has a price; null when something was billed and nothing of it has one. */
  cost_usd: string | null;
  /** Exchanges that a provider may bill and whose cost is unknown. */
  unpriced: number;
  usage_sources: { provider: number; counted: number; estimated: number; none: number };
  latency_ms: Spread;
  time_to_first_token_ms: Spread;
  /** Cache reads as a share of input tokens, 0 to 1; null without input. */
  cache_share: number | null;
}

/** Average and nearest-rank percentiles; null where nothing was measured. */
export interface Spread {
  average: number | null;
  p50: number | null;
  p95: number | null;
}

export type SeriesMeasure = 'cost' | 'requests' | 'tokens' | 'errors';
export type SeriesGroup = 'agent' | 'model' | 'provider' | 'none';

export interface SeriesQuestion extends Range {
  /** At least 1000; raised until the range has at most 2000 buckets. */
  bucketMs: number;
  groupBy: SeriesGroup;
  measure: SeriesMeasure;
  /** Groups with a line of their own, 1 to 20, 8 unless told. */
  top?: number | undefined;
  filters?: Filters | undefined;
}

export interface Series {
  measure: SeriesMeasure;
  bucket_ms: number;
  /** Start of each bucket, UTC ISO; a multiple of bucket_ms since 1970, so the first may lie before `from`. */
  buckets: string[];
  /** The largest first; without groups one of name null. */
  groups: SeriesLine[];
  /** All that is not in the top; null when there is no rest. */
  other: SeriesLine | null;
}

export interface SeriesLine {
  /** Null is the group of exchanges that name no agent, model or provider. */
  name: string | null;
  /** Exact decimal strings, for counts too; `Number()` them for drawing. One value a bucket, '0' where nothing was. */
  values: string[];
  total: string;
}

/** One agent in `GET /api/summary`. Averages are of turns that have the figure. */
export interface AgentSummary {
  agent: string;
  turns: number;
  total_input_tokens: number;
  total_output_tokens: number;
  total_cache_read: number;
  total_cache_write: number;
  /** A float for the predecessor's readers; the exact sum is in `totals`. */
  total_cost: number;
  avg_input_tokens: number | null;
  max_input_tokens: number | null;
  avg_system_chars: number | null;
  avg_history_chars: number | null;
  avg_skill_chars: number | null;
  avg_base_prompt_chars: number | null;
  is_local_model?: true;
}

/** One row of `GET /api/usage`. What the record does not hold is null. */
export interface UsageRow {
  id: number;
  timestamp: string;
  agent: string;
  model: string | null;
  request_body_bytes: number;
  message_count: number | null;
  user_message_count: number | null;
  assistant_message_count: number | null;
  tool_count: number | null;
  system_prompt_total_chars: number | null;
  workspace_agents_chars: number | null;
  workspace_soul_chars: number | null;
  workspace_tools_chars: number | null;
  workspace_identity_chars: number | null;
  workspace_user_chars: number | null;
  workspace_heartbeat_chars: number | null;
  workspace_bootstrap_chars: number | null;
  workspace_memory_chars: number | null;
  skill_injection_chars: number | null;
  base_prompt_chars: number | null;
  conversation_history_chars: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cache_read_tokens: number | null;
  cache_write_tokens: number | null;
  /** Six decimals, as the predecessor gave it. */
  estimated_cost_usd: number | null;
  duration_ms: number | null;
  stop_reason: string | null;
  provider_name: string | null;
  cost_source: string | null;
  filter_chars_saved: number | null;
  filter_tokens_saved: number | null;
  filter_tools_removed: number | null;
  /** Beyond the predecessor's row: it had no way to tell a failure from an empty turn. */
  status: number | null;
  error_type: string | null;
  time_to_first_token_ms: number | null;
}

/** What filter menus offer, each sorted; at most 500 of a kind. */
export interface Choices {
  agents: string[];
  models: string[];
  providers: string[];
}

/** The data of one `token_usage` event of `GET /token_events`, with the cursor to resume from. */
export interface TokenUsageEvent {
  seq: number;
  type: 'token_usage';
  session_id: string;
  model: string | null;
  provider: string;
  input_tokens: number | null;
  output_tokens: number | null;
  total_tokens: number | null;
  /** A float for the predecessor's readers. */
  cost_usd: number | null;
  timestamp: string;
  agent_name: string;
}
