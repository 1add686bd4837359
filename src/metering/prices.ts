/** Which price a model has: the operator's words first, then the shipped tables, never a guess. */
import { LayerIndex, type Price, type PriceLayer, undated } from './price-layer.ts';

export type { Price, PriceKind, PriceLayer, PriceOrigin, PriceSource } from './price-layer.ts';

/** Name of the price list of a provider, where it is not the provider's own name: the catalogue's `prices`. */
export type PriceLists = Readonly<Record<string, string | readonly string[]>>;

/** Pairs of models and providers seen; made-up names cannot fill the memory. */
const MOST_REMEMBERED = 4096;
/** Characters; no vendor's name comes near. */
const LONGEST_NAME = 512;

/**
 * Ordered layers of prices; the first layer that knows a model wins.
 *
 * Order of a lookup: the operator's entries (response model, request model, patterns), then
 * in the shipped tables the exact response model, the exact request model, and patterns. A
 * name never matches by its beginning: claude-sonnet-5-9 is not claude-sonnet-5.
 */
export class PriceBook {
  readonly #operator: readonly LayerIndex[];
  readonly #shipped: readonly LayerIndex[];
  readonly #lists: PriceLists;
  readonly #fallbacks: Readonly<Record<string, readonly string[]>>;
  readonly #remembered = new Map<string, readonly Price[]>();

  constructor(layers: readonly PriceLayer[], lists: PriceLists = {}) {
    const indexes = layers.map((layer) => indexOf(layer));
    this.#operator = indexes.filter(({ layer }) => layer.operator);
    this.#shipped = indexes.filter(({ layer }) => !layer.operator);
    this.#lists = lists;
    this.#fallbacks = Object.assign({}, ...layers.map(({ fallbacks }) => fallbacks).reverse());
  }

  /** Finds the price in force at `at` for what a provider answered; null when no layer knows it. */
  find(provider: string, responseModel: string | null, requestModel: string | null, at: Date): Price | null {
    if ((responseModel?.length ?? 0) > LONGEST_NAME || (requestModel?.length ?? 0) > LONGEST_NAME) return null;
    const key = `${provider}\n${responseModel ?? ''}\n${requestModel ?? ''}`;
    let prices = this.#remembered.get(key);
    if (prices === undefined) {
      if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
      prices = this.#candidates(provider, responseModel || null, requestModel || null);
      this.#remembered.set(key, prices);
    }
    for (const price of prices) if (price.inForce(at)) return price;
    return null;
  }

  /** All that is known, layer by layer in the order in which they are asked. */
  get prices(): readonly Price[] {
    return [...this.#operator, ...this.#shipped].flatMap(({ prices }) => prices);
  }

  /** In the same order. */
  get layers(): readonly PriceLayer[] {
    return [...this.#operator, ...this.#shipped].map(({ layer }) => layer);
  }

  /** The price lists a provider's models are looked up in: its own, then those behind them. */
  listsOf(provider: string): { own: readonly string[]; behind: readonly string[] } {
    const listed = this.#lists[provider] ?? provider;
    const own = typeof listed === 'string' ? [listed] : listed;
    return { own, behind: own.flatMap((list) => this.#fallbacks[list] ?? []) };
  }

  #candidates(provider: string, responseModel: string | null, requestModel: string | null): readonly Price[] {
    const { own: lists, behind } = this.listsOf(provider);
    const sold = [...lists, ...behind];
    const models = [responseModel, requestModel].filter((model) => model !== null);
    const meant = this.#sameModel(sold, responseModel, requestModel) ? models : models.slice(0, 1);
    return [
      ...search(this.#operator, [...new Set([provider, ...lists])], meant),
      ...(this.#shipped.some((layer) => sold.some((list) => layer.has(list))) ? [] : this.#alone(models)),
      ...search(this.#shipped, sold, models),
    ];
  }

  /**
   * False when the tables know both names and they are different models: then a server-side
   * fallback answered, and the operator's price for the model that was asked for is not its price.
   * True for gpt-4o answered by gpt-4o-2024-11-20, and for names that nobody but the operator knows.
   */
  #sameModel(lists: readonly string[], responseModel: string | null, requestModel: string | null): boolean {
    if (responseModel === null || requestModel === null) return true;
    if (undated(responseModel).toLowerCase() === undated(requestModel).toLowerCase()) return true;
    const answered = search(this.#shipped, lists, [responseModel]);
    const asked = search(this.#shipped, lists, [requestModel]);
    return answered.length === 0 || asked.length === 0 || answered.some((price) => asked.includes(price));
  }

  /**
   * Prices the operator gave a model of another provider, for a provider without a list of its
   * own (a company's proxy in front of OpenAI): by the model's name alone, and only when all
   * entries of that name say the same. The operator wrote both, so the operator's words win.
   */
  #alone(models: readonly string[]): readonly Price[] {
    for (const model of models) {
      const prices = this.#operator.flatMap((layer) => layer.everywhere(model));
      if (new Set(prices.map(({ entry }) => JSON.stringify({ ...entry, match: 0, source: 0 }))).size === 1)
        return prices;
      const providers = new Set(prices.map(({ key }) => key.split('/', 1)[0]));
      if (providers.size === 1) return prices;
    }
    return [];
  }
}

function search(layers: readonly LayerIndex[], providers: readonly string[], models: readonly string[]): Price[] {
  const named = models.flatMap((model) => layers.flatMap((layer) => layer.named(providers, model)));
  const matching = models.flatMap((model) => layers.flatMap((layer) => layer.matching(providers, model)));
  return [...named, ...matching];
}

/** The shipped table has thousands of entries and outlives many configurations: it is indexed once. */
const indexes = new WeakMap<PriceLayer, LayerIndex>();

function indexOf(layer: PriceLayer): LayerIndex {
  const known = indexes.get(layer) ?? new LayerIndex(layer);
  indexes.set(layer, known);
  return known;
}
