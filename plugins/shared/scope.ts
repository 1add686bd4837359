/** Which requests a budget or a limit is for, as gateway.yaml says it. */
import type { Dimension } from '../../src/plugin.ts';

/** What a budget or a limit can look at, beside tags. */
export const DIMENSIONS = [
  'tenant',
  'project',
  'agent',
  'key',
  'user',
  'session',
  'provider',
  'model',
  'environment',
] as const satisfies readonly Dimension[];

export const MOST_GLOBS = 100;
export const MOST_TAGS = 20;
export const MOST_PER = 4;
/** Characters; names of tags are 64 at most. */
export const LONGEST = 512;
export const LONGEST_TAG = 64;

const globs = {
  type: ['string', 'array'],
  minLength: 1,
  maxLength: LONGEST,
  minItems: 1,
  maxItems: MOST_GLOBS,
  items: { type: 'string', minLength: 1, maxLength: LONGEST },
} as const;

export const scopeSchema = {
  type: 'object',
  description:
    'Which requests it is for. All of it must match: a value, a glob with `*`, or a list of them. Without it: all requests.',
  additionalProperties: false,
  properties: {
    tenant: { ...globs, description: 'Tenant of the request.' },
    project: { ...globs, description: 'Project of the request. One that nobody names is `default`.' },
    agent: { ...globs, description: 'Agent of the request.' },
    key: { ...globs, description: 'Name of the gateway key it came with.' },
    user: { ...globs, description: 'User of the request.' },
    session: { ...globs, description: 'Session of the request.' },
    provider: { ...globs, description: 'Provider it goes to, or may go to.' },
    model: { ...globs, description: 'Model as the client names it.' },
    environment: { ...globs, description: 'Environment of the request.' },
    team: { ...globs, description: 'Short for the tag team.' },
    tags: {
      type: 'object',
      minProperties: 1,
      maxProperties: MOST_TAGS,
      additionalProperties: globs,
      description: 'Tags of the request, by name.',
    },
  },
} as const;

const NAME = `^(${DIMENSIONS.join('|')}|team|tags\\..{1,64})$`;
const NO_NAME = `must be one of ${DIMENSIONS.join(', ')}, team, tags.NAME`;

export const perSchema = {
  type: ['string', 'array'],
  minLength: 1,
  pattern: NAME,
  patternErrorMessage: NO_NAME,
  minItems: 1,
  maxItems: MOST_PER,
  items: {
    type: 'string',
    pattern: NAME,
    patternErrorMessage: NO_NAME,
  },
  description:
    'The limit is for each value of this, such as agent, or of a list together. Requests without such a value are not in it.',
} as const;
