import type { Usage, UsagePart } from './usage.ts';

/** Everything that decides what an answer costs. */
export interface CostQuestion {
  provider: string;
  free: boolean;
  requestModel: string | null;
  responseModel: string | null;
  usage: Usage | null;
  parts: UsagePart[] | null;
  serviceTier: string | null;
  speed: string | null;
  geo: string | null;
  /** When the request started: prices have effective dates and hours. */
  at: Date;
  /** The provider's own figure, which wins. */
  reportedCostUsd: string | null;
}

/** A cost and where it comes from. Null is unknown, never free. */
export interface Cost {
  cost_usd: string | null;
  cost_source: 'price_table' | 'provider' | 'free' | null;
  table_cost_usd: string | null;
  priced_as: string | null;
  price: { key: string; version: string; rates: Record<string, string> } | null;
  by_model: (UsagePart & { cost_usd: string | null; price_key: string | null })[] | null;
}
