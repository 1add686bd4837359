import { name } from './shapes.ts';

export const listenerSchema = {
  type: 'object',
  description:
    'One address the gateway listens on. The first one, and each one without an agent, serves proxy, API and dashboard.',
  additionalProperties: false,
  required: ['port'],
  properties: {
    host: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      default: '127.0.0.1',
      description: 'Address or host name. Anything but loopback needs a key.',
    },
    port: { type: 'integer', minimum: 0, maximum: 65535, description: 'Port; 0 takes a free one.' },
    agent: { ...name, description: 'Traffic of this listener belongs to this agent; it serves the proxy only.' },
    name: {
      ...name,
      pattern: '^[A-Za-z0-9\\[][A-Za-z0-9.:\\[\\]_-]{0,259}$',
      patternErrorMessage: 'may hold letters, digits and . : _ - only',
      description: 'Name in records and in `when`; without it, host:port.',
    },
    auth: {
      type: 'string',
      enum: ['key', 'none'],
      description:
        'key: the proxy asks for a gateway key. none: it does not. Without it, loopback needs none and other addresses do.',
    },
    provider: { ...name, description: 'All traffic of this listener goes to this provider.' },
    dashboard: {
      type: 'boolean',
      description: 'Whether the API and the dashboard answer here too. Without it: yes, unless agent is set.',
    },
  },
} as const;

export const listenSchema = {
  type: 'array',
  description: 'Where the gateway listens.',
  minItems: 1,
  maxItems: 200,
  items: listenerSchema,
  default: [{ host: '127.0.0.1', port: 9110 }],
} as const;
