/**
 * The schema of gateway.yaml with what is loaded laid over it: the options of each plugin,
 * the sections some of them bring, the names of the adapters. The same schema checks the
 * file and, published, tells editors what may be written.
 */
import { configSchema } from './schema.ts';
import { reservedSchema } from './sections/plugins.ts';
import { providerSchema } from './sections/providers.ts';

/** What the schema needs to know of a plugin. */
export interface PluginShape {
  readonly name: string;
  readonly summary: string;
  readonly options?: Readonly<Record<string, object>> | undefined;
  /** Its options live in this top-level key. An option of the section's own name is the section itself: a list, say. */
  readonly section?: string | undefined;
  /** What a schema cannot say of its options. */
  readonly check?: OptionsCheck | undefined;
}

/** Finds what is wrong with options that the schema has passed. */
export type OptionsCheck = (
  options: never,
  file: { names(section: string): readonly string[] },
) => readonly {
  /** Members and places in lists, from the options down. */
  readonly path: readonly (string | number)[];
  /** What is wrong and what mends it, to be read after the path. */
  readonly message: string;
}[];

/** A JSON Schema as data. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** Returns `base` with the loaded plugins and adapters in it. */
export function composeSchema(
  base: typeof configSchema,
  plugins: readonly PluginShape[],
  adapters: readonly string[],
): Schema {
  const { providers } = base.properties;
  const sections = plugins.filter(({ section }) => section !== undefined);
  return {
    ...base,
    properties: {
      ...base.properties,
      providers: { ...providers, additionalProperties: composeProvider(adapters) },
      ...Object.fromEntries(sections.map((plugin) => [plugin.section, sectionSchema(plugin)])),
      plugins: { ...base.properties.plugins, items: entrySchema(plugins) },
    },
  };
}

/** The schema of one provider with the names of the adapters in it. */
export function composeProvider(adapters: readonly string[]): Schema {
  const { adapter } = providerSchema.properties;
  return {
    ...providerSchema,
    properties: {
      ...providerSchema.properties,
      adapter: {
        ...adapter,
        items: { ...adapter.items, ...among(adapters) },
        if: { type: 'string' },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: among(adapters),
      },
    },
  };
}

/** Returns gateway.schema.json as an object. Numbers and switches may also be written `${NAME}`. */
export function publishSchema(plugins: readonly PluginShape[], adapters: readonly string[]): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'gateway.yaml of Token Spy',
    ...(allowVariables(composeSchema(configSchema, plugins, adapters)) as Schema),
  };
}

/** Options that stand in a plugin's entry: all of them, unless they live in its section. */
export function entryOptions({ options = {}, section }: PluginShape): Readonly<Record<string, object>> {
  if (section === undefined) return options;
  if (!Object.hasOwn(options, section)) return {};
  return Object.fromEntries(Object.entries(options).filter(([name]) => name !== section));
}

/** What its section may hold. */
export function sectionSchema(plugin: PluginShape): Schema {
  const own = plugin.options?.[plugin.section!];
  if (own !== undefined) return own as Schema;
  return {
    type: 'object',
    description: plugin.summary,
    additionalProperties: false,
    properties: plugin.options ?? {},
    default: {},
  };
}

/**
 * An entry is a name, or a map that a plugin's options complete. Each plugin is an if-then, not one of an
 * anyOf: only so an error names the one wrong option, and only so defaults are filled in.
 */
function entrySchema(plugins: readonly PluginShape[]): Schema {
  const names = plugins.map(({ name }) => name);
  return {
    type: ['string', 'object'],
    description: 'Name of a plugin, or a map with its name under plugin and its options beside it.',
    allOf: [
      conditional({ type: 'string' }, among(names)),
      conditional({ type: 'object' }, { type: 'object', required: ['plugin'], properties: reservedSchema }),
      {
        if: { type: 'object', required: ['enabled'], properties: { enabled: { const: false } } },
        // What is switched off may be broken: that is why it is.
        else: {
          allOf: [
            conditional({ type: 'object' }, { type: 'object', properties: { plugin: among(names) } }),
            ...plugins.map(pluginSchema),
          ],
        },
      },
    ],
  };
}

function pluginSchema(plugin: PluginShape): Schema {
  return conditional(
    { type: 'object', required: ['plugin'], properties: { plugin: { const: plugin.name } } },
    {
      type: 'object',
      description: plugin.summary,
      additionalProperties: false,
      properties: { ...entryOptions(plugin), ...reservedSchema },
    },
  );
}

/** An empty enum is no JSON Schema; no name is empty. */
function among(names: readonly string[]): Schema {
  return { enum: names.length > 0 ? names : [''] };
}

function conditional(condition: Schema, consequence: Schema): Schema {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { if: condition, then: consequence };
}

const VARIABLE = { type: 'string', pattern: '\\$\\{.+\\}' } as const;

/** An editor sees the file before variables are replaced. */
function allowVariables(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(allowVariables);
  if (typeof schema !== 'object' || schema === null) return schema;
  const open = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, allowVariables(value)]));
  const bare =
    ['integer', 'number', 'boolean'].includes(open.type as string) ||
    (open.enum !== undefined && open.type !== undefined);
  if (!bare) return open;
  const { description, default: usual, ...rest } = open;
  return {
    ...(description === undefined ? {} : { description }),
    ...(usual === undefined ? {} : { default: usual }),
    anyOf: [rest, VARIABLE],
  };
}
