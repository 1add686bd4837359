/** What rows are told apart by when they are summed up, and where a row says it. */
import { CHARACTERS, type Dimension, type FactOf } from '../accounts/series.ts';
import type { ColumnName } from './columns.ts';
import type { Row } from './row.ts';

/** Characters of a tag that can be found by; Postgres refuses longer ones in an index. */
export const TAG = { name: 100, value: CHARACTERS.tag };
/** The project of what names none. */
export const NO_PROJECT = 'default';

export const DIMENSIONS = {
  tenant: 'tenant',
  project: 'project',
  agent: 'agent',
  key: 'key_name',
  user: 'user_name',
  session: 'session_id',
  provider: 'provider',
  model: 'request_model',
  environment: 'environment',
} as const satisfies { [name in Exclude<Dimension, `tags.${string}`>]: ColumnName };

/** Gives the name of a tag; null where the dimension is none. */
export function tagOf(dimension: Dimension): string | null {
  return dimension.startsWith('tags.') ? dimension.slice('tags.'.length) : null;
}

/** Tells what a row says, in the words that the database has of it. */
export function factsOf(row: Row): FactOf {
  return (dimension) => {
    const tag = tagOf(dimension);
    if (tag !== null) return tagFact(row.detail.tags, tag);
    const value = row[DIMENSIONS[dimension as keyof typeof DIMENSIONS]];
    if (value === undefined) return dimension === 'project' ? NO_PROJECT : null;
    return String(value);
  };
}

function tagFact(tags: Record<string, string> | undefined, name: string): string | null {
  return tags && name.length <= TAG.name && Object.hasOwn(tags, name) ? String(tags[name]) : null;
}
