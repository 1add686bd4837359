import { type Cell, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { whereOf } from './filters.ts';
import type { RedactionSum, RedactionsQuestion } from './prompt-shapes.ts';

/** Sums of one answer: kinds are few, agents may be many. */
export const MOST_SUMS = 1000;

type Line = Record<string, Cell>;

/** Kind and count of each row, one line each. */
const KINDS = {
  sqlite: 'json_each(redacted) as kind',
  postgres: 'lateral json_each_text(redacted::json) as kind',
} as const;

/** Sums up what was taken out of requests in a stretch of time, by its kind and by agent; the most first. */
export async function redactions(database: Database, question: RedactionsQuestion): Promise<RedactionSum[]> {
  const { from, to, tenant, agent } = question;
  // These are the words of the index exchanges_redacted.
  const { sql, binds } = whereOf({ tenant, agent }, from, to).and(`redacted <> '{}'`);
  // The rows first: a join with their kinds might be planned before it is known which rows those are.
  const rows = await database.select<Line>(
    `select kind.key as kind, agent, count(*) as requests, cast(sum(cast(kind.value as bigint)) as text) as count
     from (select agent, redacted from exchanges where ${sql}) as taken, ${KINDS[database.dialect]}
     group by 1, 2 order by sum(cast(kind.value as bigint)) desc, 1, 2 limit ${MOST_SUMS}`,
    binds,
  );
  return rows.map((row) => ({
    kind: String(row.kind),
    agent: textOf(row.agent),
    requests: Number(row.requests),
    count: Number(row.count),
  }));
}
