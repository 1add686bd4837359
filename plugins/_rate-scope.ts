/** Which requests a limit concerns, as gateway.yaml says it. */
import type { Dimension } from '../src/plugin.ts';

const NAMES = [
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

const globs = {
  type: ['string', 'array'],
  minLength: 1,
  maxLength: 512,
  minItems: 1,
  maxItems: 100,
  items: { type: 'string', minLength: 1, maxLength: 512 },
} as const;

const about = (words: string) => ({ ...globs, description: `${words}, or globs of it.` }) as const;

export const scopeSchema = {
  type: 'object',
  description: 'All of it must match: a value, a glob with `*`, or a list of them. Without it: every request.',
  additionalProperties: false,
  default: {},
  properties: {
    tenant: about('Tenant'),
    project: about('Project; what names none is in default'),
    agent: about('Agent'),
    key: about('Name of the gateway key'),
    user: about('User'),
    session: about('Id of the session'),
    provider: about('Provider'),
    model: about('Model as the client names it'),
    environment: about('Environment'),
    team: about('Short for tags.team: team'),
    tags: {
      type: 'object',
      additionalProperties: globs,
      minProperties: 1,
      maxProperties: 32,
      description: 'Tags, by name.',
    },
  },
} as const;

export const perSchema = {
  type: ['string', 'array'],
  minItems: 1,
  maxItems: 4,
  uniqueItems: true,
  pattern: `^(${NAMES.join('|')}|team|tags\\..{1,256})$`,
  patternErrorMessage: `must be one of ${NAMES.join(', ')}, team, tags.NAME`,
  items: {
    type: 'string',
    pattern: `^(${NAMES.join('|')}|team|tags\\..{1,256})$`,
    patternErrorMessage: `must be one of ${NAMES.join(', ')}, team, tags.NAME`,
  },
  description: 'Each value of these has the limit for itself: agent, or [key, model]. Without it: all share it.',
} as const;

export type Scope = Readonly<Record<string, unknown>>;

/** The globs of a scope by dimension. */
export function whereOf({ team, tags, ...scope }: Scope): Readonly<Partial<Record<Dimension, readonly string[]>>> {
  const named = Object.entries({ ...(team === undefined ? {} : { team }), ...(tags as Scope | undefined) });
  return Object.fromEntries([
    ...Object.entries(scope).map(([name, globs]) => [name, listOf(globs)] as const),
    ...named.map(([tag, globs]) => [`tags.${tag}`, listOf(globs)] as const),
  ]);
}

/** The dimensions of `per`. */
export const perOf = (per: unknown): readonly Dimension[] =>
  listOf(per ?? []).map((name) => (name === 'team' ? 'tags.team' : (name as Dimension)));

const listOf = (value: unknown): readonly string[] => [value].flat() as string[];
