/**
 * Adds sums to the lines of `prompt_hours` and moves the mark up to which rows are in them, in one transaction.
 *
 * The mark has to be where the sums began: what is sent twice, or by two, is added once.
 */
import type { Cell } from './columns.ts';
import type { Database } from './database.ts';
import { AMOUNT_NAMES, type HourLine } from './hour-sums.ts';

const TEXTS = ['key', 'tenant', 'project', 'agent', 'provider', 'model', 'kind', 'name'] as const;
const NUMBERS = ['hour_ms', ...AMOUNT_NAMES, 'newest_chars', 'newest_ms'] as const;
const NAMES = [...TEXTS, ...NUMBERS] satisfies (keyof HourLine)[];

const INTO = `insert into prompt_hours (${NAMES.join(', ')})`;
const NEWER = `(prompt_hours.newest_ms is null or excluded.newest_ms >= prompt_hours.newest_ms)`;
const ADD = `on conflict (hour_ms, key) do update set
  ${AMOUNT_NAMES.map((name) => `${name} = prompt_hours.${name} + excluded.${name}`).join(', ')},
  newest_chars = case when ${NEWER} then excluded.newest_chars else prompt_hours.newest_chars end,
  newest_ms = case when ${NEWER} then excluded.newest_ms else prompt_hours.newest_ms end`;

const SQLITE = `with entry as materialized (select value from json_each($1))
${INTO} select ${NAMES.map((name) => `value->>'${name}'`).join(', ')} from entry
where (select seq from prompt_mark) = $2 ${ADD}`;
const SQLITE_MARK = 'update prompt_mark set seq = $2 where seq = $1';

/** How long a process that says nothing more keeps others from the work. */
const LEASE = `clock_timestamp() + interval '15 seconds'`;

// A lock would be held while rows are read and summed up here, on the connection that rows are written on.
// The lease keeps others from doing the same for nothing; that nothing is added twice the mark itself sees to.
const POSTGRES_CLAIM = `update prompt_mark set holder = $1, lease = ${LEASE} where id = (
  select id from prompt_mark where holder = $1 or lease < clock_timestamp() for update skip locked) returning seq`;
const POSTGRES_LEAVE = `update prompt_mark set lease = '-infinity' where holder = $1`;
const POSTGRES = `with entry as materialized (
  select * from json_to_recordset($1::json) as (${[
    ...TEXTS.map((name) => `${name} text`),
    ...NUMBERS.map((name) => `${name} bigint`),
  ].join(', ')})),
moved as (update prompt_mark set seq = $3 where seq = $2 returning id),
added as (${INTO} select ${NAMES.map((name) => `entry.${name}`).join(', ')} from moved, entry ${ADD})
select id from moved`;

export class HourLines {
  readonly #database: Database;
  readonly #holder: string;

  /** @param holder tells this process from others that have the same database */
  constructor(database: Database, holder: string) {
    this.#database = database;
    this.#holder = holder;
  }

  /** Tells up to which row all is summed up, and whether there are newer ones. */
  async state(): Promise<{ mark: Cell; isNew: boolean }> {
    const [row] = await this.#database.select<{ mark: Cell; newest: Cell }>(
      'select seq as mark, (select coalesce(max(seq), 0) from exchanges) as newest from prompt_mark',
    );
    return { mark: row?.mark ?? 0, isNew: Number(row?.newest) > Number(row?.mark) };
  }

  /** Takes the work for this process and gives the mark; null while another process has it. */
  async claim(): Promise<Cell> {
    if (this.#database.dialect === 'sqlite') return (await this.state()).mark;
    const [row] = await this.#database.change<{ seq: Cell }>(POSTGRES_CLAIM, [this.#holder]);
    return row?.seq ?? null;
  }

  /** Leaves the work to others. */
  async leave(): Promise<void> {
    if (this.#database.dialect === 'postgres') await this.#database.change(POSTGRES_LEAVE, [this.#holder]);
  }

  /** Adds lines, all or none, and moves the mark; nothing of it where the mark is not at `from` any more. */
  async add(lines: readonly HourLine[], from: Cell, to: Cell): Promise<void> {
    const json = JSON.stringify(lines);
    if (this.#database.dialect === 'postgres') {
      await this.#database.change(POSTGRES, [json, from, to]);
      return;
    }
    await this.#database.together(async (run) => {
      if (lines.length > 0) await run(SQLITE, [json, from]);
      await run(SQLITE_MARK, [from, to]);
    });
  }
}
