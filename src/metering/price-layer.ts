/** One table of prices, indexed by provider and model. */
import type { PriceEntry } from './price-entry.ts';
import { EntryRates } from './rates.ts';

/** Where prices were read: a provider's own entry, `pricing`, a file of the operator's, or tables that come with the gateway. */
export type PriceKind = 'provider' | 'pricing' | 'file' | 'overrides' | 'table';

/** Where prices come from, as it is told to people. */
export interface PriceSource {
  kind: PriceKind;
  /** Of a file or a table. */
  name: string;
  version: string;
  /** When its numbers were read or written, `2026-11-20`; null where nobody said. */
  date: string | null;
}

export interface PriceLayer {
  name: string;
  /** Stored with every cost taken from this layer. */
  version: string;
  /** What it is made of; the first is what an entry is from unless `origins` says otherwise. */
  sources?: readonly [PriceSource, ...PriceSource[]];
  /** Entries that are not from the first source, or not all of them: which source, and which of its members. */
  origins?: Readonly<Record<string, PriceOrigin>>;
  /** Written by the operator, whose words win over any table of ours. */
  operator?: boolean;
  /** By `provider/model`; in a layer of the operator's also by `model` alone, for every provider. */
  entries: Readonly<Record<string, PriceEntry>>;
  /** Price lists that a list without an entry for a model falls back to: Azure sells OpenAI's models. */
  fallbacks?: Readonly<Record<string, readonly string[]>>;
}

export interface PriceOrigin {
  /** The source of the entry itself. */
  source: PriceSource;
  /** Members that another source has laid over it. */
  changed: readonly string[];
}

/** An entry ready to price with. Its numbers are read when it is first asked for: tables have thousands. */
export class Price {
  readonly key: string;
  readonly layer: PriceLayer;
  readonly entry: PriceEntry;
  readonly #starts: number;
  readonly #ends: number;
  #rates: EntryRates | undefined;

  constructor(key: string, layer: PriceLayer, entry: PriceEntry) {
    this.key = key;
    this.layer = layer;
    this.entry = entry;
    this.#starts = entry.starts === undefined ? Number.NEGATIVE_INFINITY : Date.parse(entry.starts);
    this.#ends = entry.ends === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.ends);
  }

  get version(): string {
    return this.layer.version;
  }

  /** The price list it is in; null for an operator's entry for every provider. */
  get list(): string | null {
    const slash = this.key.indexOf('/');
    return slash < 0 ? null : this.key.slice(0, slash);
  }

  /** Names it is found by, the key's own first; those with a `*` are patterns. */
  get names(): readonly string[] {
    const { match = [] } = this.entry;
    const own = this.key.slice(this.key.indexOf('/') + 1);
    return [...new Set([own, ...(typeof match === 'string' ? [match] : match)])];
  }

  /** Throws a RangeError where the entry has a rate that is not a decimal number. */
  get rates(): EntryRates {
    this.#rates ??= new EntryRates(this.entry);
    return this.#rates;
  }

  inForce(at: Date): boolean {
    const time = at.getTime();
    return time >= this.#starts && time < this.#ends;
  }
}

/** Stands for every provider: an operator's key without one. */
const ANY = '';
/** `-20241022`, `-2025-08-07`, `@20250929`; AWS puts its own version behind it. */
const DATE = /[-@]20\d{2}(-?)(0[1-9]|1[0-2])\1(0[1-9]|[12]\d|3[01])(?=$|-v\d|:)/;

/** A model's name without the date of its release; the name itself when it has none. */
export function undated(model: string): string {
  return model.replace(DATE, '');
}

/** Finds the prices of a model in one layer, best first. Upper and lower case are the same. */
export class LayerIndex {
  readonly layer: PriceLayer;
  /** In the order of the layer. */
  readonly prices: readonly Price[];
  readonly #named = new Map<string, Price[]>();
  readonly #patterns: { provider: string; parts: readonly string[]; price: Price }[] = [];
  readonly #providers = new Set<string>();
  readonly #byModel = new Map<string, Price[]>();

  constructor(layer: PriceLayer) {
    this.layer = layer;
    this.prices = Object.entries(layer.entries).map(([key, entry]) => new Price(key, layer, entry));
    for (const price of this.prices) this.#add(price);
  }

  /** True when it has a price list of this name. */
  has(provider: string): boolean {
    return this.#providers.has(provider.toLowerCase());
  }

  /** Prices under an exact name: the model's, or the model's without its date where the entry allows that. */
  named(providers: readonly string[], model: string): Price[] {
    const plain = undated(model);
    return [...providers, ANY].flatMap((provider) => [
      ...(this.#named.get(nameKey(provider, model)) ?? []),
      ...(plain === model ? [] : (this.#named.get(nameKey(provider, plain)) ?? []).filter(({ entry }) => entry.dated)),
    ]);
  }

  /** Prices under an explicit `*` pattern. */
  matching(providers: readonly string[], model: string): Price[] {
    const own = new Set([...providers, ANY].map((provider) => provider.toLowerCase()));
    return this.#patterns
      .filter(({ provider, parts }) => own.has(provider) && fits(parts, model.toLowerCase()))
      .map(({ price }) => price);
  }

  /** Prices under an exact name of any provider. */
  everywhere(model: string): Price[] {
    return this.#byModel.get(model.toLowerCase()) ?? [];
  }

  #add(price: Price): void {
    const provider = price.list?.toLowerCase() ?? ANY;
    this.#providers.add(provider);
    for (const name of price.names) {
      if (name.includes('*')) {
        this.#patterns.push({ provider, parts: name.toLowerCase().split('*'), price });
        continue;
      }
      push(this.#named, nameKey(provider, name), price);
      if (this.layer.operator) push(this.#byModel, name.toLowerCase(), price);
    }
  }
}

function nameKey(provider: string, model: string): string {
  return `${provider}/${model}`.toLowerCase();
}

function push(map: Map<string, Price[]>, key: string, price: Price): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [price]);
  else known.push(price);
}

/** Whether `parts` occur in `text` in this order, the first at its start and the last at its end. Linear, unlike `.*`. */
export function fits(parts: readonly string[], text: string): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
