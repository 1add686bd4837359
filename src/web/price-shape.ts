/** A price as it is told: every rate a decimal text, every member always there. */
import { formatDecimal, parseDecimal } from '../metering/decimal.ts';
import { type Rate, type Rates, rateNames, type Selector } from '../metering/price-entry.ts';
import type { Price, PriceBook, PriceLayer, PriceSource } from '../metering/prices.ts';

/** US dollars by the names of gateway.yaml: per million tokens, `_per_1k` and `audio_per_` for what they say. */
export type RateTexts = Record<string, string>;

export interface SelectorShape {
  /** All token rates that `rates` does not name, times this. */
  multiplier: string | null;
  rates: RateTexts;
}

export interface PriceShape {
  key: string;
  /** The price list, by default the provider of this name; null: for every provider. */
  provider: string | null;
  model: string;
  /** What else it is found by; a `*` stands for anything. */
  names: readonly string[];
  /** Its names may be followed by the date of a release. */
  dated: boolean;
  free: boolean;
  rates: RateTexts;
  tiers: { input_over: number | null; input_at_least: number | null; rates: RateTexts }[];
  service_tiers: Record<string, SelectorShape>;
  speeds: Record<string, SelectorShape>;
  geo_multiplier: RateTexts;
  hours: (SelectorShape & { from: string; to: string; days: readonly string[]; except: readonly string[] })[];
  same_as: Record<string, string>;
  starts: string | null;
  ends: string | null;
  in_force: boolean;
  /** As it is stored with costs. */
  version: string;
  from: PriceSource & { changed: readonly string[] };
  /** Where the numbers were read, as the entry says. */
  source: string | null;
}

/** Tells a price. `loaded` is the day on which gateway.yaml was taken, which says when its own prices are from. */
export function shapeOf(price: Price, at: Date, loaded: string | null): PriceShape {
  const { key, entry, names } = price;
  const [model = '', ...others] = names;
  return {
    key,
    provider: price.list,
    model,
    names: others,
    dated: entry.dated === true,
    free: entry.free === true,
    rates: ratesOf(entry),
    tiers: (entry.tiers ?? []).map((tier) => ({
      input_over: tier.input_over ?? null,
      input_at_least: tier.input_at_least ?? null,
      rates: ratesOf(tier),
    })),
    service_tiers: mapped(entry.service_tiers, selectorOf),
    speeds: mapped(entry.speeds, selectorOf),
    geo_multiplier: mapped(entry.geo_multiplier, decimal),
    hours: (entry.hours ?? []).map((window) => {
      const { from, to, days = [], except = [] } = window;
      return { from, to, days, except, ...selectorOf(window) };
    }),
    same_as: { ...entry.same_as } as Record<string, string>,
    starts: entry.starts ?? null,
    ends: entry.ends ?? null,
    in_force: price.inForce(at),
    version: price.version,
    from: sourceOf(price, loaded),
    source: entry.source ?? null,
  };
}

/** All that prices come from, first what is asked first. */
export function sourcesOf(book: PriceBook, loaded: string | null): PriceSource[] {
  return book.layers
    .filter(({ entries }) => Object.keys(entries).length > 0)
    .flatMap((layer) => sourcesIn(layer).map((source) => dated(source, loaded)));
}

/** Where a price comes from. */
export function sourceOf(price: Price, loaded: string | null): PriceShape['from'] {
  const { source, changed = [] } = price.layer.origins?.[price.key] ?? { source: sourcesIn(price.layer)[0] };
  return { ...dated(source, loaded), changed };
}

function sourcesIn({ sources, name, version, operator }: PriceLayer): readonly [PriceSource, ...PriceSource[]] {
  return sources ?? [{ kind: operator ? 'pricing' : 'table', name, version, date: null }];
}

/** What stands in gateway.yaml is from when it was read. */
function dated(source: PriceSource, loaded: string | null): PriceSource {
  const isOwn = source.kind === 'provider' || source.kind === 'pricing';
  return isOwn && source.date === null ? { ...source, date: loaded } : source;
}

function ratesOf(from: Rates): RateTexts {
  return Object.fromEntries(
    rateNames.flatMap((name) => {
      const rate = from[name];
      return rate === undefined ? [] : [[name, decimal(rate)]];
    }),
  );
}

function selectorOf(from: Selector): SelectorShape {
  return { multiplier: from.multiplier === undefined ? null : decimal(from.multiplier), rates: ratesOf(from) };
}

function mapped<V, S>(map: Readonly<Record<string, V>> | undefined, shape: (value: V) => S): Record<string, S> {
  return Object.fromEntries(Object.entries(map ?? {}).map(([name, value]) => [name, shape(value)]));
}

const decimal = (rate: Rate): string => formatDecimal(parseDecimal(rate));
