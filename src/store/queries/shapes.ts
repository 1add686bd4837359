import type { Outcome, StopKind, UsageSource, UsageStatus } from '../../metering/usage.ts';
import type { ExchangeRecord } from '../../pipeline/record.ts';

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
  /** Key of the price; null where none was looked up or found. */
  priced_as: string | null;
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
  cost_source: ExchangeRecord['cost_source'];
  /** Why the cost is unknown; null where it is known, or nothing was to be paid. */
  unpriced: ExchangeRecord['unpriced'];
  /** What an estimate says where one was made. It is in no sum of costs. */
  estimated_cost_usd: string | null;
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
  /** What the cost rests on; `unknown` finds what may be billed and has none. */
  cost_source?: string | undefined;
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
  /** The same exchanges by what their cost rests on; refusals and failures that nobody bills are of no kind. */
  cost_sources: CostSources;
  usage_sources: { provider: number; counted: number; estimated: number; none: number };
  latency_ms: Spread;
  time_to_first_token_ms: Spread;
  /** Cache reads as a share of input tokens, 0 to 1; null without input. */
  cache_share: number | null;
}

/** What of the totals can be added up. */
export type Sums = Omit<Totals, 'latency_ms' | 'time_to_first_token_ms'>;

export interface SumsQuestion {
  filters?: Filters | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

/**
 * - `provider`: the provider said what it charges
 * - `price_table`: the provider's tokens times the price table
 * - `estimated`: tokens counted or estimated here times the price table
 * - `free`: a free provider or model
 * - `unknown`: it may be billed, and nobody knows what; in no sum
 */
export type CostKind = 'provider' | 'price_table' | 'estimated' | 'free' | 'unknown';

export interface CostShare {
  requests: number;
  /** Input and output, as far as they are known. */
  tokens: number;
  cost_usd: string;
}

export type CostSources = Record<Exclude<CostKind, 'unknown'>, CostShare> & {
  unknown: {
    requests: number;
    tokens: number;
    cost_usd: null;
    /** Those of them that have an estimate, and its sum; null without any. */
    estimated_requests: number;
    estimated_cost_usd: string | null;
  };
};

/** A model whose cost is unknown, and why. */
export interface UnpricedModel {
  provider: string | null;
  /** The one that answered, or the one that was asked for. */
  model: string | null;
  request_model: string | null;
  response_model: string | null;
  /** Null where an older version did not say. */
  unpriced: ExchangeRecord['unpriced'];
  requests: number;
  input_tokens: number;
  output_tokens: number;
  estimated_cost_usd: string | null;
  /** UTC ISO: when it was used last. */
  last_used: string;
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
