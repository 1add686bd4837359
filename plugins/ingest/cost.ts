import type { Cost, ExchangeRecord, Terms } from '../../src/plugin.ts';
import { putCost } from '../shared/blank-record.ts';

type Question = Parameters<Terms['cost']>[0];

/** How tracing libraries and other gateways call a provider whose prices are listed under a name of ours. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['gemini', 'google'],
  ['gcp.gemini', 'google'],
  ['gcp.gen_ai', 'google'],
  ['gcp.vertex_ai', 'google'],
  ['vertex_ai', 'google'],
  ['aws.bedrock', 'aws'],
  ['bedrock', 'aws'],
  ['azure.ai.openai', 'azure'],
  ['azure.ai.inference', 'azure'],
  ['fireworks_ai', 'fireworks'],
  ['mistral_ai', 'mistral'],
  ['moonshot', 'moonshotai'],
  ['moonshot_ai', 'moonshotai'],
  ['together_ai', 'together'],
  ['x_ai', 'x-ai'],
  ['xai', 'x-ai'],
]);

/** Tells what reported usage costs: by the provider's name as it was said, else by the one we know it by. */
export function costOf(terms: Terms, question: Question): Cost {
  const cost = terms.cost(question);
  const other = OTHER_NAMES.get(question.provider);
  return cost.price !== null || cost.cost_source === 'free' || other === undefined
    ? cost
    : terms.cost({ ...question, provider: other });
}

/** Writes a cost and the name of its price into a record. */
export function price(record: ExchangeRecord, cost: Cost): void {
  record.model = { ...record.model, priced_as: cost.priced_as };
  putCost(record, cost);
}
