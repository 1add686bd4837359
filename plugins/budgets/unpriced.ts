/** Requests whose cost nobody can foresee, under a limit in dollars. */
import type { Exchange, Verdict } from '../../src/plugin.ts';
import type { Share } from './claims.ts';
import type { Budget } from './types.ts';

/** What counts for such a request, pico-dollars, or the budget that lets none pass. One that only warns holds nothing back. */
export function unforeseen(shares: readonly Share[]): { reserve: bigint } | { blockedBy: Budget } {
  let reserve = 0n;
  for (const { series, budgets } of shares) {
    if (series.measure !== 'usd') continue;
    for (const budget of budgets) {
      const { onUnpriced, action } = budget;
      if (onUnpriced === 'block' && action === 'reject') return { blockedBy: budget };
      if (typeof onUnpriced === 'object' && onUnpriced.reserve > reserve) reserve = onUnpriced.reserve;
    }
  }
  return { reserve };
}

/** Characters; what is longer is no model's name. */
const LONGEST = 256;

/** Refuses it, and says what to add. */
export function unpricedVerdict(exchange: Exchange, { name }: Budget): Verdict {
  const found = modelWithout(exchange);
  const mend = `set on_unpriced of the budget ${name} to allow or to { reserve_usd: NUMBER }`;
  const headers = { 'x-should-retry': 'false' };
  if (found === null) {
    const { method, path } = exchange.request;
    const message = `What ${method} ${path.slice(0, LONGEST)} costs cannot be foreseen, and the budget ${name} lets nothing pass of which that is so. To let it pass, ${mend} in gateway.yaml.`;
    const details = { budget: name, reason: 'unforeseeable' };
    return exchange.refuse(402, 'unpriced_model', message, { details, headers });
  }
  const { provider, model } = found;
  const add = model.includes('*')
    ? null
    : `pricing: { models: { ${JSON.stringify(`${provider}/${model}`)}: { input: NUMBER, output: NUMBER } } }`;
  const message = `${model} of ${provider} has no price, so its cost cannot be held against the budget ${name}. Add ${add ?? 'a price'} to gateway.yaml (US dollars per million tokens), or ${mend}.`;
  const details = { budget: name, reason: 'no_price', provider, model, ...(add && { add }) };
  return exchange.refuse(402, 'unpriced_model', message, { details, headers });
}

/** The first place it may go to that has no price for its model; null where it is something else that nobody can foresee. */
function modelWithout({ targets, request, terms, startedAt }: Exchange): { provider: string; model: string } | null {
  for (const target of targets) {
    const model = target.model ?? request.model;
    if (model === null) continue;
    const { unpriced } = terms.cost({
      provider: target.provider.name,
      requestModel: model,
      responseModel: null,
      usage: { input_tokens: 1, output_tokens: 1 },
      parts: null,
      serviceTier: null,
      speed: null,
      geo: null,
      at: new Date(startedAt),
      reportedCostUsd: null,
    });
    if (unpriced?.reason === 'no_price')
      return { provider: target.provider.name, model: model.slice(0, LONGEST).toWellFormed() };
  }
  return null;
}
