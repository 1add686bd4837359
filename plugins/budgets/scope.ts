import type { Dimension } from '../../src/plugin.ts';
import { DIMENSIONS, LONGEST, LONGEST_TAG, MOST_GLOBS, MOST_PER, MOST_TAGS } from '../shared/scope.ts';
import { type Fields, isLine } from './fields.ts';
import type { BudgetSpec } from './types.ts';

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
