import type { Cell } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum, sumOf } from '../money.ts';
import { COST_KIND } from './cost-kinds.ts';
import { FAILED, type Where, whereOf } from './filters.ts';
import type { CostKind, CostSources, Filters, Range, Spread, Sums, SumsQuestion, Totals } from './shapes.ts';

type Row = Record<string, Cell>;

const COUNTS = {
  errors: FAILED,
  refused: `outcome = 'refused'`,
  aborted: `outcome = 'client_aborted'`,
  cached: `outcome = 'cached'`,
  from_provider: `usage_source = 'provider'`,
  from_count: `usage_source = 'counted'`,
  from_estimate: `usage_source = 'estimated'`,
  from_nowhere: `usage_source = 'none'`,
};

const TOKENS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'];

// Sums travel as text: a driver's number has 53 bits.
const SUMS = [
  'count(*) as requests',
  'count(estimate_cost_pico) as estimates',
  ...Object.entries(COUNTS).map(([name, condition]) => `sum(case when ${condition} then 1 else 0 end) as ${name}`),
  ...TOKENS.map((name) => `cast(sum(${name}) as text) as ${name}`),
  COST_SUM,
  sumOf('estimate_cost_pico', 'estimate'),
].join(', ');

/** Sums a stretch of time up: requests, failures, tokens, money and what it rests on, latency. */
export async function totals(database: Database, range: Range & { filters?: Filters | undefined }): Promise<Totals> {
  const where = whereOf(range.filters, range.from, range.to);
  const [all, latency, firstToken] = await Promise.all([
    sums(database, range),
    spread(database, where, 'duration_ms'),
    spread(database, where, 'ttft_ms'),
  ]);
  return { ...all, latency_ms: latency, time_to_first_token_ms: firstToken };
}

/** The same without latency. */
export async function sums(database: Database, { filters, from, to }: SumsQuestion): Promise<Sums> {
  const where = whereOf(filters, from, to);
  // One row for each kind of cost: a sum for each kind in one row took three times as long as the sums themselves.
  const sql = `select ${COST_KIND} as kind, ${SUMS} from exchanges where ${where.sql} group by 1`;
  return summed(await database.select<Row>(sql, where.binds));
}

function summed(rows: readonly Row[]): Sums {
  const at = (name: string): number => rows.reduce((sum, row) => sum + Number(row[name] ?? 0), 0);
  const costs = rows.map((row) => picoOf(row, 'cost')).filter((pico) => pico !== null);
  const sources = sourcesOf(rows);
  const { requests: unpriced } = sources.unknown;
  const isUnknown = costs.length === 0 && unpriced > 0;
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
    cost_usd: isUnknown ? null : fromPico(costs.reduce((sum, pico) => sum + pico, 0n)),
    unpriced,
    cost_sources: sources,
    usage_sources: {
      provider: at('from_provider'),
      counted: at('from_count'),
      estimated: at('from_estimate'),
      none: at('from_nowhere'),
    },
    cache_share: at('input_tokens') > 0 ? at('cache_read_tokens') / at('input_tokens') : null,
  };
}

function sourcesOf(rows: readonly Row[]): CostSources {
  const of = (kind: CostKind): Row => rows.find((row) => row.kind === kind) ?? {};
  const share = (row: Row) => ({
    requests: Number(row.requests ?? 0),
    tokens: Number(row.input_tokens ?? 0) + Number(row.output_tokens ?? 0),
  });
  const known = (kind: CostKind) => ({ ...share(of(kind)), cost_usd: fromPico(picoOf(of(kind), 'cost') ?? 0n) });
  const unknown = of('unknown');
  const estimate = picoOf(unknown, 'estimate');
  return {
    provider: known('provider'),
    price_table: known('price_table'),
    estimated: known('estimated'),
    free: known('free'),
    unknown: {
      ...share(unknown),
      cost_usd: null,
      estimated_requests: Number(unknown.estimates ?? 0),
      estimated_cost_usd: estimate === null ? null : fromPico(estimate),
    },
  };
}

function picoOf(row: Row, name: string): bigint | null {
  return picoSum({ cost_high: row[`${name}_high`] ?? null, cost_low: row[`${name}_low`] ?? null });
}

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
