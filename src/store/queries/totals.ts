import type { Cell } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum } from '../money.ts';
import { FAILED, TURN, type Where, whereOf } from './filters.ts';
import type { Filters, Range, Spread, Totals } from './shapes.ts';

type Sums = Record<string, Cell>;

const COUNTS = {
  errors: FAILED,
  refused: `outcome = 'refused'`,
  aborted: `outcome = 'client_aborted'`,
  cached: `outcome = 'cached'`,
  unpriced: `cost_pico is null and ${TURN}`,
  from_provider: `usage_source = 'provider'`,
  from_count: `usage_source = 'counted'`,
  from_estimate: `usage_source = 'estimated'`,
  from_nowhere: `usage_source = 'none'`,
};

const TOKENS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'];

// Sums travel as text: a driver's number has 53 bits.
const SUMS = [
  'count(*) as requests',
  ...Object.entries(COUNTS).map(([name, condition]) => `sum(case when ${condition} then 1 else 0 end) as ${name}`),
  ...TOKENS.map((name) => `cast(sum(${name}) as text) as ${name}`),
  COST_SUM,
].join(', ');

/** Sums a stretch of time up: requests, failures, tokens, money, latency. */
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
  const pico = picoSum({ cost_high: row.cost_high, cost_low: row.cost_low });
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
    cost_usd: pico === null && at('unpriced') > 0 ? null : fromPico(pico ?? 0n),
    unpriced: at('unpriced'),
    usage_sources: {
      provider: at('from_provider'),
      counted: at('from_count'),
      estimated: at('from_estimate'),
      none: at('from_nowhere'),
    },
    cache_share: at('input_tokens') > 0 ? at('cache_read_tokens') / at('input_tokens') : null,
  };
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
