import type { Cost, ExchangeRecord, Terms } from '../src/plugin.ts';

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

/** Writes a cost into a row. */
export function putCost(row: ExchangeRecord, cost: Cost): void {
  row.model = { ...row.model, priced_as: cost.priced_as };
  row.cost_usd = cost.cost_usd;
  row.cost_source = cost.cost_source;
  row.unpriced = cost.unpriced;
  row.table_cost_usd = cost.table_cost_usd;
  row.price = cost.price;
  row.usage_by_model = cost.by_model;
}
