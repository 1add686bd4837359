import { name, tags, text } from './shapes.ts';

export const keysSchema = {
  type: 'array',
  description: 'Gateway keys: who may use the proxy, and whom the traffic belongs to. They never leave the gateway.',
  maxItems: 10000,
  default: [],
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'key'],
    properties: {
      name: { ...name, description: 'Name in records; never the key itself.' },
      key: {
        type: 'string',
        minLength: 16,
        maxLength: 512,
        writeOnly: true,
        description: 'The key, at least 16 characters; best taken from the environment.',
      },
      access: {
        type: 'string',
        enum: ['all', 'proxy'],
        default: 'all',
        description: 'What it opens. all: proxy, API and dashboard. proxy: the proxy only, as for an application.',
      },
      agent: { ...text, description: 'Agent its traffic belongs to.' },
      user: { ...text, description: 'User its traffic belongs to.' },
      project: { ...text, description: 'Project its traffic belongs to.' },
      tenant: { ...text, description: 'Tenant its traffic belongs to.' },
      environment: { ...text, description: 'Environment its traffic belongs to, such as prod.' },
      tags: { ...tags, description: 'Tags its traffic carries.' },
      expires: {
        ...text,
        description:
          'Last moment it is good: a day (to its end, UTC) or a time such as 2027-01-31T12:00:00Z. Without it: never ends.',
      },
    },
  },
} as const;
