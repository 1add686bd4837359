import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import type { Adapter } from './adapter.ts';
import { type PluginShape, publishSchema, type Schema } from './config/compose.ts';
import { ConfigError } from './config/problem.ts';
import type { Config, ProviderEntry } from './config/schema.ts';
import { secretsOfProviders } from './config/secrets.ts';
import { checkConfig } from './config/validate.ts';
import type { Environment } from './config/variables.ts';
import { stopCompiler } from './loader/import.ts';
import { buildLimitBook, loadLimitTable } from './loader/model-limits.ts';
import { type Ordered, orderPlugins } from './loader/order.ts';
import { checkAdapter, checkPlugin } from './loader/plugins.ts';
import { buildPriceBook } from './loader/price-book.ts';
import { layProviders, loadCatalogue, resolveProviders } from './loader/providers.ts';
import { type Broken, type Loaded, Shelf } from './loader/shelf.ts';
import { refuseStrangeModels } from './loader/target-models.ts';
import type { LimitBook } from './metering/model-limits.ts';
import type { PriceBook } from './metering/prices.ts';
import type { Provider } from './pipeline/provider.ts';
import type { PluginDefinition } from './plugin.ts';

/** Everything a configuration says, read and checked; nothing of it is alive yet. */
export interface Blueprint {
  config: Config;
  /** 12 hex digits of a hash of all that the configuration says. */
  version: string;
  secrets: readonly string[];
  notes: readonly string[];
  plugins: ReadonlyMap<string, Loaded<PluginDefinition>>;
  adapters: ReadonlyMap<string, Loaded<Adapter>>;
  broken: readonly Broken[];
  order: readonly Ordered[];
  entries: ReadonlyMap<string, ProviderEntry>;
  providers: ReadonlyMap<string, Provider>;
  prices: PriceBook;
  /** Changes when a price file of the operator's does. */
  pricesDigest: string;
  limits: LimitBook;
  /** Changes when the table of limits does. */
  limitsDigest: string;
}

export interface DraftingParts {
  /** gateway.yaml, absolute. */
  file: string;
  /** Its folder. */
  folder: string;
  /** The package's folder. */
  root: string;
  env: Environment;
}

/** A file that is being written is whole after this, milliseconds. */
const TORN_MS = 250;

/** Reads gateway.yaml and all that stands beside it. Keeps what it imported, so that a change imports only what changed. */
export class Drafting {
  readonly #parts: DraftingParts;
  readonly #plugins: Shelf<PluginDefinition>;
  readonly #adapters: Shelf<Adapter>;
  #inputs: string[] = [];
  #priceFiles: string[] = [];

  constructor(parts: DraftingParts) {
    this.#parts = parts;
    const { root, folder } = parts;
    this.#plugins = new Shelf([join(root, 'plugins'), join(folder, 'plugins')], checkPlugin);
    this.#adapters = new Shelf(
      [join(root, 'providers', 'adapters'), join(folder, 'providers', 'adapters')],
      checkAdapter,
    );
  }

  /** Throws a ConfigError that says, line by line, what stands in the way. */
  async draw(): Promise<Blueprint> {
    const { file, folder, root, env } = this.#parts;
    const [text, { plugins, adapters, broken }] = await Promise.all([this.#text(), this.#load()]);
    const names = [...adapters.keys()].map(adapterName);
    const catalogue = new Map([
      ...(await loadCatalogue(join(root, 'providers'), names, env)),
      ...(root === folder ? [] : await loadCatalogue(join(folder, 'providers'), names, env)),
    ]);
    const failed = new Map(broken.filter(({ name }) => !plugins.has(name)).map(({ name, error }) => [name, error]));
    const known = { plugins: shapes(plugins), adapters: names, catalogue, failed };
    const checked = checkConfig({ text, file: basename(file), env, overrides: true }, known);
    if (!checked.ok) throw new ConfigError(checked.problems);
    const { config, version, secrets, notes } = checked;
    this.#priceFiles = (config.pricing.files ?? []).map((name) => resolve(folder, name));
    const definitions = new Map([...plugins].map(([name, { value }]) => [name, value]));
    const order = orderPlugins(config.plugins, definitions);
    const entries = layProviders(config, catalogue);
    const allSecrets = [...new Set([...secrets, ...secretsOfProviders(entries.values())])];
    const providers = resolveProviders(config, catalogue, folder);
    const { book: prices, digest: pricesDigest } = await buildPriceBook({ config, entries, version, folder, root });
    refuseStrangeModels({ config, entries, prices }, checked.problem);
    const table = await loadLimitTable(root);
    const byName = new Map([...adapters].map(([name, loaded]) => [adapterName(name), loaded]));
    return {
      config,
      version,
      secrets: allSecrets,
      notes,
      plugins,
      adapters: byName,
      broken,
      order,
      entries,
      providers,
      prices,
      pricesDigest,
      limits: buildLimitBook(entries, table.groups),
      limitsDigest: table.digest,
    };
  }

  /** What must be watched: the file, the folders, and files that plugins import from elsewhere. */
  get watched(): { files: string[]; folders: string[] } {
    const { file, root, folder } = this.#parts;
    const folders = [...new Set([root, folder])].flatMap((place) => [join(place, 'plugins'), join(place, 'providers')]);
    const elsewhere = this.#inputs.filter((input) => !folders.some((place) => input.startsWith(place)));
    return { files: [file, ...elsewhere, ...this.#priceFiles], folders };
  }

  /** gateway.schema.json, for editors. */
  async schema(): Promise<Schema> {
    const { plugins, adapters } = await this.#load();
    return publishSchema(shapes(plugins), [...adapters.keys()].map(adapterName));
  }

  async #text(): Promise<string> {
    const { file } = this.#parts;
    try {
      const text = await readFile(file, 'utf8');
      if (text !== '') return text;
      // Empty is what a file is between the two steps of a plain save: look once more before refusing it.
      await new Promise((resolve) => setTimeout(resolve, TORN_MS));
      return await readFile(file, 'utf8');
    } catch (error) {
      const message = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read';
      throw new ConfigError([{ file: basename(file), line: null, column: null, path: '', message }]);
    }
  }

  async #load() {
    const [plugins, adapters] = await Promise.all([this.#plugins.load(), this.#adapters.load()]);
    this.#inputs = [...plugins.inputs, ...adapters.inputs];
    await stopCompiler();
    return { plugins: plugins.loaded, adapters: adapters.loaded, broken: [...plugins.broken, ...adapters.broken] };
  }
}

/** Tells blueprints apart: the same configuration with the same code is no change. */
export function fingerprintOf(blueprint: Blueprint): string {
  const { version, plugins, adapters, broken, entries, pricesDigest, limitsDigest } = blueprint;
  const code = [...plugins.values(), ...adapters.values()].map(({ name, hash }) => `${name} ${hash}`);
  const faults = broken.map(({ file, error }) => `${file} ${error}`);
  return [version, pricesDigest, limitsDigest, JSON.stringify([...entries]), ...code, ...faults].join('\n');
}

/** What runs although its file is broken: an older one of a plugin that is listed, or of an adapter. One line each. */
export function staleIn({ broken, order, adapters }: Blueprint): { at: string; lines: string[] } | null {
  const listed = new Set(order.filter(({ enabled }) => enabled).map(({ plugin }) => plugin));
  const stale = broken.filter(({ name }) => listed.has(name) || adapters.has(adapterName(name)));
  if (stale.length === 0) return null;
  return { at: stale[0]!.since, lines: stale.map(({ file, error }) => `${basename(file)}: ${error}`) };
}

/** `openai-chat.ts` is `openai_chat` in YAML, where names are in snake case. */
const adapterName = (file: string): string => file.replaceAll('-', '_');

const shapes = (plugins: ReadonlyMap<string, Loaded<PluginDefinition>>): PluginShape[] =>
  [...plugins].map(([name, { value }]) => ({
    name,
    summary: value.summary,
    options: value.options,
    section: value.section,
    check: value.check?.bind(value),
  }));

/** gateway.schema.json of a blueprint, which has loaded all that the schema tells of. */
export const schemaOf = ({ plugins, adapters }: Blueprint): Schema =>
  publishSchema(shapes(plugins), [...adapters.keys()]);
