/** One table of prices, indexed by provider and model. */
import type { PriceEntry } from './price-entry.ts';
import { EntryRates } from './rates.ts';

export interface PriceLayer {
  name: string;
  /** Stored with every cost taken from this layer. */
  version: string;
  /** Written by the operator, whose words win over any table of ours. */
  operator?: boolean;
  /** By `provider/model`; in a layer of the operator's also by `model` alone, for every provider. */
  entries: Readonly<Record<string, PriceEntry>>;
  /** Price lists that a list without an entry for a model falls back to: Azure sells OpenAI's models. */
  fallbacks?: Readonly<Record<string, readonly string[]>>;
}

/** An entry ready to price with. Its numbers are read when it is first asked for: tables have thousands. */
export class Price {
  readonly key: string;
  readonly version: string;
  readonly entry: PriceEntry;
  readonly #starts: number;
  readonly #ends: number;
  #rates: EntryRates | undefined;

  constructor(key: string, version: string, entry: PriceEntry) {
    this.key = key;
    this.version = version;
    this.entry = entry;
    this.#starts = entry.starts === undefined ? Number.NEGATIVE_INFINITY : Date.parse(entry.starts);
    this.#ends = entry.ends === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.ends);
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
  readonly #named = new Map<string, Price[]>();
  readonly #patterns: { provider: string; parts: readonly string[]; price: Price }[] = [];
  readonly #providers = new Set<string>();
  readonly #byModel = new Map<string, Price[]>();

  constructor(layer: PriceLayer) {
    this.layer = layer;
    for (const [key, entry] of Object.entries(layer.entries)) this.#add(new Price(key, layer.version, entry));
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
    const slash = price.key.indexOf('/');
    const provider = slash < 0 ? ANY : price.key.slice(0, slash).toLowerCase();
    const { match = [] } = price.entry;
    this.#providers.add(provider);
    for (const name of new Set([price.key.slice(slash + 1), ...(typeof match === 'string' ? [match] : match)])) {
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
function fits(parts: readonly string[], text: string): boolean {
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
