/** Looks through thousands of prices, a page at a time. */
import { goesBy } from '../metering/price-trace.ts';
import type { Price, PriceBook } from '../metering/prices.ts';
import { badParameter } from './problem.ts';

export interface PriceQuestion {
  /** A provider, or the name of a price list. */
  provider?: string | undefined;
  /** A model by any of its names. */
  model?: string | undefined;
  /** Words that all occur in the names of a price, its list or its source. */
  q?: string | undefined;
  limit: number;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

export interface PricePage {
  prices: Price[];
  /** How many fit in all. */
  count: number;
  next: string | null;
}

interface Place {
  layer: number;
  price: Price;
  /** What `q` looks into. */
  text: string;
}

/** Finds prices: first the layers that are asked first, in each by key. */
export function searchPrices(book: PriceBook, question: PriceQuestion): PricePage {
  const fitting = placesOf(book).filter(fits(book, question));
  const start = question.cursor === undefined ? 0 : after(fitting, question.cursor);
  const page = fitting.slice(start, start + question.limit);
  const last = page.at(-1);
  const isMore = start + page.length < fitting.length;
  return {
    prices: page.map(({ price }) => price),
    count: fitting.length,
    next: isMore && last ? Buffer.from(JSON.stringify([last.layer, last.price.key])).toString('base64url') : null,
  };
}

function fits(book: PriceBook, { provider, model, q }: PriceQuestion): (place: Place) => boolean {
  const lists = provider === undefined ? null : new Set([provider, ...book.listsOf(provider).own].map(lower));
  const words = lower(q ?? '')
    .split(/\s+/)
    .filter((word) => word !== '');
  return ({ price, text }) =>
    (lists === null || price.list === null || lists.has(lower(price.list))) &&
    (model === undefined || goesBy(price, model)) &&
    words.every((word) => text.includes(word));
}

/** A cursor names the last price of a page, so that a change of the configuration between two pages repeats none. */
function after(places: readonly Place[], cursor: string): number {
  const [layer, key] = parseCursor(cursor);
  const at = places.findIndex((place) => compare(place, { layer, key }) > 0);
  return at === -1 ? places.length : at;
}

function parseCursor(cursor: string): [number, string] {
  try {
    const [layer, key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (typeof layer === 'number' && typeof key === 'string') return [layer, key];
  } catch {
    // told below
  }
  throw badParameter('cursor', 'is not one that a page has given');
}

/** A book never changes, and sorting it takes longer than searching it. */
const sorted = new WeakMap<PriceBook, readonly Place[]>();

function placesOf(book: PriceBook): readonly Place[] {
  const known = sorted.get(book);
  if (known !== undefined) return known;
  const layers = new Map(book.layers.map((layer, at) => [layer, at]));
  const places = book.prices.map((price): Place => {
    const text = [price.key, ...price.names, price.entry.source ?? '', price.layer.name].join('\n').toLowerCase();
    return { layer: layers.get(price.layer) ?? 0, price, text };
  });
  places.sort((a, b) => compare(a, { layer: b.layer, key: b.price.key }));
  sorted.set(book, places);
  return places;
}

function compare(place: Place, other: { layer: number; key: string }): number {
  if (place.layer !== other.layer) return place.layer - other.layer;
  return place.price.key < other.key ? -1 : place.price.key > other.key ? 1 : 0;
}

const lower = (text: string): string => text.toLowerCase();
