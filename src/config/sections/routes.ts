import { globs, name, size, text, timeSpan } from './shapes.ts';

const model = { type: 'string', minLength: 1, maxLength: 256 } as const;

const match = {
  type: 'object',
  description: 'All of it must match: a value, a glob with `*`, or a list of them. An empty match takes everything.',
  additionalProperties: false,
  default: {},
  properties: {
    model: { ...globs, description: 'Model as the client names it, or what its name is an alias of.' },
    path: { ...globs, description: 'Path without the query.' },
    listener: { ...globs, description: 'Name of the listener.' },
    agent: { ...globs, description: 'Agent of the request.' },
    key: { ...globs, description: 'Name of the gateway key that the client shows.' },
    tags: {
      type: 'object',
      description: 'Tags of the request, by name.',
      maxProperties: 32,
      additionalProperties: globs,
    },
    body: {
      type: 'object',
      description: 'Size of the request body. Four bytes of it are about one token.',
      additionalProperties: false,
      properties: {
        min: { ...size, description: 'The smallest that matches.' },
        max: { ...size, description: 'The largest that matches.' },
      },
    },
    stream: { type: 'boolean', description: 'Whether the client asks for a stream.' },
  },
} as const;

const target = {
  type: 'object',
  additionalProperties: false,
  properties: {
    provider: { ...name, description: 'Name of a provider. It stands once for each of its keys.' },
    model: { ...text, description: 'Model to ask for instead of the one the client named.' },
    route: {
      ...name,
      description:
        'Name of another route, whose targets stand here in the order of its own strategy. What it matches, `retry`, `sticky` and `restart` are those of the route that a request has come by.',
    },
    weight: {
      type: 'number',
      minimum: 0,
      maximum: 1_000_000,
      description: 'Its share, for strategy weighted. 0: only when the others fail. Without it: 1.',
    },
  },
} as const;

const retry = {
  type: 'object',
  description: 'What is done when a target fails.',
  additionalProperties: false,
  default: {},
  properties: {
    attempts: {
      type: 'integer',
      minimum: 1,
      maximum: 50,
      default: 6,
      description: 'How often a request is sent at most, whatever for.',
    },
    retries: {
      type: 'integer',
      minimum: 0,
      maximum: 10,
      default: 1,
      description: 'How often a target is asked once more before the next one is, where its failure may pass.',
    },
    backoff: {
      ...timeSpan,
      default: '250ms',
      description: 'Wait before the first retry of a target. It doubles each time and varies by chance.',
    },
    max_backoff: { ...timeSpan, default: '5s', description: 'The longest of these waits.' },
    max_wait: {
      ...timeSpan,
      default: '5s',
      description: 'A provider that wants to be left alone for longer than this is not waited for.',
    },
    deadline: {
      ...timeSpan,
      default: '2m',
      description:
        'Longest time from the arrival of a request to the beginning of its answer, attempts and waits together.',
    },
  },
} as const;

export const routesSchema = {
  type: 'array',
  description:
    'Where requests go, and what is done when that fails. The first match wins; without one, the provider that lists the model, then the dialect of the path.',
  maxItems: 1000,
  default: [],
  items: {
    type: 'object',
    additionalProperties: false,
    properties: {
      name: {
        ...name,
        description: 'What it is called in rows and by other routes. Without it: its place, `routes[0]`.',
      },
      match,
      strategy: {
        type: 'string',
        enum: ['fallback', 'weighted', 'cheapest', 'fastest'],
        default: 'fallback',
        description:
          'Which target is the first choice; the others follow when it fails. fallback: as they are listed. weighted: by chance, as their weights say; a session stays. cheapest: by the price of this request. fastest: the quicker one of two, by what was measured and what is under way there.',
      },
      sticky: {
        type: 'string',
        enum: ['state', 'session', 'never'],
        default: 'state',
        description:
          'state: a request that carries what only its origin can read (signed thinking, encrypted reasoning, ids of responses) goes to the target and the key that made it. session: so do all requests of a session, as long as it answers. never: neither.',
      },
      targets: {
        type: 'array',
        description: 'Where matching requests go. Each is a provider or another route.',
        minItems: 1,
        maxItems: 20,
        items: target,
      },
      provider: { ...name, description: 'Short for one target with this provider.' },
      retry,
      restart: {
        type: 'boolean',
        default: false,
        description:
          'Hold each answer until it is whole, so that one that breaks off is asked for anew. Streams then arrive all at once.',
      },
    },
  },
} as const;

export const aliasesSchema = {
  type: 'object',
  description:
    'Names of models for clients, and the model that is asked for: an alias of an alias is followed. They hold before a route is looked for.',
  maxProperties: 1000,
  propertyNames: { minLength: 1, maxLength: 256 },
  default: {},
  additionalProperties: model,
} as const;

export const breakerSchema = {
  type: 'object',
  description: 'When a provider, or one of its keys, is left alone because it fails: routes then ask others first.',
  additionalProperties: false,
  default: {},
  properties: {
    window: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 20,
      description: 'How many of its last attempts are looked at.',
    },
    share: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 50,
      description: 'It is left alone when so many of 100 of them have failed.',
    },
    least: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 5,
      description: 'Fewer attempts than these tell nothing.',
    },
    probe: { ...timeSpan, default: '5s', description: 'After this time one request at a time is sent to try it.' },
  },
} as const;
