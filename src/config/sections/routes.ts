import { globs, name, text } from './shapes.ts';

const match = {
  type: 'object',
  description: 'All of it must match: a value, a glob with `*`, or a list of them. An empty match takes everything.',
  additionalProperties: false,
  default: {},
  properties: {
    model: { ...globs, description: 'Model as the client names it.' },
    path: { ...globs, description: 'Path without the query.' },
    listener: { ...globs, description: 'Name of the listener.' },
    agent: { ...globs, description: 'Agent of the request.' },
    stream: { type: 'boolean', description: 'Whether the client asks for a stream.' },
  },
} as const;

export const routesSchema = {
  type: 'array',
  description:
    'Which provider a request goes to. The first match wins; without one, the provider that lists the model, then the dialect of the path.',
  maxItems: 1000,
  default: [],
  items: {
    type: 'object',
    additionalProperties: false,
    properties: {
      match,
      strategy: {
        type: 'string',
        enum: ['fallback'],
        default: 'fallback',
        description: 'fallback: the first target that answers.',
      },
      targets: {
        type: 'array',
        description: 'Where matching requests go, the first choice first.',
        minItems: 1,
        maxItems: 20,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['provider'],
          properties: {
            provider: { ...name, description: 'Name of a provider.' },
            model: { ...text, description: 'Model to ask for instead of the one the client named.' },
          },
        },
      },
      provider: { ...name, description: 'Short for one target with this provider.' },
    },
  },
} as const;
