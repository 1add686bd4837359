import type { Cost, CostQuestion } from '../metering/cost.ts';
import type { ModelLimits } from '../metering/model-limits.ts';

/** What a configuration says that an exchange keeps to its end. */
export interface Terms {
  /** 12 hex digits of the configuration's hash. */
  readonly configVersion: string;
  /** Without `free` in the question, the provider of that name is free or not as gateway.yaml says. */
  cost(question: Omit<CostQuestion, 'free'> & { free?: boolean }): Cost;
  /** What a model takes and gives at most, in tokens; null where nobody has said it. */
  limits(provider: string, model: string | null): ModelLimits;
}
