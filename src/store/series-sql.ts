/** A series in a window, said in SQL: the same rows that `Series.subjectOf` finds, in either dialect. */
import { BETWEEN, type Dimension, type Measure, type Series, type Window } from '../accounts/series.ts';
import { DIMENSIONS, NO_PROJECT, tagOf } from './dimensions.ts';
import type { Where } from './queries/filters.ts';

export interface SeriesSql {
  /** What stands after `from`. */
  source: string;
  /** Gives the subject of a row. */
  subject: string;
  /** The column that is summed up. */
  amount: string;
}

const AMOUNTS: Readonly<Record<Measure, string>> = {
  usd: 'charged_pico',
  tokens: 'charged_tokens',
  requests: 'charged_requests',
};

/** Adds the conditions of a series to `where`, and says how its rows are read. No value becomes part of the SQL. */
export function seriesSql(series: Series, window: Window, where: Where, dialect: 'sqlite' | 'postgres'): SeriesSql {
  where.and(`time_ms >= ${where.bind(window.from)}`);
  if (window.to !== null) where.and(`time_ms < ${where.bind(window.to)}`);
  const amount = AMOUNTS[series.measure];
  where.and(`${amount} is not null`);
  for (const [dimension, globs] of Object.entries(series.where)) {
    narrow(where, dimension as Dimension, globs ?? [], dialect);
  }
  let source = 'exchanges';
  const values = series.per.map((dimension, at) => {
    const tag = tagOf(dimension);
    if (tag === null) return columnOf(dimension);
    source += ` join exchange_tags as tag_${at} on tag_${at}.seq = exchanges.seq and tag_${at}.name = ${where.bind(tag)}`;
    return `tag_${at}.value`;
  });
  for (const value of values) where.and(`${value} is not null`);
  const between = values.length > 1 ? ` || ${where.bind(BETWEEN)} || ` : '';
  return { source, amount, subject: values.length === 0 ? `''` : values.join(between) };
}

/** Adds that one of the globs fits. */
export function narrow(
  where: Where,
  dimension: Dimension,
  globs: readonly string[],
  dialect: 'sqlite' | 'postgres',
): void {
  const tag = tagOf(dimension);
  if (tag === null) {
    where.and(fits(where, columnOf(dimension), globs, dialect));
    return;
  }
  const isIt = `name = ${where.bind(tag)} and ${fits(where, 'value', globs, dialect)}`;
  where.and(`exists (select 1 from exchange_tags where exchange_tags.seq = exchanges.seq and ${isIt})`);
}

/** What a row says, in SQL; of no tag. */
export function columnOf(dimension: Dimension): string {
  const column = DIMENSIONS[dimension as keyof typeof DIMENSIONS];
  return column === 'project' ? `coalesce(project, '${NO_PROJECT}')` : column;
}

/** Any of the globs fits. Only `*` is special in one, and case counts. */
function fits(where: Where, text: string, globs: readonly string[], dialect: 'sqlite' | 'postgres'): string {
  // No row has a zero character, and PostgreSQL would refuse to look for one.
  const conditions = globs
    .filter((glob) => !glob.includes('\0'))
    .map((glob) => {
      if (!glob.includes('*')) return `${text} = ${where.bind(glob)}`;
      if (dialect === 'sqlite') return `${text} glob ${where.bind(glob.replace(/[?[]/g, '[$&]'))}`;
      return `${text} like ${where.bind(glob.replace(/[!%_]/g, '!$&').replaceAll('*', '%'))} escape '!'`;
    });
  return conditions.length === 0 ? 'false' : `(${conditions.join(' or ')})`;
}
