import type { Dimension } from '../src/plugin.ts';
import { type Fields, isLine } from './_budget-fields.ts';
import type { BudgetSpec } from './_budget-types.ts';

/** What a budget can look at, beside tags. */
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

const MOST_GLOBS = 100;
const MOST_TAGS = 20;
const MOST_PER = 4;
/** Characters; names of tags are 64 at most. */
const LONGEST = 512;
const LONGEST_TAG = 64;

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

const NAME = '(tenant|project|agent|key|user|session|provider|model|environment|team|tags\\..{1,64})';

export const perSchema = {
  type: ['string', 'array'],
  minLength: 1,
  pattern: `^${NAME}$`,
  patternErrorMessage: 'must be a dimension such as agent, or tags.NAME',
  minItems: 1,
  maxItems: MOST_PER,
  items: {
    type: 'string',
    pattern: `^${NAME}$`,
    patternErrorMessage: 'must be a dimension such as agent, or tags.NAME',
  },
  description:
    'The limit is for each value of this, such as agent, or of a list together. Requests without such a value are not in it.',
} as const;

export type Where = Partial<Record<Dimension, readonly string[]>>;

/** Reads `scope`: which globs each dimension has. */
export function readScope(fields: Fields): Where {
  const scope = fields.get('scope');
  const where: Where = {};
  if (scope === undefined) return where;
  if (!isObject(scope)) {
    fields.complain('scope', 'must be an object such as { agent: "ci-*" }');
    return where;
  }
  for (const [name, value] of Object.entries(scope)) {
    const field = `scope.${name.slice(0, LONGEST_TAG)}`;
    if (value === null) continue;
    if (name === 'tags') readTags(fields, value, where);
    else if (name === 'team') put(fields, where, 'tags.team', field, value);
    else if (isDimension(name)) put(fields, where, name, field, value);
    else fields.complain(field, `is not known; a scope has ${[...DIMENSIONS, 'team', 'tags'].join(', ')}`);
  }
  return where;
}

function readTags(fields: Fields, tags: unknown, where: Where): void {
  if (!isObject(tags) || Object.keys(tags).length > MOST_TAGS) {
    fields.complain('scope.tags', `must be an object of at most ${MOST_TAGS} tags`);
    return;
  }
  for (const [name, value] of Object.entries(tags)) {
    const field = `scope.tags.${name.slice(0, LONGEST_TAG)}`;
    const tag = tagOf(name);
    if (tag === null) fields.complain(field, 'is no name of a tag');
    else put(fields, where, tag, field, value);
  }
}

function put(fields: Fields, where: Where, dimension: Dimension, field: string, value: unknown): void {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const isGood = list.length > 0 && list.length <= MOST_GLOBS;
  if (where[dimension] !== undefined) fields.complain(field, 'is there twice');
  else if (isGood && list.every((glob) => isLine(glob, LONGEST))) where[dimension] = [...new Set(list)];
  else fields.complain(field, `must be a text, such as a name or a glob with *, or a list of 1 to ${MOST_GLOBS}`);
}

/** Reads `per`: what has an account of its own. */
export function readPer(fields: Fields): readonly Dimension[] {
  const per = fields.get('per');
  if (per === undefined) return [];
  const list: unknown[] = Array.isArray(per) ? per : [per];
  const found = list.map(dimensionOf).filter((dimension) => dimension !== null);
  if (found.length < list.length)
    fields.complain('per', `must be among ${DIMENSIONS.join(', ')}, team and tags.NAME, or a list of them`);
  if (list.length > MOST_PER) fields.complain('per', `must be ${MOST_PER} at most`);
  if (new Set(found).size < found.length) fields.complain('per', 'names something twice');
  return found;
}

function dimensionOf(name: unknown): Dimension | null {
  if (typeof name !== 'string') return null;
  if (name === 'team') return 'tags.team';
  if (name.startsWith('tags.')) return tagOf(name.slice('tags.'.length));
  return isDimension(name) ? name : null;
}

/** Names of tags are small letters, however a client writes them. */
function tagOf(name: string): Dimension | null {
  return isLine(name, LONGEST_TAG) ? `tags.${name.toLowerCase()}` : null;
}

/** Globs by dimension in the words of a spec. */
export function scopeSpec(where: Where): BudgetSpec['scope'] {
  const scope: Record<string, readonly string[] | Record<string, readonly string[]>> = {};
  const tags: Record<string, readonly string[]> = {};
  for (const [dimension, list = []] of Object.entries(where)) {
    if (dimension.startsWith('tags.')) tags[dimension.slice('tags.'.length)] = list;
    else scope[dimension] = list;
  }
  return Object.keys(tags).length > 0 ? { ...scope, tags } : scope;
}

const isDimension = (name: string): name is (typeof DIMENSIONS)[number] =>
  (DIMENSIONS as readonly string[]).includes(name);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
