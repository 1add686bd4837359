import type { ExchangeRecord } from '../../pipeline/record.ts';

/** What an answer had, for who learns from it. */
export interface KnownOutput {
  /** Name of the gateway key. */
  key: string | null;
  api: string | null;
  provider: string | null;
  /** The one that was asked for. */
  model: string | null;
  /** All answers of the request together, reasoning included. */
  output_tokens: number;
}

export type Confidence = NonNullable<ExchangeRecord['prediction']>['confidence'];

/** How predictions did whose cost is known by now. */
export interface Kept {
  requests: number;
  /** How many of them cost no more than what 9 of 10 were to stay below. */
  within: number;
  /** Median of the cost divided by the expected one; null where nothing was expected to cost anything. */
  median_ratio: number | null;
}

/** Predictions for one model of one provider. */
export interface KeptOfModel extends Kept {
  provider: string | null;
  /** The one that was asked for. */
  model: string | null;
  /** The same by what was said of how sure it is; no member: it was never said. */
  by_confidence: Partial<Record<Confidence, Kept>>;
}

/** One exchange; US dollars, decimal strings. */
export interface PredictionPoint {
  predicted: string;
  actual: string;
  confidence: Confidence;
  provider: string | null;
  model: string | null;
}

export interface Calibration {
  /** Those with the most requests first; 200 at most. */
  models: KeptOfModel[];
  /** At most 400, evenly over the rows, the oldest first. */
  points: PredictionPoint[];
}
