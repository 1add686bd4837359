/**
 * The shape of gateway.yaml, and of the frozen object the rest of the gateway receives.
 *
 * Times are milliseconds and sizes are bytes once the file is checked. What the loaded
 * plugins and adapters add to the schema is laid over it by compose.ts.
 */
import type { FromSchema } from 'json-schema-to-ts';
import { keysSchema } from './sections/keys.ts';
import { limitsSchema } from './sections/limits.ts';
import { listenSchema } from './sections/listen.ts';
import { pluginsSchema, type whenSchema } from './sections/plugins.ts';
import { pricingSchema, type providerSchema, providersSchema } from './sections/providers.ts';
import { aliasesSchema, breakerSchema, routesSchema } from './sections/routes.ts';

export const configSchema = {
  type: 'object',
  description: 'Configuration of Token Spy. Each key may be left out.',
  additionalProperties: false,
  properties: {
    listen: listenSchema,
    database: {
      type: 'string',
      minLength: 1,
      maxLength: 2048,
      pattern: '^(sqlite:.|postgres(ql)?://.)',
      patternErrorMessage: 'must begin with sqlite: or postgres://',
      writeOnly: true,
      default: 'sqlite:data/token-spy.db',
      description:
        'Where the rows are: sqlite:<file> (relative to the folder of gateway.yaml) or postgres://user:password@host/name.',
    },
    data: {
      type: 'string',
      minLength: 1,
      maxLength: 1024,
      default: 'data',
      description: 'Folder for the journal and the generated key. Relative to the folder of gateway.yaml.',
    },
    durability: {
      type: 'string',
      enum: ['normal', 'strict'],
      default: 'normal',
      description:
        'normal: a finished row survives a crash of the gateway. strict: of the machine, too, at the price of a disk sync.',
    },
    providers: providersSchema,
    pricing: pricingSchema,
    aliases: aliasesSchema,
    routes: routesSchema,
    breaker: breakerSchema,
    keys: keysSchema,
    limits: limitsSchema,
    on_disconnect: {
      type: 'string',
      enum: ['cancel', 'drain'],
      default: 'cancel',
      description: 'When a client leaves: cancel stops the provider, drain lets it finish so that its usage is known.',
    },
    server: {
      type: 'object',
      description: 'How the API and the dashboard are reached.',
      additionalProperties: false,
      default: {},
      properties: {
        allow_hosts: {
          type: 'array',
          description: 'Names in the Host header that are answered, beside loopback and the addresses under listen.',
          maxItems: 100,
          items: { type: 'string', minLength: 1, maxLength: 253 },
          default: [],
        },
        cors_origins: {
          type: 'array',
          description: 'Origins whose scripts may read the API, such as https://chat.example.org. Never with cookies.',
          maxItems: 100,
          items: { type: 'string', minLength: 1, maxLength: 253 },
          default: [],
        },
      },
    },
    log: {
      type: 'object',
      description: 'What the gateway writes to standard output: one JSON object a line.',
      additionalProperties: false,
      default: {},
      properties: {
        level: {
          type: 'string',
          enum: ['debug', 'info', 'warn', 'error', 'silent'],
          default: 'info',
          description: 'Least important message that is written.',
        },
      },
    },
    plugins: pluginsSchema,
  },
} as const;

/** Times and sizes are text in the file and numbers in the object. */
type Units = { deserialize: [{ pattern: { format: 'time-span' | 'size' }; output: number }] };

type DeepReadonly<T> = T extends (infer I)[]
  ? readonly DeepReadonly<I>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

type Plain = FromSchema<typeof configSchema, Units>;

export type Listen = DeepReadonly<Plain['listen'][number] & { name: string }>;
export type ProviderEntry = DeepReadonly<FromSchema<typeof providerSchema, Units>>;
export type Limits = DeepReadonly<Plain['limits']>;
export type GatewayKey = DeepReadonly<Plain['keys'][number]>;
export type When = DeepReadonly<FromSchema<typeof whenSchema>>;

type PlainRoute = DeepReadonly<Plain['routes'][number]>;
export type RouteMatch = PlainRoute['match'];
export type RouteTarget = NonNullable<PlainRoute['targets']>[number];
export type RetrySection = PlainRoute['retry'];

/** A route with its shorthand written out. */
export interface Route extends Pick<PlainRoute, 'match' | 'strategy' | 'sticky' | 'retry' | 'restart'> {
  /** Its place where it was given none: `routes[0]`. */
  readonly name: string;
  /** Each has either a provider or a route. */
  readonly targets: readonly RouteTarget[];
}

/** One line of the pipeline with its reserved members taken apart from the plugin's own options. */
export interface PluginEntry {
  readonly plugin: string;
  /** `as`, or the plugin's name. */
  readonly name: string;
  readonly when: When | null;
  readonly enabled: boolean;
  readonly onError: 'refuse' | 'skip';
  /** Checked, defaults filled in; of its section, if the plugin has one. */
  readonly options: Readonly<Record<string, unknown>>;
  /** `gateway.yaml:40:5`: for messages. */
  readonly place: string;
}

/** gateway.yaml as the gateway uses it: checked, complete, frozen. */
export interface Config extends Omit<DeepReadonly<Plain>, 'listen' | 'routes' | 'plugins'> {
  readonly listen: readonly Listen[];
  readonly routes: readonly Route[];
  readonly plugins: readonly PluginEntry[];
}
