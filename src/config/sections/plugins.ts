import { globs, name } from './shapes.ts';

export const whenSchema = {
  type: 'object',
  description: 'The plugin meets only exchanges that match all of it: a value, a glob with `*`, or a list of them.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    provider: { ...globs, description: 'Provider the exchange goes to.' },
    model: { ...globs, description: 'Model as the client names it.' },
    path: { ...globs, description: 'Path without the query.' },
    agent: { ...globs, description: 'Agent of the exchange.' },
    listener: { ...globs, description: 'Name of the listener.' },
    tags: {
      type: 'object',
      additionalProperties: globs,
      minProperties: 1,
      description: 'Tags of the exchange, by name.',
    },
  },
} as const;

/** What each plugin entry may say beside the plugin's own options. */
export const reservedSchema = {
  plugin: { type: 'string', minLength: 1, description: 'Name of a file in plugins/, without its ending.' },
  as: { ...name, description: 'Name of this instance, when a plugin is listed twice.' },
  when: whenSchema,
  enabled: { type: 'boolean', default: true, description: 'false leaves it out without deleting its lines.' },
  on_error: {
    type: 'string',
    enum: ['refuse', 'skip'],
    default: 'refuse',
    description: 'What its failure does to an exchange: refuse it, or skip the plugin.',
  },
} as const;

/** The list without what the loaded plugins add to it; see compose.ts. */
export const pluginsSchema = {
  type: 'array',
  description: 'What each exchange meets: the top of the list first, the bottom nearest the provider.',
  maxItems: 200,
  default: [],
  items: {
    type: ['string', 'object'],
    required: ['plugin'],
    properties: reservedSchema,
    additionalProperties: true,
  },
} as const;
