/** Models whose requests have no cost for want of a price, and what would give them one. */
import type { Price } from '../metering/prices.ts';
import type { Selection } from '../metering/rates.ts';
import type { Filters, Range, UnpricedModel } from '../store/queries/shapes.ts';
import type { House } from './house.ts';
import { yamlFor } from './price-yaml.ts';

export interface OpenModel extends UnpricedModel {
  /** False where the price has come since: what was recorded before stays unknown. */
  open: boolean;
  /** Its line below `pricing: models:` of gateway.yaml; null where none would help. */
  yaml: string | null;
}

/** Reasons that a price mends; the others are the provider's silence. */
const MENDED_BY_PRICE: ReadonlySet<string | undefined> = new Set(['no_price', 'no_rate', undefined]);

/** Lists the models of a stretch of time whose price is missing, or was when they were used; those with the most requests first. */
export async function unpricedIn(house: House, range: Range, filters?: Filters): Promise<OpenModel[]> {
  const models = await house.store.queries.unpricedModels({ ...range, filters });
  const book = house.prices();
  const free = new Set(
    house
      .providers()
      .filter(({ free }) => free)
      .map(({ name }) => name),
  );
  const now = new Date();
  return models
    .filter(({ unpriced }) => MENDED_BY_PRICE.has(unpriced?.reason))
    .map((model) => {
      const { provider, unpriced } = model;
      const find = (answered: string | null, asked: string | null) => book.find(provider ?? '', answered, asked, now);
      const part = unpriced?.reason === 'no_price' ? unpriced.missing : null;
      const price = part === null ? find(model.response_model, model.request_model) : find(part, null);
      const isPriced = price !== null && covers(price, unpriced?.reason === 'no_rate' ? unpriced.missing : null, now);
      const open = !isPriced && !free.has(provider ?? '');
      return { ...model, open, yaml: open ? yamlFor(provider, model.model, unpriced, price?.entry ?? null) : null };
    });
}

/** Whether a price has by now what was missing from it. Two conditions at odds may be at odds still. */
function covers(price: Price, missing: string | null, at: Date): boolean {
  if (price.entry.free || missing === null) return true;
  const plain = { inputTokens: 0, serviceTier: null, speed: null, geo: null, at };
  return missing.split(', ').every((name) => {
    const dot = name.indexOf('.');
    const member = CONDITIONS[name.slice(0, dot)];
    if (member !== undefined) return price.rates.choose({ ...plain, [member]: name.slice(dot + 1) }) !== null;
    return (price.entry as Readonly<Record<string, unknown>>)[name] !== undefined;
  });
}

const CONDITIONS: Readonly<Record<string, keyof Selection>> = {
  service_tiers: 'serviceTier',
  speeds: 'speed',
  geo_multiplier: 'geo',
};
