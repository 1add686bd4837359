/** By which of its names, and through which price list, a price was found. */
import { fits, type Price, undated } from './price-layer.ts';
import type { PriceBook } from './prices.ts';

export interface PriceTrace {
  price: Price;
  /** By its own name, by another of its names, by one of them without the date of a release, or by a pattern. */
  by: 'exact' | 'alias' | 'dated' | 'pattern';
  /** The name of the price that fits the model. */
  name: string;
  /**
   * - `own`: the provider's own list, or the one its `prices` names
   * - `fallback`: a list behind that one
   * - `every`: an entry of the operator's for every provider
   * - `namesake`: an entry of the operator's for another provider, which is the only one of that name
   */
  list: 'own' | 'fallback' | 'every' | 'namesake';
}

/** Looks a model up as it is done for an answer at `at`, and says how it was found; null when no price is known. */
export function trace(book: PriceBook, provider: string, model: string, at: Date): PriceTrace | null {
  const price = book.find(provider, model, null, at);
  return price && { price, ...nameIn(price, model), list: listIn(price, provider, book) };
}

/** By which of its names a price that was found for a model goes. */
export function nameIn(price: Price, model: string): Pick<PriceTrace, 'by' | 'name'> {
  const [own = '', ...others] = price.names;
  const same = (name: string, other: string): boolean => name.toLowerCase() === other.toLowerCase();
  if (same(own, model)) return { by: 'exact', name: own };
  const alias = others.find((name) => same(name, model));
  if (alias !== undefined) return { by: 'alias', name: alias };
  const plain = undated(model);
  const dated = price.entry.dated ? price.names.find((name) => same(name, plain)) : undefined;
  return dated === undefined ? { by: 'pattern', name: patternIn(price, model) ?? own } : { by: 'dated', name: dated };
}

/** Whether a price goes by this name in any of the ways. */
export function goesBy(price: Price, model: string): boolean {
  return nameIn(price, model).by !== 'pattern' || patternIn(price, model) !== undefined;
}

function patternIn(price: Price, model: string): string | undefined {
  return price.names.find((name) => name.includes('*') && fits(name.toLowerCase().split('*'), model.toLowerCase()));
}

function listIn(price: Price, provider: string, book: PriceBook): PriceTrace['list'] {
  const list = price.list?.toLowerCase();
  if (list === undefined) return 'every';
  const { own, behind } = book.listsOf(provider);
  const has = (lists: readonly string[]): boolean => lists.some((name) => name.toLowerCase() === list);
  if (has(own) || list === provider.toLowerCase()) return 'own';
  return has(behind) ? 'fallback' : 'namesake';
}
