/** From a checked document to the object the gateway lives by: units counted, shorthands written out, frozen. */
import { createHash } from 'node:crypto';
import { entryOptions, type PluginShape, sectionSchema } from './compose.ts';
import { type Path, problemLine } from './problem.ts';
import type { Draft } from './read.ts';
import { type Checked, type CheckedRoute, listenerName, routeName } from './scene.ts';
import { type Config, configSchema, type PluginEntry, type Route } from './schema.ts';
import { reservedSchema } from './sections/plugins.ts';
import { providerSchema } from './sections/providers.ts';
import { bytes, milliseconds } from './units.ts';

/** Replaces times by milliseconds and sizes by bytes, in place, and reports those that cannot be read. */
export function countUnits(
  document: Record<string, unknown>,
  plugins: readonly PluginShape[],
  report: (path: Path, message: string) => void,
): void {
  count(configSchema, document, [], report);
  const shapes = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  for (const [i, entry] of (document.plugins as Checked['plugins']).entries()) {
    const shape = entry.enabled === false ? undefined : shapes.get(entry.plugin);
    if (shape) count({ properties: entryOptions(shape) }, entry, ['plugins', i], report);
  }
  for (const shape of plugins) {
    if (shape.section !== undefined) count(sectionSchema(shape), document[shape.section], [shape.section], report);
  }
}

/** The same for one provider of the catalogue. */
export function countProviderUnits(provider: unknown, report: (path: Path, message: string) => void): void {
  count(providerSchema, provider, [], report);
}

interface Shape {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly format?: string;
  readonly minimum?: number;
}

function count(schema: Shape, data: unknown, path: Path, report: (path: Path, message: string) => void): void {
  if (typeof data !== 'object' || data === null) return;
  if (Array.isArray(data)) {
    const { items } = schema;
    if (typeof items !== 'object' || items === null) return;
    for (const [i, item] of data.entries()) count(items, item, [...path, i], report);
    return;
  }
  const map = data as Record<string, unknown>;
  for (const [name, value] of Object.entries(map)) {
    const known =
      schema.properties && Object.hasOwn(schema.properties, name)
        ? schema.properties[name]
        : schema.additionalProperties;
    if (typeof known !== 'object' || known === null) continue;
    const { format, minimum } = known as Shape;
    const time = (it: string | number): number => milliseconds(it, minimum);
    const read = format === 'time-span' ? time : format === 'size' ? bytes : null;
    if (read === null) {
      count(known, value, [...path, name], report);
      continue;
    }
    try {
      map[name] = read(value as string | number);
    } catch (error) {
      report([...path, name], (error as Error).message);
    }
  }
}

/** Makes the final object of a document in which nothing is wrong. */
export function finish(draft: Draft, document: Record<string, unknown>, plugins: readonly PluginShape[]): Config {
  const checked = document as unknown as Checked & Omit<Config, keyof Checked>;
  const core = Object.fromEntries(Object.keys(configSchema.properties).map((key) => [key, document[key]]));
  const shapes = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  return freeze({
    ...(core as unknown as Config),
    listen: checked.listen.map((listener) => ({ ...listener, name: listenerName(listener) })),
    routes: checked.routes.map(finishRoute),
    plugins: checked.plugins.map((entry, i) =>
      finishEntry(entry, document, shapes.get(entry.plugin), placeOf(draft, i)),
    ),
  });
}

/** Names a configuration: 12 hex digits of a hash of all it says. Comments, blanks and places in the file say nothing. */
export function versionOf(config: Config): string {
  const plugins = config.plugins.map(({ place: _, ...entry }) => entry);
  return createHash('sha256')
    .update(JSON.stringify({ ...config, plugins }))
    .digest('hex')
    .slice(0, 12);
}

function finishRoute({ provider, targets, ...route }: CheckedRoute, index: number): Route {
  return { ...route, name: routeName(route, index), targets: targets ?? [{ provider: provider! }] };
}

function finishEntry(
  entry: Checked['plugins'][number],
  document: Record<string, unknown>,
  shape: PluginShape | undefined,
  place: string,
): PluginEntry {
  const { plugin, as, when, enabled, on_error } = entry;
  return {
    plugin,
    name: as ?? plugin,
    when: when ?? null,
    enabled: enabled ?? true,
    onError: (on_error as 'refuse' | 'skip' | undefined) ?? 'refuse',
    options: optionsIn(entry, document, shape),
    place,
  };
}

/** The options of an entry, with those of its section. */
export function optionsIn(
  entry: Checked['plugins'][number],
  document: Record<string, unknown>,
  shape: PluginShape | undefined,
): Record<string, unknown> {
  const own = Object.fromEntries(Object.entries(entry).filter(([name]) => !Object.hasOwn(reservedSchema, name)));
  return shape?.section === undefined ? own : { ...own, ...fromSection(shape, document[shape.section]) };
}

/** An option of the section's own name is the section; otherwise the section holds the options. */
function fromSection(shape: PluginShape, section: unknown): Record<string, unknown> {
  const whole = Object.hasOwn(shape.options ?? {}, shape.section!);
  if (section === undefined) return {};
  return whole ? { [shape.section!]: section } : (section as Record<string, unknown>);
}

function placeOf(draft: Draft, index: number): string {
  return problemLine({ ...draft.problem(['plugins', index], ''), path: '' });
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
