/** How gateway.yaml says limits of sessions. */
import { scopeSchema } from '../shared/scope.ts';

const USD = '^\\d+(\\.\\d+)?$';

const count = (description: string) => bounds({ type: 'integer', minimum: 1 }, ['integer', 'object'], description);

/** A number, which is the hard one, or both. */
function bounds<const B extends object, const T extends readonly string[]>(bound: B, type: T, description: string) {
  return {
    ...bound,
    type,
    description: `${description} A number is hard; or { soft, hard }.`,
    minProperties: 1,
    additionalProperties: false,
    properties: {
      soft: { ...bound, description: 'From here on it is done what `at_soft` says.' },
      hard: { ...bound, description: 'From here on it is done what `at_hard` says.' },
    },
  } as const;
}

export const limitSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  description: 'What a session may come to.',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 128, description: 'Unique; callers are told it.' },
    scope: { ...scopeSchema, default: {} },
    chars: {
      ...bounds(
        {
          type: ['integer', 'string'],
          minimum: 1,
          pattern: '^setting$',
          patternErrorMessage: 'must be a number of characters, or setting',
        },
        ['integer', 'string', 'object'],
        'Characters of history in a request; `setting`: the agent’s session_char_limit.',
      ),
    },
    tokens: count('Tokens that a session has used, input and output together.'),
    turns: count('Requests of a session that were sent on.'),
    usd: bounds(
      {
        type: ['number', 'string'],
        minimum: 0,
        pattern: USD,
        patternErrorMessage: 'must be US dollars, such as 10 or "0.50"',
      },
      ['number', 'string', 'object'],
      'US dollars that a session has cost.',
    ),
    repeats: count('Calls of one tool with the same arguments since the user spoke last.'),
    at_soft: { enum: ['warn', 'slow'], default: 'warn', description: 'What becomes of a request at a soft bound.' },
    at_hard: {
      enum: ['warn', 'slow', 'refuse', 'block', 'trim'],
      default: 'refuse',
      description:
        'What becomes of a request at a hard bound. `trim` shortens its history to the bound; `block` is another word for refuse.',
    },
    slow: {
      type: ['string', 'number'],
      format: 'time-span',
      default: '2s',
      description: 'How long a request waits where it is made slow, a minute at most.',
    },
    grace: {
      type: 'integer',
      minimum: 0,
      maximum: 10,
      default: 1,
      description:
        'Requests of a session that pass in ten minutes beyond a hard bound of characters: to ask for a summary.',
    },
    status: {
      type: 'integer',
      enum: [400, 402, 413, 429],
      default: 402,
      description: 'HTTP status of a refusal. After 429 some clients try again by themselves.',
    },
  },
} as const;
