import type { Migration } from './migration.ts';

/** Why a cost is unknown, and what an estimate says: both are counted and summed for every page. */
export const unpriced: Migration = {
  name: '0002-unpriced',
  up: async ({ dialect, run }) => {
    await run('alter table exchanges add column unpriced text');
    await run('alter table exchanges add column estimate_cost_pico bigint');
    await run(REASONS);
    await run(dialect === 'sqlite' ? SQLITE_ESTIMATES : POSTGRES_ESTIMATES);
    // Few rows are of this kind, and every page asks for them: the whole range is not read for that.
    const seq = dialect === 'sqlite' ? '' : ', seq';
    await run(`create index exchanges_unpriced on exchanges (time_ms${seq})
      where cost_pico is null and usage_status <> 'not_applicable'`);
  },
};

// Which rate was missing is not in older rows. A cost beyond what its column holds lies in the detail.
const REASONS = `update exchanges set unpriced = case
    when usage_status = 'missing' then 'no_usage' when priced_as is null then 'no_price' else 'no_rate' end
  where cost_pico is null and cost_source is null and usage_status <> 'not_applicable'`;

const SQLITE_AMOUNT = `json_extract(detail, '$.estimate.cost_usd')`;

// An estimate is no exact amount: a float on the way is no loss.
const SQLITE_ESTIMATES = `update exchanges
  set estimate_cost_pico = cast(round(cast(${SQLITE_AMOUNT} as real) * 1e12) as integer)
  where detail like '%"estimate":%' and ${SQLITE_AMOUNT} glob '[0-9]*' and ${SQLITE_AMOUNT} not glob '*[^0-9.]*'
    and cast(${SQLITE_AMOUNT} as real) < 1e6`;

// The pattern is asked before the cast, which would stop the migration at a text that is no number.
const POSTGRES_AMOUNT = `detail::json->'estimate'->>'cost_usd'`;
const POSTGRES_ESTIMATES = `update exchanges
  set estimate_cost_pico = case when ${POSTGRES_AMOUNT} ~ '^[0-9]{1,6}(\\.[0-9]+)?$'
    then round((${POSTGRES_AMOUNT})::numeric * 1000000000000)::bigint end
  where detail like '%"estimate":%'`;
