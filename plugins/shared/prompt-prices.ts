import {
  type Counted,
  type CutPrompt,
  type Exchange,
  formatDecimal,
  parseDecimal,
  type Reading,
  type Run,
  type Stretch,
  sharesOf,
  stretchesOf,
} from '../../src/plugin.ts';

/** Digits behind the point of the unit that money is counted in here: a token of any price is a whole number of it. */
const SCALE = 30;

/** Writes a whole number of the unit as US dollars. */
export const dollarsOf = (units: bigint): string => formatDecimal({ digits: units, scale: SCALE });

/**
 * Tells what each model made of the prompt: whose tokens, in which order, at which price. Most answers have one run.
 *
 * Empty where nobody counted, or where the pieces are not the whole prompt.
 */
export function runsOf(exchange: Exchange, cut: CutPrompt): Run[] {
  const reading = answered(exchange);
  if (reading === null) return [];
  const parts = reading.parts ?? [];
  const runs = parts.length > 0 ? parts.map(({ model, usage }) => runOf(exchange, cut, reading, usage, model)) : [];
  if (runs.length > 0 && addsUp(runs, reading)) return runs.filter((run) => run !== null);
  const whole = runOf(exchange, cut, reading, reading.usage);
  // Of several models that do not add up to what was counted, nobody knows which was charged for what.
  return whole === null ? [] : [parts.length > 0 ? { ...whole, prices: null } : whole];
}

/** What an answer said that was made and counted; null of all that failed, was refused, or came from a cache of ours. */
export function answered({ state: { reading }, ending }: Exchange): Reading | null {
  const outcome = ending?.outcome ?? 'ok';
  const isOver = outcome === 'refused' || outcome === 'cached' || outcome === 'upstream_error';
  return isOver || !reading?.usage || reading.usageStatus === 'not_applicable' ? null : reading;
}

function addsUp(runs: readonly (Run | null)[], { usage }: Reading): boolean {
  const sum = (fate: Stretch['fate']): number =>
    runs.reduce((all, run) => all + (run ? tokensOf(run.stretches, fate) : Number.NaN), 0);
  const whole = stretchesOf(usage);
  return whole?.length !== undefined && FATES.every((fate) => sum(fate) === tokensOf(whole, fate));
}

const FATES = ['read', 'write', 'uncached'] as const;

const tokensOf = (stretches: readonly Stretch[], name: Stretch['fate']): number =>
  stretches.reduce((sum, { fate, tokens }) => (fate === name ? sum + tokens : sum), 0);

function runOf(
  exchange: Exchange,
  cut: CutPrompt,
  reading: Reading,
  usage: Counted | null,
  model: string | null = null,
): Run | null {
  const stretches = stretchesOf(usage);
  const tokens = sharesOf(cut, usage?.input_tokens);
  if (!usage || stretches === null || tokens === null) return null;
  return {
    tokens,
    stretches,
    prices: isPriced(exchange) ? pricesOf(exchange, reading, usage, stretches, model) : null,
  };
}

/** Whether the table's rates are what was charged: a provider's own figure of something else cannot be taken apart. */
function isPriced({ state: { cost } }: Exchange): boolean {
  if (!cost || cost.cost_usd === null) return false;
  return cost.cost_source !== 'provider' || cost.table_cost_usd === cost.cost_usd;
}

/**
 * What a token of each stretch costs. Null where a rate is unknown, and where tokens of one stretch do not cost the
 * same: of recordings and pictures with rates of their own, nobody says which tokens they are.
 */
export function pricesOf(
  exchange: Exchange,
  reading: Reading,
  usage: Counted,
  stretches: readonly Stretch[],
  model: string | null = null,
): bigint[] | null {
  const ask = (some: Counted): bigint | null => costOf(exchange, reading, some, usage.input_tokens ?? 0, model);
  // What is charged for the request, whatever is in it: no part of the prompt would have it spared.
  const fee = ask({ input_tokens: 0, output_tokens: 0 });
  const all = ask(inputOf(usage));
  if (fee === null || all === null) return null;
  const prices: bigint[] = [];
  let sum = fee;
  for (const stretch of stretches) {
    const one = ask(oneTokenOf(stretch));
    if (one === null) return null;
    prices.push(one - fee);
    sum += (one - fee) * BigInt(stretch.tokens);
  }
  return sum === all ? prices : null;
}

/** A usage that is one token of a stretch. */
export function oneTokenOf({ fate, kept }: Pick<Stretch, 'fate' | 'kept'>): Counted {
  const one: Counted = { input_tokens: 1, output_tokens: 0 };
  if (fate === 'read') one['cache_read.input_tokens'] = 1;
  if (fate === 'write') one['cache_creation.input_tokens'] = 1;
  if (fate === 'write' && kept !== null) one[`cache_creation.${kept}.input_tokens`] = 1;
  return one;
}

/** All that was counted of the input; searches and the like are charged for what the answer did. */
function inputOf(usage: Counted): Counted {
  const input = Object.entries(usage).filter(([name]) => name === 'input_tokens' || name.endsWith('.input_tokens'));
  const heard = usage['audio.seconds'] === undefined ? {} : { 'audio.seconds': usage['audio.seconds'] };
  return { ...Object.fromEntries(input), ...heard, output_tokens: 0 };
}

/** @param promptTokens long prompts have rates of their own, for each of their tokens */
function costOf(
  exchange: Exchange,
  reading: Reading,
  usage: Counted,
  promptTokens: number,
  model: string | null,
): bigint | null {
  const { cost_usd: cost } = exchange.terms.cost({
    provider: exchange.provider?.name ?? '',
    free: exchange.provider?.free === true && !reading.paid,
    requestModel: exchange.targetModel ?? exchange.request.model,
    responseModel: reading.model,
    usage,
    parts: model === null ? null : [{ model, usage }],
    promptTokens,
    serviceTier: reading.serviceTier,
    speed: reading.speed,
    geo: reading.geo,
    at: new Date(exchange.startedAt),
    reportedCostUsd: null,
  });
  return cost === null ? null : unitsOf(cost);
}

/** Null where it has digits beyond the unit. */
function unitsOf(dollars: string): bigint | null {
  const { digits, scale } = parseDecimal(dollars);
  return scale > SCALE ? null : digits * 10n ** BigInt(SCALE - scale);
}
