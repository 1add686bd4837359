import type { Migration } from './migration.ts';

/**
 * How exchanges go on from one another, what their prompts are made of and what that came to by the hour,
 * where the provider's cache broke, and who changed what.
 */
export const prompts: Migration = {
  name: '0005-prompts',
  up: async ({ dialect, run }) => {
    const isSqlite = dialect === 'sqlite';
    for (const column of COLUMNS) await run(`alter table exchanges add column ${column}`);
    // Breaks are few of many rows, and pages ask for them by time.
    await run(
      `create index exchanges_break on exchanges (time_ms${isSqlite ? '' : ', seq'}) where break_cause is not null`,
    );
    await run(PARTS(isSqlite ? 'integer' : 'bigint'));
    await run(isSqlite ? `${HOURS} without rowid` : HOURS);
    for (const statement of isSqlite ? SQLITE_MARK : POSTGRES_MARK) await run(statement);
    const seq = isSqlite ? 'integer primary key autoincrement' : 'bigint generated always as identity primary key';
    await run(AUDIT(seq));
    await run(`create index audit_time on audit (time_ms${isSqlite ? '' : ', seq'})`);
    await run('create index audit_session on audit (session_id, time_ms) where session_id is not null');
  },
};

const COLUMNS = [
  'relation text',
  'parent_session text',
  'tool_results bigint',
  'called text',
  'break_cause text',
  'break_part text',
  'break_tokens bigint',
  'break_pico bigint',
  'break_idle_s double precision',
];

// The parts are longer than the row itself, and they go after some days. Beside the row they make nothing slower
// that reads rows, and what is deleted here leaves the row and its indexes as they are.
const PARTS = (seq: string) => `create table exchange_parts (
  seq ${seq} primary key references exchanges (seq) on delete cascade,
  parts text not null
)`;

// The key is a hash of what the line is about: names of models, agents and tools together are too long for an index.
// Costs are the two halves of pico-dollars: one integer of 64 bits would not hold nine million dollars.
const HOURS = `create table prompt_hours (
  hour_ms bigint not null,
  key text not null,
  tenant text, project text, agent text, provider text, model text,
  kind text not null, name text not null,
  turns bigint not null, chars bigint not null, tokens bigint not null,
  read bigint not null, write bigint not null, write_1h bigint not null, uncached bigint not null,
  cost_high bigint not null, cost_low bigint not null, unpriced bigint not null, called bigint not null,
  newest_chars bigint not null, newest_ms bigint,
  primary key (hour_ms, key)
)`;

// Rows of before this have no parts, so the hours begin after them.
const NEWEST = 'select coalesce(max(seq), 0) from exchanges';
const SQLITE_MARK = [
  'create table prompt_mark (id integer primary key, seq bigint not null)',
  `insert into prompt_mark (id, seq) values (1, (${NEWEST}))`,
];
const POSTGRES_MARK = [
  `create table prompt_mark (
    id smallint primary key,
    seq bigint not null,
    holder text,
    lease timestamptz not null default '-infinity'
  ) with (fillfactor = 50)`,
  `insert into prompt_mark (id, seq) values (1, (${NEWEST}))`,
];

const AUDIT = (seq: string) => `create table audit (
  seq ${seq},
  time_ms bigint not null,
  who text,
  action text not null,
  subject text not null,
  agent text,
  session_id text,
  facts text not null
)`;
