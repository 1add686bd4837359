/** Reads price tables: the shipped ones, and files of the operator's. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { parse } from 'yaml';

import type { PriceEntry } from '../metering/price-entry.ts';
import type { PriceLayer, PriceOrigin, PriceSource } from '../metering/prices.ts';

type Entries = Readonly<Record<string, PriceEntry>>;

interface Snapshot {
  name: string;
  version: string;
  /** The day of that version. */
  date?: string;
  entries: Entries;
  fallbacks: Readonly<Record<string, readonly string[]>>;
}

/** overrides.yaml; see its own first lines. */
interface Overrides {
  /** The day of its last change. */
  version: string;
  entries: Entries;
  additions: Entries;
  groups: readonly (PriceEntry & { of: readonly string[] })[];
  vendors: Entries;
}

const read = new Map<string, { stamp: string; layers: Promise<PriceLayer[]> }>();

/**
 * Reads the tables that come with the gateway: providers/prices/ below `root`.
 *
 * One layer: the entries of overrides.yaml stand before those of the snapshot of genai-prices,
 * and the version names both. Files that have not changed are not read again.
 * Rejects when a file is missing or broken.
 */
export async function loadPriceLayers(root: string): Promise<PriceLayer[]> {
  const files = ['genai-prices.json', 'overrides.yaml'].map((name) => join(root, 'providers', 'prices', name));
  const stats = await Promise.all(files.map((file) => stat(file)));
  const stamp = stats.map(({ mtimeMs, size }) => `${mtimeMs} ${size}`).join(' ');
  const known = read.get(root);
  if (known?.stamp === stamp) return known.layers;
  const layers = Promise.all(files.map((file) => readFile(file, 'utf8'))).then(([snapshot = '', overrides = '']) =>
    merge(JSON.parse(snapshot) as Snapshot, parse(overrides) as Overrides),
  );
  read.set(root, { stamp, layers });
  layers.catch(() => read.delete(root));
  return layers;
}

function merge(snapshot: Snapshot, overrides: Overrides): PriceLayer[] {
  const groups = new Map<string, PriceEntry[]>();
  for (const { of, ...members } of overrides.groups)
    for (const key of of) groups.set(key, [...(groups.get(key) ?? []), members]);
  const [table, corrections] = sourcesOf(snapshot, overrides);
  const entries: Record<string, PriceEntry> = {};
  const origins: Record<string, PriceOrigin> = {};
  for (const [key, entry] of Object.entries({ ...overrides.entries, ...snapshot.entries })) {
    const own = overrides.entries[key] ?? entry;
    const vendor = overrides.vendors[key.slice(0, key.indexOf('/'))] ?? {};
    const above = [...(groups.get(key) ?? []), overrides.additions[key] ?? {}];
    const laid = own.free ? own : above.reduce(lay, lay(vendor, own));
    entries[key] = laid;
    const changed = Object.keys(laid).filter(
      (member) => member !== 'source' && memberOf(laid, member) !== memberOf(own, member),
    );
    if (own !== entry || overrides.entries[key]) origins[key] = { source: corrections, changed: [] };
    else if (changed.length > 0) origins[key] = { source: table, changed };
  }
  const { name, version, fallbacks } = snapshot;
  const sources = [table, corrections] as const;
  return [{ name, version: `${name}-${version}+${overrides.version}`, entries, fallbacks, sources, origins }];
}

function sourcesOf({ name, version, date }: Snapshot, overrides: Overrides): [PriceSource, PriceSource] {
  return [
    { kind: 'table', name, version, date: date ?? null },
    { kind: 'overrides', name: 'overrides', version: overrides.version, date: overrides.version },
  ];
}

const memberOf = (entry: PriceEntry, name: string): unknown => (entry as Readonly<Record<string, unknown>>)[name];

/** Members that are maps by name: what both have is said by the one above. */
const MAPS = ['service_tiers', 'speeds', 'geo_multiplier', 'same_as'] as const;

function lay(below: PriceEntry, above: PriceEntry): PriceEntry {
  const laid: Record<string, unknown> = { ...below, ...above };
  for (const map of MAPS) if (below[map] && above[map]) laid[map] = { ...below[map], ...above[map] };
  if (below.source && above.source) laid.source = `${below.source}; ${above.source}`;
  return laid as PriceEntry;
}

/**
 * Reads a price file of the operator's, YAML or JSON: a map of entries by `provider/model` or by
 * model, or the same under `models` with a `version` beside it. Without a version its name is stored.
 *
 * Rejects when the file is missing, is not YAML, or is not a map. What its entries say is not checked here.
 */
export async function readPriceFile(file: string): Promise<PriceLayer> {
  const document: unknown = parse(await readFile(file, 'utf8'));
  const { models, version } = isMap(document) && isMap(document.models) ? document : { models: document };
  if (!isMap(models)) throw new TypeError(`${file}: a map of prices by model is expected`);
  const name = basename(file);
  const known = typeof version === 'string' || typeof version === 'number' ? String(version) : name;
  const date = (await stat(file)).mtime.toISOString().slice(0, 10);
  const sources = [{ kind: 'file', name, version: known, date }] as const;
  return { name, version: known, operator: true, entries: models as Entries, sources };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
