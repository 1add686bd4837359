import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { checkPriceFile } from '../config/price-file.ts';
import { ConfigError } from '../config/problem.ts';
import type { Config, ProviderEntry } from '../config/schema.ts';
import type { PriceEntry } from '../metering/price-entry.ts';
import { PriceBook, type PriceKind, type PriceLayer } from '../metering/prices.ts';
import { loadPriceLayers, readPriceFile } from './prices.ts';

export interface PriceBookParts {
  config: Config;
  /** Providers with gateway.yaml laid over the catalogue. */
  entries: ReadonlyMap<string, ProviderEntry>;
  /** Stored with costs by the operator's own prices. */
  version: string;
  /** Folder of gateway.yaml, where relative files start. */
  folder: string;
  /** Folder of the package, where the shipped tables are. */
  root: string;
}

/**
 * Puts the layers of prices together: what gateway.yaml says about a provider's models,
 * its `pricing`, its price files, then the shipped tables.
 *
 * Throws a ConfigError when a price file is missing or wrong.
 */
export async function buildPriceBook({
  config,
  entries,
  version,
  folder,
  root,
}: PriceBookParts): Promise<{ book: PriceBook; digest: string }> {
  const inProviders: Record<string, PriceEntry> = {};
  const lists: Record<string, string> = {};
  for (const [name, entry] of entries) {
    if (typeof entry.prices === 'string') lists[name] = entry.prices;
    for (const [model, price] of pricedModels(entry)) inProviders[`${name}/${model}`] = price;
  }
  const own = (kind: PriceKind, name: string, prices: Readonly<Record<string, unknown>>): PriceLayer => {
    const stored = `config-${version}`;
    const entries = prices as Record<string, PriceEntry>;
    return { name, version: stored, operator: true, entries, sources: [{ kind, name, version: stored, date: null }] };
  };
  const files = await Promise.all((config.pricing.files ?? []).map((file) => priceFile(resolve(folder, file))));
  const shipped = await loadPriceLayers(root);
  const layers = [
    own('provider', 'providers', inProviders),
    own('pricing', 'pricing', config.pricing.models ?? {}),
    ...files,
    ...shipped,
  ];
  return {
    book: new PriceBook(layers, lists),
    digest: JSON.stringify(files.map(({ version, entries }) => [version, entries])),
  };
}

/** What stands beside prices and says nothing about money. */
const LIMITS = new Set(['max_output', 'context_window']);

/** Models with a price; a mere list of names, an empty entry, or one of limits alone, says nothing about money. */
function pricedModels(entry: ProviderEntry): [string, PriceEntry][] {
  if (!entry.models || Array.isArray(entry.models)) return [];
  return Object.entries(entry.models as Record<string, PriceEntry | null>)
    .map(([model, said]): [string, PriceEntry] => [model, withoutLimits(said ?? {})])
    .filter(([, price]) => Object.keys(price).some((member) => member !== 'match'));
}

const withoutLimits = (said: PriceEntry): PriceEntry =>
  Object.fromEntries(Object.entries(said).filter(([member]) => !LIMITS.has(member)));

async function priceFile(file: string): Promise<PriceLayer> {
  const shown = basename(file);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new ConfigError([
      { file: shown, line: null, column: null, path: 'pricing.files', message: 'cannot be read; is the path right?' },
    ]);
  }
  const problems = checkPriceFile({ text, file: shown, env: {} });
  if (problems.length > 0) throw new ConfigError(problems);
  return readPriceFile(file);
}
