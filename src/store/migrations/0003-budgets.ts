import type { Migration } from './migration.ts';

/**
 * What budgets count for a row, what was predicted of it, what was set while the gateway ran,
 * and, where several processes share the database, what their requests under way hold.
 */
export const budgets: Migration = {
  name: '0003-budgets',
  up: async ({ dialect, run }) => {
    for (const column of COLUMNS) await run(`alter table exchanges add column ${column}`);
    await run(dialect === 'sqlite' ? SQLITE_CHARGES : POSTGRES_CHARGES);
    if (dialect === 'postgres') await run('create sequence documents_version');
    await run(DOCUMENTS);
    await run('create index documents_newest on documents (version)');
    if (dialect === 'sqlite') return;
    for (const statement of HOLDS) await run(statement);
  },
};

const COLUMNS = [
  'charged_pico bigint',
  'charged_tokens bigint',
  'charged_requests smallint',
  'predicted_cost_pico bigint',
  'predicted_p90_pico bigint',
  'predicted_output bigint',
  'predicted_p90_output bigint',
  'predicted_confidence text',
];

const SAID = `coalesce(input_tokens, output_tokens) is not null`;
// What broke off goes by the estimate, which has what was said by then.
const MONEY = `case when usage_status = 'partial' then coalesce(estimate_cost_pico, cost_pico)
    else coalesce(cost_pico, estimate_cost_pico) end`;
const HAS_ESTIMATE = `detail like '%"estimate":%'`;
const SAID_TOKENS = `coalesce(input_tokens, 0) + coalesce(output_tokens, 0)`;
// Ids of what did not come through the proxy begin so; of the rest only what left has a time before it left.
const LEFT = (overhead: string): string =>
  `case when outcome <> 'refused' and (id like '000000000000%' or ${overhead} is not null) then 1 end`;

const SQLITE_TOKENS = (side: string): string =>
  `case json_type(detail, '$.estimate.${side}_tokens') when 'integer' then json_extract(detail, '$.estimate.${side}_tokens') end`;
const SQLITE_CHARGES = `update exchanges set
  charged_pico = ${MONEY},
  charged_tokens = case when ${SAID} and (usage_status <> 'partial' or not ${HAS_ESTIMATE}) then ${SAID_TOKENS}
    when ${HAS_ESTIMATE} and coalesce(${SQLITE_TOKENS('input')}, ${SQLITE_TOKENS('output')}) is not null
    then coalesce(${SQLITE_TOKENS('input')}, 0) + coalesce(${SQLITE_TOKENS('output')}, 0)
    when ${SAID} then ${SAID_TOKENS} end,
  charged_requests = ${LEFT(`json_extract(detail, '$.overhead_ms')`)}`;

// The pattern is asked before the cast, which would stop the migration at a text that is no number.
const POSTGRES_TOKENS = (side: string): string => {
  const text = `detail::json->'estimate'->>'${side}_tokens'`;
  return `case when ${text} ~ '^[0-9]{1,12}$' then (${text})::bigint end`;
};
const POSTGRES_CHARGES = `update exchanges set
  charged_pico = ${MONEY},
  charged_tokens = case when ${SAID} and (usage_status <> 'partial' or not ${HAS_ESTIMATE}) then ${SAID_TOKENS}
    when ${HAS_ESTIMATE} and coalesce(${POSTGRES_TOKENS('input')}, ${POSTGRES_TOKENS('output')}) is not null
    then coalesce(${POSTGRES_TOKENS('input')}, 0) + coalesce(${POSTGRES_TOKENS('output')}, 0)
    when ${SAID} then ${SAID_TOKENS} end,
  charged_requests = ${LEFT(`detail::json->>'overhead_ms'`)}`;

// What was deleted stays as a row without a body, so that other processes hear of it.
const DOCUMENTS = `create table documents (
  kind text not null,
  id text not null,
  body text,
  version bigint not null,
  updated_ms bigint not null,
  primary key (kind, id)
)`;

// A sheet is a series in a window: its sums are those of the rows up to seq. Subjects are too long
// for an index as they are. Sums are numeric, since nine million dollars are more pico-dollars than 64 bits.
const HOLDS = [
  `create table hold_sheets (
    id bigint generated always as identity primary key,
    key text not null unique,
    seq bigint not null,
    used_at timestamptz not null
  ) with (fillfactor = 50)`,
  `create table hold_sums (
    sheet bigint not null references hold_sheets (id) on delete cascade,
    subject text not null,
    amount numeric not null
  ) with (fillfactor = 50)`,
  'create unique index hold_sums_subject on hold_sums (sheet, md5(subject))',
  `create table holds (
    id text not null,
    place smallint not null,
    sheet bigint not null references hold_sheets (id) on delete cascade,
    subject text not null,
    amount numeric not null,
    node text not null,
    life text not null,
    lease timestamptz not null,
    primary key (id, place)
  ) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000)`,
  'create index holds_subject on holds (sheet, md5(subject))',
  'create index holds_node on holds (node)',
];
