/** What an answer costs: the provider's own figure, the price table, or free. */
import { bill, unitNames } from './bill.ts';
import { add, type Decimal, formatDecimal, parseDecimal, ZERO } from './decimal.ts';
import type { Price, PriceBook } from './prices.ts';
import type { AppliedRates, PriceText, Selection } from './rates.ts';
import { type Unpriced, whyUnpriced } from './unpriced.ts';
import type { Usage, UsagePart } from './usage.ts';

/** Everything that decides what an answer costs. */
export interface CostQuestion {
  provider: string;
  free: boolean;
  requestModel: string | null;
  responseModel: string | null;
  usage: Usage | null;
  parts: UsagePart[] | null;
  /** Tokens of one prompt, where `usage` is the sum of several requests: long prompts have rates of their own. */
  promptTokens?: number | undefined;
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
  price: { key: string; version: string; rates: PriceText } | null;
  by_model: (UsagePart & { cost_usd: string | null; price_key: string | null })[] | null;
  /** Why `cost_usd` is null; null where it is not. */
  unpriced: Unpriced | null;
}

type TableCost = Omit<Cost, 'table_cost_usd' | 'cost_source'> & { free: boolean };

const NO_PRICE: Unpriced = Object.freeze({ reason: 'no_price', missing: null });
const NO_USAGE: Unpriced = Object.freeze({ reason: 'no_usage', missing: null });
const UNKNOWN: TableCost = {
  cost_usd: null,
  priced_as: null,
  price: null,
  by_model: null,
  unpriced: NO_PRICE,
  free: false,
};

/**
 * Tells what an answer costs, in US dollars, exactly.
 *
 * A free provider costs 0 whatever its models are called. Else the provider's own figure wins and
 * the table's stands beside it, so that drift shows. Without usage, without a price, or without
 * the rate for a part of the usage, the cost is null: unknown is not free.
 */
export function costOf(question: CostQuestion, book: PriceBook): Cost {
  if (question.free) return freeCost(question, book);
  const table = tableCost(question, book);
  const reported = readReported(question.reportedCostUsd);
  return {
    cost_usd: reported ?? table.cost_usd,
    cost_source: reported !== null ? 'provider' : table.cost_usd === null ? null : table.free ? 'free' : 'price_table',
    table_cost_usd: reported === null ? null : table.cost_usd,
    priced_as: table.priced_as,
    price: table.price,
    by_model: table.by_model,
    unpriced: reported === null ? table.unpriced : null,
  };
}

/** The price is named only where a list says of the model what the provider says of all of them. */
function freeCost({ provider, responseModel, requestModel, parts, at }: CostQuestion, book: PriceBook): Cost {
  const found = book.find(provider, responseModel, requestModel, at);
  const price = found?.entry.free === true ? found : null;
  return {
    cost_usd: '0',
    cost_source: 'free',
    table_cost_usd: null,
    priced_as: price?.key ?? null,
    price: price && { key: price.key, version: price.version, rates: FREE_RATES.text },
    by_model: parts?.map((part) => ({ ...part, cost_usd: '0', price_key: null })) ?? null,
    unpriced: null,
  };
}

/** A figure that is not a plain amount is no figure. */
function readReported(figure: string | null): string | null {
  if (figure === null) return null;
  try {
    const amount = parseDecimal(figure);
    return amount.digits < 0n ? null : formatDecimal(amount);
  } catch {
    return null;
  }
}

function tableCost(question: CostQuestion, book: PriceBook): TableCost {
  const { parts, responseModel } = question;
  const usage = question.usage ?? {};
  if (parts !== null && parts.length > 0) return costOfParts(question, parts, book);
  const price = book.find(question.provider, responseModel, question.requestModel, question.at);
  if (price === null) return UNKNOWN;
  // Nothing was said about usage. The model that answered is known all the same, and may be free; one that never answered is not.
  const isFree = price.entry.free === true && responseModel !== null;
  if (Object.keys(usage).length === 0 && !isFree)
    return { ...UNKNOWN, priced_as: responseModel === null ? null : price.key, unpriced: NO_USAGE };
  const line = priceOf(question, price, usage);
  return {
    cost_usd: line.cost && formatDecimal(line.cost),
    priced_as: price.key,
    price: line.applied && { key: price.key, version: price.version, rates: line.applied.text },
    by_model: null,
    unpriced: line.cost === null ? whyUnpriced(price, usage, selectionOf(question, usage)) : null,
    free: price.entry.free === true,
  };
}

/** Several models worked on one answer: each part has its own price, and one unknown part makes the sum unknown. */
function costOfParts(question: CostQuestion, parts: UsagePart[], book: PriceBook): TableCost {
  let sum: Decimal | null = ZERO;
  let unpriced: Unpriced | null = null;
  const count = (model: string, price: Price | null, usage: Usage) => {
    const line = price && priceOf(question, price, usage);
    sum = sum && line?.cost ? add(sum, line.cost) : null;
    if (!line?.cost) unpriced ??= price ? whyUnpriced(price, usage, selectionOf(question, usage)) : noPrice(model);
    return line;
  };
  const lines = parts.map((part) => {
    const price = book.find(question.provider, part.model, null, question.at);
    return { part, price, line: count(part.model, price, part.usage) };
  });
  const main = lines.find(({ part }) => part.model === question.responseModel) ?? lines[0];
  const { price, line } = main ?? {};
  const rest = unitsOutside(question.usage, parts);
  if (rest && main) count(main.part.model, main.price, { input_tokens: 0, output_tokens: 0, ...rest });
  return {
    cost_usd: sum && formatDecimal(sum),
    priced_as: price?.key ?? null,
    price: price && line?.applied ? { key: price.key, version: price.version, rates: line.applied.text } : null,
    by_model: lines.map((each) => ({
      ...each.part,
      cost_usd: each.line?.cost ? formatDecimal(each.line.cost) : null,
      price_key: each.price?.key ?? null,
    })),
    unpriced,
    free: lines.every((each) => each.price?.entry.free === true),
  };
}

const noPrice = (model: string): Unpriced => ({ reason: 'no_price', missing: model });

/** Searches and seconds that the parts leave out: vendors report them once, for the whole answer. */
function unitsOutside(usage: Usage | null, parts: UsagePart[]): Usage | null {
  const rest: Usage = {};
  for (const name of unitNames) {
    const outside = (usage?.[name] ?? 0) - parts.reduce((sum, part) => sum + (part.usage[name] ?? 0), 0);
    if (outside > 0) rest[name] = outside;
  }
  return Object.keys(rest).length === 0 ? null : rest;
}

const FREE_RATES: AppliedRates = { rates: {}, text: { free: true }, sameAs: {} };

function priceOf(
  question: CostQuestion,
  price: Price,
  usage: Usage,
): { cost: Decimal | null; applied: AppliedRates | null } {
  if (price.entry.free) return { cost: ZERO, applied: FREE_RATES };
  const applied = price.rates.choose(selectionOf(question, usage));
  return { cost: applied && bill(usage, applied), applied };
}

function selectionOf({ promptTokens, serviceTier, speed, geo, at }: CostQuestion, usage: Usage): Selection {
  return { inputTokens: promptTokens ?? usage.input_tokens ?? 0, serviceTier, speed, geo, at };
}
