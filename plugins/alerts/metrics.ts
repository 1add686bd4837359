/** What alerts can look at. */
import type { MeasureName } from '../../src/plugin.ts';

/** How a value is written: US dollars, percent, milliseconds, times the usual, or how many. */
export type Unit = 'usd' | 'percent' | 'ms' | 'times' | 'count';

export interface Metric {
  readonly unit: Unit;
  /** What it is called in sentences. */
  readonly title: string;
}

/** What rows tell. */
export const MEASURES: Readonly<Record<MeasureName, Metric>> = {
  cost_usd: { unit: 'usd', title: 'cost' },
  tokens: { unit: 'count', title: 'tokens' },
  input_tokens: { unit: 'count', title: 'input tokens' },
  output_tokens: { unit: 'count', title: 'output tokens' },
  requests: { unit: 'count', title: 'requests' },
  errors: { unit: 'count', title: 'failed requests' },
  error_rate: { unit: 'percent', title: 'error rate' },
  refusals: { unit: 'count', title: 'refused requests' },
  latency_ms: { unit: 'ms', title: 'latency' },
  time_to_first_token_ms: { unit: 'ms', title: 'time to first token' },
  cache_hit: { unit: 'percent', title: 'input from the cache' },
  unpriced_requests: { unit: 'count', title: 'requests without a price' },
  unpriced_models: { unit: 'count', title: 'models without a price' },
  fallbacks: { unit: 'count', title: 'requests with more than one attempt' },
  redactions: { unit: 'count', title: 'redacted values' },
};

/** A window's cost, divided by that of those before it. */
export const SPIKE = 'cost_spike';

/** What plugins of this package offer. */
const FIGURES: Readonly<Record<string, Metric>> = {
  budget_used: { unit: 'percent', title: 'used budget' },
  unhealthy_sessions: { unit: 'count', title: 'unhealthy sessions' },
};

/** All that a rule may name without anybody's plugin. */
export const METRICS: readonly string[] = [...Object.keys(MEASURES), SPIKE, ...Object.keys(FIGURES)];

export const isMeasure = (name: string): name is MeasureName => Object.hasOwn(MEASURES, name);

export const isTimed = (name: string): boolean => name === 'latency_ms' || name === 'time_to_first_token_ms';

/** Of a figure that somebody's plugin offers nothing is known but its name. */
export function metricOf(name: string): Metric {
  if (isMeasure(name)) return MEASURES[name];
  if (name === SPIKE) return { unit: 'times', title: 'cost against the usual' };
  return Object.hasOwn(FIGURES, name) ? FIGURES[name]! : { unit: 'count', title: name.replaceAll('_', ' ') };
}
