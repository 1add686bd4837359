import type { Dimension } from '../../accounts/series.ts';
import type { Cell } from '../columns.ts';
import type { Database } from '../database.ts';
import { tagOf } from '../dimensions.ts';
import { fromPico, picoSum, sumOf } from '../money.ts';
import { columnOf, narrow } from '../series-sql.ts';
import { StoreError } from '../store-error.ts';
import { COST_KINDS } from './cost-kinds.ts';
import { FAILED, MODEL, type Where, whereOf } from './filters.ts';
import type { MeasureName, MeasureOf, MeasuresQuestion } from './measure-shapes.ts';

/** Groups of one answer. */
export const MOST_GROUPS = 1000;
const USUAL_PERCENTILE = 95;

type Row = Record<string, Cell>;
type Dialect = Database['dialect'];

/** How a figure is read from the rows of a group. */
interface Measure {
  /** Columns after the group and the count of rows. */
  readonly select: string;
  /** A number by which groups are ordered; near enough for an order. */
  readonly rank: string;
  value(row: Row): string | null;
}

const counted = (condition: string): string => `coalesce(sum(case when ${condition} then 1 else 0 end), 0)`;
const added = (amount: string): string => `coalesce(sum(${amount}), 0)`;
const near = (expression: string): string => `cast(${expression} as double precision)`;

/** A whole number; it travels as text, as a driver's number has 53 bits. */
const whole = (expression: string): Measure => ({
  select: `cast(${expression} as text) as amount`,
  rank: near(expression),
  value: ({ amount }) => String(amount),
});

/** Percent that one whole number is of another. */
const percent = (part: string, all: string): Measure => ({
  select: `cast(${part} as text) as part, cast(${all} as text) as whole`,
  rank: `${near(part)} / nullif(${near(all)}, 0)`,
  value: (row) => percentOf(BigInt(String(row.part)), BigInt(String(row.whole))),
});

const COST: Measure = {
  select: `${sumOf('cost_pico', 'cost')}, ${counted(COST_KINDS.unknown)} as unpriced`,
  rank: `${near('sum(cost_pico / 1000000)')} * 1000000 + ${near('sum(cost_pico % 1000000)')}`,
  value: (row) => {
    const pico = picoSum({ cost_high: row.cost_high ?? null, cost_low: row.cost_low ?? null });
    // What has no price is in no sum; where nothing has one, the sum is unknown.
    return pico === null && Number(row.unpriced) > 0 ? null : fromPico(pico ?? 0n);
  },
};

/** All that was taken out of a row's request. */
const REDACTED: Readonly<Record<Dialect, string>> = {
  sqlite: '(select sum(value) from json_each(redacted))',
  postgres: '(select sum(value::bigint) from json_each_text(redacted::json))',
};

type Summed = Exclude<MeasureName, 'latency_ms' | 'time_to_first_token_ms'>;

const TIMES = { latency_ms: 'duration_ms', time_to_first_token_ms: 'ttft_ms' } as const;

const MEASURES: Readonly<Record<Summed, (dialect: Dialect) => Measure>> = {
  cost_usd: () => COST,
  tokens: () => whole(added('coalesce(input_tokens, 0) + coalesce(output_tokens, 0)')),
  input_tokens: () => whole(added('input_tokens')),
  output_tokens: () => whole(added('output_tokens')),
  requests: () => whole('count(*)'),
  errors: () => whole(counted(FAILED)),
  error_rate: () => percent(counted(FAILED), counted(`outcome <> 'refused'`)),
  refusals: () => whole(counted(`outcome = 'refused'`)),
  cache_hit: () => percent(added('cache_read_tokens'), added('input_tokens')),
  unpriced_requests: () => whole(counted(COST_KINDS.unknown)),
  unpriced_models: () => whole(`count(distinct case when ${COST_KINDS.unknown} then ${MODEL} end)`),
  fallbacks: () => whole(counted('tries > 1')),
  redactions: (dialect) => whole(added(REDACTED[dialect])),
};

export const MEASURE_NAMES: readonly MeasureName[] = [
  ...(Object.keys(MEASURES) as Summed[]),
  ...(Object.keys(TIMES) as (keyof typeof TIMES)[]),
];

/** Tells one figure of a stretch of time, of all of it or of each group; those with the most first. */
export async function measures(database: Database, question: MeasuresQuestion): Promise<MeasureOf[]> {
  const { metric } = question;
  if (!MEASURE_NAMES.includes(metric))
    throw new StoreError('bad_question', `metric is one of ${MEASURE_NAMES.join(', ')}`);
  const where = whereOf({ tenant: question.tenant }, question.from, question.to);
  for (const [dimension, globs] of Object.entries(question.where ?? {}))
    narrow(where, dimension as Dimension, globs ?? [], database.dialect);
  if (metric === 'latency_ms' || metric === 'time_to_first_token_ms')
    return percentiles(database, question, where, TIMES[metric]);
  return sums(database, question, where, MEASURES[metric](database.dialect));
}

async function sums(
  database: Database,
  question: MeasuresQuestion,
  where: Where,
  { select, rank, value }: Measure,
): Promise<MeasureOf[]> {
  const { source, subject } = groupOf(question, where);
  const rows = await database.select<Row>(
    `select ${subject} as subject, count(*) as size, ${select} from ${source} where ${where.sql}
     ${endOf(question, rank)}`,
    where.binds,
  );
  return rows.map((row) => entryOf(question, row, value(row)));
}

/** Nearest-rank, in one pass over what was measured. Refusals are quick and say nothing about a provider. */
async function percentiles(
  database: Database,
  question: MeasuresQuestion,
  where: Where,
  column: (typeof TIMES)[keyof typeof TIMES],
): Promise<MeasureOf[]> {
  const { percentile = USUAL_PERCENTILE } = question;
  if (!Number.isInteger(percentile) || percentile < 1 || percentile > 100)
    throw new StoreError('bad_question', 'percentile is a whole number from 1 to 100');
  const { source, subject } = groupOf(question, where);
  const ranked = `max(case when place = (size * ${percentile} + 99) / 100 then value end)`;
  where.and(`${column} is not null`).and(`outcome <> 'refused'`);
  const rows = await database.select<Row>(
    `select subject, max(size) as size, ${ranked} as value
     from (select ${subject} as subject, ${column} as value,
         row_number() over (partition by ${subject} order by ${column}) as place,
         count(*) over (partition by ${subject}) as size
       from ${source} where ${where.sql}) as measured
     ${endOf(question, ranked)}`,
    where.binds,
  );
  return rows.map((row) => entryOf(question, row, row.value === null ? null : thousandths(Number(row.value))));
}

/** What is read from, and what gives the group of a row. A row without the tag is of the group that names none. */
function groupOf({ groupBy }: MeasuresQuestion, where: Where): { source: string; subject: string } {
  if (groupBy === null) return { source: 'exchanges', subject: `''` };
  const tag = tagOf(groupBy);
  if (tag === null) return { source: 'exchanges', subject: columnOf(groupBy) };
  const join = `exchange_tags as grouped on grouped.seq = exchanges.seq and grouped.name = ${where.bind(tag)}`;
  return { source: `exchanges left join ${join}`, subject: 'grouped.value' };
}

function endOf({ groupBy, least }: MeasuresQuestion, rank: string): string {
  if (groupBy === null) return 'group by 1';
  return `group by 1 order by ${rank} ${least ? 'asc' : 'desc'} nulls last, 1 limit ${MOST_GROUPS}`;
}

const entryOf = ({ groupBy }: MeasuresQuestion, { subject, size }: Row, value: string | null): MeasureOf => ({
  subject: groupBy === null || subject === null || subject === undefined ? null : String(subject),
  value,
  rows: Number(size),
});

/** Four decimals, rounded half up; null of nothing. */
function percentOf(part: bigint, all: bigint): string | null {
  if (all <= 0n) return null;
  return decimalOf((2n * part * 1_000_000n + all) / (2n * all), 4);
}

const thousandths = (value: number): string => decimalOf(BigInt(Math.round(value * 1000)), 3);

/** A whole number of the smallest units as the shortest decimal. */
function decimalOf(units: bigint, decimals: number): string {
  const text = units.toString().padStart(decimals + 1, '0');
  const fraction = text.slice(-decimals).replace(/0+$/, '');
  return `${text.slice(0, -decimals)}${fraction && `.${fraction}`}`;
}
