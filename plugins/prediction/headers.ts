import type { Exchange, Prediction } from '../../src/plugin.ts';
import { sixPlaces } from './usd.ts';

/** Names of the headers that one instance adds, in lower case. */
export interface HeaderNames {
  readonly id: string;
  readonly inputTokens: string;
  readonly estimatedOutput: string;
  readonly estimatedCost: string;
  readonly estimatedP90: string;
  readonly confidence: string;
  /** What it really was. */
  readonly outputTokens: string;
  readonly cost: string;
}

export function headerNames(prefix: string): HeaderNames {
  const begin = prefix.toLowerCase();
  return {
    id: `${begin}-request-id`,
    inputTokens: `${begin}-input-tokens`,
    estimatedOutput: `${begin}-estimated-output-tokens`,
    estimatedCost: `${begin}-estimated-cost-usd`,
    estimatedP90: `${begin}-estimated-cost-p90-usd`,
    confidence: `${begin}-confidence`,
    outputTokens: `${begin}-output-tokens`,
    cost: `${begin}-cost-usd`,
  };
}

/** What a prediction says; what is unknown is left away. */
export function foretold(names: HeaderNames, prediction: Prediction | null): Record<string, string> {
  if (prediction === null) return {};
  const { cost_usd: cost, cost_usd_p90: p90 } = prediction;
  return {
    [names.inputTokens]: String(prediction.input_tokens),
    [names.estimatedOutput]: String(prediction.output_tokens),
    ...(cost !== null && { [names.estimatedCost]: sixPlaces(cost) }),
    ...(p90 !== null && { [names.estimatedP90]: sixPlaces(p90) }),
    [names.confidence]: prediction.confidence,
  };
}

/** The real output, where the provider has told it. */
export function realOutput({ state }: Exchange): string | null {
  const tokens = state.reading?.usage?.output_tokens;
  return tokens === undefined ? null : String(tokens);
}

/** The real cost, where it is known. */
export function realCost({ state }: Exchange): string | null {
  const usd = state.cost?.cost_usd ?? null;
  return usd === null ? null : sixPlaces(usd);
}
