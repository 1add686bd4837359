import type { Cell } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum, sumOf } from '../money.ts';
import { COST_KINDS, costKinds } from './cost-kinds.ts';
import { FAILED, type Where, whereOf } from './filters.ts';
import type { CostKind, CostSources, Filters, Range, Spread, Totals } from './shapes.ts';

type Sums = Record<string, Cell>;

const ALL_TOKENS = 'coalesce(input_tokens, 0) + coalesce(output_tokens, 0)';
/** Free is 0, unknown has no cost, and the price table's share is what the others leave of the whole. */
const SUMMED_APART = ['provider', 'estimated'] as const;

const COUNTS = {
  errors: FAILED,
  refused: `outcome = 'refused'`,
  aborted: `outcome = 'client_aborted'`,
  cached: `outcome = 'cached'`,
  from_provider: `usage_source = 'provider'`,
  from_count: `usage_source = 'counted'`,
  from_estimate: `usage_source = 'estimated'`,
  from_nowhere: `usage_source = 'none'`,
  unknown_estimates: `${COST_KINDS.unknown} and estimate_cost_pico is not null`,
  ...Object.fromEntries(costKinds.map((kind) => [`${kind}_requests`, COST_KINDS[kind]])),
};

const TOKENS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'];

const when = (condition: string, value: string): string => `case when ${condition} then ${value} end`;

// Sums travel as text: a driver's number has 53 bits.
const SUMS = [
  'count(*) as requests',
  ...Object.entries(COUNTS).map(([name, condition]) => `sum(case when ${condition} then 1 else 0 end) as ${name}`),
  ...TOKENS.map((name) => `cast(sum(${name}) as text) as ${name}`),
  ...costKinds.map((kind) => `cast(sum(${when(COST_KINDS[kind], ALL_TOKENS)}) as text) as ${kind}_tokens`),
  COST_SUM,
  ...SUMMED_APART.map((kind) => sumOf(when(COST_KINDS[kind], 'cost_pico'), kind)),
  sumOf(when(COST_KINDS.unknown, 'estimate_cost_pico'), 'unknown'),
].join(', ');

/** Sums a stretch of time up: requests, failures, tokens, money and what it rests on, latency. */
export async function totals(database: Database, range: Range & { filters?: Filters | undefined }): Promise<Totals> {
  const where = whereOf(range.filters, range.from, range.to);
  const [sums, latency, firstToken] = await Promise.all([
    database.select<Sums>(`select ${SUMS} from exchanges where ${where.sql}`, where.binds),
    spread(database, where, 'duration_ms'),
    spread(database, where, 'ttft_ms'),
  ]);
  return { ...summed(sums[0]!), latency_ms: latency, time_to_first_token_ms: firstToken };
}

function summed(row: Sums): Omit<Totals, 'latency_ms' | 'time_to_first_token_ms'> {
  const at = (name: string): number => Number(row[name] ?? 0);
  const pico = picoOf(row, 'cost');
  return {
    requests: at('requests'),
    errors: at('errors'),
    refused: at('refused'),
    aborted: at('aborted'),
    cached: at('cached'),
    input_tokens: at('input_tokens'),
    output_tokens: at('output_tokens'),
    cache_read_tokens: at('cache_read_tokens'),
    cache_write_tokens: at('cache_write_tokens'),
    reasoning_tokens: at('reasoning_tokens'),
    total_tokens: at('input_tokens') + at('output_tokens'),
    cost_usd: pico === null && at('unknown_requests') > 0 ? null : fromPico(pico ?? 0n),
    unpriced: at('unknown_requests'),
    cost_sources: sourcesOf(row, pico ?? 0n),
    usage_sources: {
      provider: at('from_provider'),
      counted: at('from_count'),
      estimated: at('from_estimate'),
      none: at('from_nowhere'),
    },
    cache_share: at('input_tokens') > 0 ? at('cache_read_tokens') / at('input_tokens') : null,
  };
}

function sourcesOf(row: Sums, whole: bigint): CostSources {
  const [provider, estimated] = SUMMED_APART.map((kind) => picoOf(row, kind) ?? 0n) as [bigint, bigint];
  const guessed = picoOf(row, 'unknown');
  const share = (kind: CostKind) => ({
    requests: Number(row[`${kind}_requests`] ?? 0),
    tokens: Number(row[`${kind}_tokens`] ?? 0),
  });
  return {
    provider: { ...share('provider'), cost_usd: fromPico(provider) },
    price_table: { ...share('price_table'), cost_usd: fromPico(whole - provider - estimated) },
    estimated: { ...share('estimated'), cost_usd: fromPico(estimated) },
    free: { ...share('free'), cost_usd: '0' },
    unknown: {
      ...share('unknown'),
      cost_usd: null,
      estimated_requests: Number(row.unknown_estimates ?? 0),
      estimated_cost_usd: guessed === null ? null : fromPico(guessed),
    },
  };
}

const picoOf = (row: Sums, name: string): bigint | null =>
  picoSum({ cost_high: row[`${name}_high`], cost_low: row[`${name}_low`] });

/** Average and nearest-rank percentiles in one pass. Refusals are quick and say nothing about a provider. */
async function spread(database: Database, where: Where, column: 'duration_ms' | 'ttft_ms'): Promise<Spread> {
  const [row] = await database.select<Record<'average' | 'p50' | 'p95', number | null>>(
    `select avg(value) as average,
       max(case when place = (size + 1) / 2 then value end) as p50,
       max(case when place = (size * 95 + 99) / 100 then value end) as p95
     from (select ${column} as value, row_number() over (order by ${column}) as place, count(*) over () as size
       from exchanges where ${where.sql} and ${column} is not null and outcome <> 'refused') as measured`,
    where.binds,
  );
  return { average: row?.average ?? null, p50: row?.p50 ?? null, p95: row?.p95 ?? null };
}
