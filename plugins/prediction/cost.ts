import type { Cost, Exchange, Terms, Usage } from '../../src/plugin.ts';
import type { Asked } from './asked.ts';
import { compareUsd, dearer } from './usd.ts';

/** One place a request may go to, with what its price depends on. */
export interface Priced {
  readonly terms: Terms;
  readonly provider: string;
  readonly model: string | null;
  readonly asked: Asked;
  readonly at: Date;
}

/** Tokens of a request and of all its answers. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** Every place a request may go to, best first. */
export function placesOf({ targets, request, terms, startedAt }: Exchange, asked: Asked): readonly Priced[] {
  const at = new Date(startedAt);
  return targets.map(({ provider, model }) => ({
    terms,
    provider: provider.name,
    model: model ?? request.model,
    asked,
    at,
  }));
}

/**
 * What so many tokens cost: input as a cache write where the body asks for one, since what
 * will be read from the cache instead nobody knows. Without what tools of the provider's own
 * charge. Null where a price is unknown.
 */
export function likelyCost(place: Priced, tokens: Tokens): string | null {
  if (place.asked.gives === 'other') return null;
  const usage = usageOf(place, tokens);
  const { cost_usd: cost, price } = priced(place, usage);
  if (place.asked.writes !== 'asked' || cost === null) return cost;
  return dearest(place, { cost, usage }, writesIn(price?.rates ?? {}, place.asked, usage)).cost;
}

/**
 * The most that so many tokens may cost: each at the dearest rate that the price has for it,
 * in the asked tier or the ordinary one. Null where a price is unknown, and where something
 * is charged that tokens do not bound: pictures and speech made, and tools of the provider's.
 *
 * @param unseen a part of the prompt is not here
 */
export function mostCost(place: Priced, tokens: Tokens, unseen: boolean): string | null {
  const { asked } = place;
  const plain = priced(place, usageOf(place, tokens));
  if (plain.cost_source === 'free') return '0';
  if (asked.gives === 'other' || asked.hosted) return null;
  const cost = mostInTier(place, plain, tokens, unseen);
  if (asked.serviceTier === null) return cost;
  const ordinary = { ...place, asked: { ...asked, serviceTier: null } };
  return dearer(cost, mostInTier(ordinary, priced(ordinary, usageOf(place, tokens)), tokens, unseen));
}

function mostInTier(place: Priced, plain: Cost, tokens: Tokens, unseen: boolean): string | null {
  const { asked } = place;
  const { cost_usd: cost, price } = plain;
  if (cost === null || price === null) return cost;
  const kinds = kindsOf(price.rates);
  if (asked.speaks && !kinds.output.includes('audio')) return null;
  if (kinds.isPlain) return cost;
  const usage = usageOf(place, tokens);
  const inputs = asked.writes === 'never' ? [] : writesIn(price.rates, asked, usage);
  if (kinds.input.length > 0 && (unseen || asked.hasMedia())) inputs.push(...allOf(kinds.input, usage, 'input'));
  const input = dearest(place, { cost, usage }, inputs);
  if (asked.gives === 'pictures') return input.cost;
  // Rates of input and output do not depend on each other: the dearest of both together is the dearest of each.
  const outputs = allOf(kinds.output, usage, 'output').map((output) => ({ ...input.usage, ...output }));
  return dearest(place, input, outputs).cost;
}

type PriceText = Readonly<Record<string, string | true>>;

/** Kinds of tokens that may have a rate of their own. */
const INPUTS = ['image', 'audio', 'video'] as const;
const OUTPUTS = ['image', 'audio', 'reasoning'] as const;

interface Kinds {
  readonly input: readonly (typeof INPUTS)[number][];
  readonly output: readonly (typeof OUTPUTS)[number][];
  /** All tokens of a side cost the same. */
  readonly isPlain: boolean;
}

/** Prices share what their rates are called, and are asked for each request. */
const known = new WeakMap<PriceText, Kinds>();

function kindsOf(rates: PriceText): Kinds {
  let kinds = known.get(rates);
  if (kinds === undefined) {
    const input = INPUTS.filter((kind) => `input_${kind}` in rates);
    const output = OUTPUTS.filter((kind) => `output_${kind}` in rates);
    const writes = Object.keys(rates).some((name) => name.startsWith('cache_write'));
    kinds = { input, output, isPlain: input.length === 0 && output.length === 0 && !writes };
    known.set(rates, kinds);
  }
  return kinds;
}

function usageOf({ asked }: Priced, { input, output }: Tokens): Usage {
  const usage: Usage = { input_tokens: input, output_tokens: output };
  return asked.gives === 'pictures' ? { ...usage, 'image.output_tokens': output } : usage;
}

/** All of the input or of the output is of one kind, for each of these kinds. */
const allOf = (kinds: readonly string[], usage: Usage, side: 'input' | 'output'): Usage[] =>
  kinds.map((kind) => ({ ...usage, [`${kind}.${side}_tokens`]: usage[`${side}_tokens`] }));

/** All of the input is written to a cache, for as long as is asked. */
function writesIn(rates: PriceText, { keeps }: Asked, usage: Usage): Usage[] {
  const written = { ...usage, 'cache_creation.input_tokens': usage.input_tokens ?? 0 };
  const writes: Usage[] = 'cache_write' in rates ? [written] : [];
  if (keeps !== null && `cache_write_${keeps}` in rates)
    writes.push({ ...written, [`cache_creation.${keeps}.input_tokens`]: usage.input_tokens ?? 0 });
  return writes;
}

interface Candidate {
  readonly cost: string;
  readonly usage: Usage;
}

/** The dearest of these; what has no rate is not charged that way. */
function dearest(place: Priced, first: Candidate, others: readonly Usage[]): Candidate {
  let most = first;
  for (const usage of others) {
    const { cost_usd: cost } = priced(place, usage);
    if (cost !== null && compareUsd(cost, most.cost) > 0) most = { cost, usage };
  }
  return most;
}

/** By the price table; nothing has been answered yet. */
export function priced({ terms, provider, model, asked, at }: Priced, usage: Usage): Cost {
  return terms.cost({
    provider,
    requestModel: model,
    responseModel: null,
    usage,
    parts: null,
    serviceTier: asked.serviceTier,
    speed: asked.speed,
    geo: asked.geo,
    at,
    reportedCostUsd: null,
    ...(isCloud(model) && { free: false }),
  });
}

/** What a free Ollama passes on to its cloud is charged. */
const isCloud = (model: string | null): boolean => model !== null && /:(?:[^:/]*-)?cloud$/i.test(model.trim());
