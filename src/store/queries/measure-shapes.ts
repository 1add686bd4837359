import type { Dimension } from '../../accounts/series.ts';
import type { Range } from './shapes.ts';

/**
 * - `cost_usd`: US dollars, exact; of what has a price
 * - `tokens`, `input_tokens`, `output_tokens`
 * - `requests`: all that arrived; `errors`: those that failed upstream, in the stream or in the payload; `refusals`
 * - `error_rate`: percent of requests that were not refused
 * - `latency_ms`, `time_to_first_token_ms`: a percentile of those that were not refused
 * - `cache_hit`: percent of input tokens that came from a cache
 * - `unpriced_requests`, `unpriced_models`: what may be billed and has no price
 * - `fallbacks`: requests with more than one attempt; `redactions`: values that were replaced
 */
export type MeasureName =
  | 'cost_usd'
  | 'tokens'
  | 'input_tokens'
  | 'output_tokens'
  | 'requests'
  | 'errors'
  | 'error_rate'
  | 'refusals'
  | 'latency_ms'
  | 'time_to_first_token_ms'
  | 'cache_hit'
  | 'unpriced_requests'
  | 'unpriced_models'
  | 'fallbacks'
  | 'redactions';

export interface MeasuresQuestion extends Range {
  readonly metric: MeasureName;
  /** What each value of has a figure of its own; null: one figure for all. */
  readonly groupBy: Dimension | null;
  /** Globs of which one must match, by dimension. */
  readonly where?: Readonly<Partial<Record<Dimension, readonly string[]>>> | undefined;
  readonly tenant?: string | undefined;
  /** Of latencies, nearest rank: 1 to 100; 95 unless told. */
  readonly percentile?: number | undefined;
  /** Of more than 1,000 groups those with the least remain, not those with the most. */
  readonly least?: boolean | undefined;
}

/** One figure. */
export interface MeasureOf {
  /** Of a group: its name. Null: those that name none; and without groups. */
  subject: string | null;
  /** An exact decimal; percents have 4 decimals and times 3 at most. Null: nobody can say, as without any answer. */
  value: string | null;
  /** What it rests on: how many rows were looked at. */
  rows: number;
}
