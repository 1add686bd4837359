import type { Cell } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum } from '../money.ts';
import { clampLimit, FAILED, MODEL, type Where, whereOf } from './filters.ts';
import type { Series, SeriesGroup, SeriesLine, SeriesMeasure, SeriesQuestion } from './shapes.ts';

const MIN_BUCKET_MS = 1000;
const MAX_BUCKETS = 2000;

const GROUPS: Record<SeriesGroup, string> = { agent: 'agent', model: MODEL, provider: 'provider', none: `''` };

/** Every measure is the two halves of a sum, so that money and counts take the same way. */
const SUMS: Record<SeriesMeasure, string> = {
  cost: COST_SUM,
  requests: counted('1'),
  tokens: counted('coalesce(input_tokens, 0) + coalesce(output_tokens, 0)'),
  errors: counted(`case when ${FAILED} then 1 else 0 end`),
};
const RANKS: Record<SeriesMeasure, string> = {
  cost: 'coalesce(sum(cost_pico / 1000000), 0) desc, coalesce(sum(cost_pico % 1000000), 0) desc',
  requests: 'count(*) desc',
  tokens: 'sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) desc',
  errors: `sum(case when ${FAILED} then 1 else 0 end) desc`,
};

interface BucketRow {
  bucket: Cell;
  name: Cell;
  is_top: Cell;
  cost_high: Cell;
  cost_low: Cell;
}

/** Draws a measure over time: a line for each of the largest groups, one for the rest, zeros where nothing was. */
export async function series(database: Database, question: SeriesQuestion): Promise<Series> {
  const { measure, groupBy } = question;
  const { bucketMs, start, count } = bucketsOf(question);
  const top = await largest(database, question);
  const lines = new Map(top.map((name) => [name, new Array<bigint>(count).fill(0n)]));
  let other: bigint[] | null = null;
  for (const row of await summed(database, question, top, start, bucketMs)) {
    const name = row.name === null ? null : String(row.name);
    const isTop = Number(row.is_top) === 1;
    if (!isTop) other ??= new Array<bigint>(count).fill(0n);
    const line = isTop ? lines.get(name) : other;
    if (line) line[Number(row.bucket)] = picoSum(row) ?? 0n;
  }
  if (groupBy === 'none' && lines.size === 0) lines.set('', new Array<bigint>(count).fill(0n));
  return {
    measure,
    bucket_ms: bucketMs,
    buckets: Array.from({ length: count }, (_, index) => new Date(start + index * bucketMs).toISOString()),
    groups: [...lines].map(([name, values]) => lineOf(groupBy === 'none' ? null : name, values, measure)),
    other: other && lineOf(null, other, measure),
  };
}

function counted(expression: string): string {
  return `'0' as cost_high, cast(sum(${expression}) as text) as cost_low`;
}

function bucketsOf(question: SeriesQuestion): { bucketMs: number; start: number; count: number } {
  const [from, to] = [question.from.getTime(), Math.max(question.from.getTime(), question.to.getTime())];
  const finest = Math.ceil((to - from) / (MAX_BUCKETS - 1));
  const bucketMs = Math.max(MIN_BUCKET_MS, finest, Math.trunc(question.bucketMs) || 0);
  const start = Math.floor(from / bucketMs) * bucketMs;
  return { bucketMs, start, count: Math.max(0, Math.ceil((to - start) / bucketMs)) };
}

async function largest(database: Database, question: SeriesQuestion): Promise<(string | null)[]> {
  const where = whereOf(question.filters, question.from, question.to);
  const group = GROUPS[question.groupBy];
  const rows = await database.select<{ name: Cell }>(
    `select ${group} as name from exchanges where ${where.sql}
     group by 1 order by ${RANKS[question.measure]}, 1 limit ${where.bind(clampLimit(question.top, 8, 20))}`,
    where.binds,
  );
  return rows.map(({ name }) => (name === null ? null : String(name)));
}

function summed(
  database: Database,
  question: SeriesQuestion,
  top: readonly (string | null)[],
  start: number,
  bucketMs: number,
): Promise<BucketRow[]> {
  const where = whereOf(question.filters, question.from, question.to);
  const group = GROUPS[question.groupBy];
  const isTop = among(group, top, where);
  // Without the casts SQLite would divide the bound numbers as floats.
  const bucket = `(time_ms - cast(${where.bind(start)} as bigint)) / cast(${where.bind(bucketMs)} as bigint)`;
  return database.select<BucketRow>(
    `select bucket, case when is_top = 1 then name end as name, is_top, ${SUMS[question.measure]}
     from (select ${bucket} as bucket, ${group} as name, case when ${isTop} then 1 else 0 end as is_top,
         cost_pico, input_tokens, output_tokens, outcome
       from exchanges where ${where.sql}) as rows_of_range
     group by 1, 2, 3`,
    where.binds,
  );
}

function among(group: string, names: readonly (string | null)[], where: Where): string {
  const places = names.filter((name) => name !== null).map((name) => where.bind(name));
  const conditions = [
    ...(places.length > 0 ? [`${group} in (${places.join(', ')})`] : []),
    ...(names.includes(null) ? [`${group} is null`] : []),
  ];
  return conditions.join(' or ') || 'false';
}

function lineOf(name: string | null, values: readonly bigint[], measure: SeriesMeasure): SeriesLine {
  const text = (value: bigint): string => (measure === 'cost' ? fromPico(value) : value.toString());
  return { name, values: values.map(text), total: text(values.reduce((sum, value) => sum + value, 0n)) };
}
