/** Which sums several processes keep together, and how far each of them has been brought. */
import { createHash } from 'node:crypto';
import type { Series, Window } from '../accounts/series.ts';
import { afterAwake } from '../accounts/within.ts';
import { Where } from './queries/filters.ts';
import { seriesSql } from './series-sql.ts';
import type { Ask, Wire } from './shared-wire.ts';

/** A series in a window. */
export interface SheetName {
  readonly series: Series;
  readonly window: Window;
}

/** A sheet as the database has it: its sums are those of the rows up to `seq`. */
export interface Sheet extends SheetName {
  readonly id: string;
  readonly seq: string;
}

/** Rows that a take sums up by the way; more of them are summed up before it. */
const FEW_ROWS = 20_000n;
/** How long the summing up of many rows may take, milliseconds. */
export const SUM_UP_MS = 120_000;
/** Names of sheets that are kept in memory. */
const MOST_KNOWN = 10_000;
/** A sheet that nobody has used for so long goes; who comes then makes it anew. */
const UNUSED = `interval '2 days'`;

export class SharedSheets {
  readonly #fast: Wire;
  readonly #patient: Wire;
  /** Ids by name. */
  readonly #known = new Map<string, string>();
  /** Sheets that are being brought forward, by id. */
  readonly #moving = new Map<string, Promise<void>>();

  /** @param patient for statements that may take long; others do not wait for them. */
  constructor(fast: Wire, patient: Wire) {
    this.#fast = fast;
    this.#patient = patient;
  }

  /** Finds the ids of sheets, and makes those that are not there yet. Two of the same name have the same id. */
  async ids(names: readonly SheetName[], milliseconds: number): Promise<string[]> {
    const keys = names.map(keyOf);
    const missing = [...new Set(keys)].filter((key) => !this.#known.has(key));
    if (missing.length > 0) {
      if (this.#known.size > MOST_KNOWN) this.#known.clear();
      const hashes = new Map(missing.map((key) => [hashOf(key), key]));
      await this.#fast.ask(MAKE, [[...hashes.keys()]], milliseconds);
      const found = await this.#fast.ask<{ id: string; key: string }>(FIND, [[...hashes.keys()]], milliseconds);
      for (const { id, key } of found) this.#known.set(hashes.get(key)!, id);
    }
    return keys.map((key) => this.#known.get(key) ?? '0');
  }

  /** Forgets which ids they have: they are gone. */
  forget(): void {
    this.#known.clear();
  }

  /** Brings sheets forward by many rows; resolves when all of them are, or the time is over. */
  async bring(sheets: readonly Sheet[], milliseconds: number): Promise<void> {
    const moving = sheets.map((sheet) => this.#bring(sheet));
    let stop = (): void => {};
    const late = new Promise<never>((_, reject) => {
      stop = afterAwake(milliseconds, () => reject(new Error('the rows of a budget are still being summed up')));
    });
    try {
      await Promise.race([Promise.all(moving), late]);
    } finally {
      stop();
    }
  }

  /** Removes what nobody has used for days. */
  async sweep(): Promise<void> {
    await this.#patient.ask(SWEEP, [], SUM_UP_MS);
  }

  #bring(sheet: Sheet): Promise<void> {
    let moving = this.#moving.get(sheet.id);
    if (!moving) {
      const { sql, binds } = bringSql(sheet);
      moving = this.#patient
        .ask(sql, binds, SUM_UP_MS)
        .then(() => {})
        .finally(() => this.#moving.delete(sheet.id));
      moving.catch(() => {}); // who waits may have gone
      this.#moving.set(sheet.id, moving);
    }
    return moving;
  }
}

/** Why sheets cannot be read yet: these have to be brought forward before; null: one of them is gone. */
export class NotReady {
  readonly behind: readonly Sheet[] | null;

  constructor(behind: readonly Sheet[] | null) {
    this.behind = behind;
  }
}

/** Reads how far sheets are, and with `lock` keeps others from moving them until the transaction ends. */
export async function sheetsOf(
  ask: Ask,
  names: ReadonlyMap<string, SheetName>,
  lock: boolean,
): Promise<readonly Sheet[] | NotReady> {
  // The rows are locked in the order in which they come, which keeps two from waiting for each other.
  const sql = `select id, seq, (select coalesce(max(seq), 0) from exchanges) as newest
    from hold_sheets where id = any($1::bigint[]) order by id ${lock ? 'for update' : ''}`;
  const rows = await ask<{ id: string; seq: string; newest: string }>(sql, [[...names.keys()]]);
  if (rows.length < names.size) return new NotReady(null);
  const sheets = rows.map(({ id, seq }) => ({ id, seq, ...names.get(id)! }));
  const behind = sheets.filter((_, at) => BigInt(rows[at]!.newest) - BigInt(rows[at]!.seq) > FEW_ROWS);
  return behind.length > 0 ? new NotReady(behind) : sheets;
}

/** Tells series and window in one text. */
function keyOf({ series, window }: SheetName): string {
  return `${window.from} ${window.to} ${series.key}`;
}

/** The text itself is too long for an index. */
function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

const MAKE = `insert into hold_sheets (key, seq, used_at) select key, 0, clock_timestamp() from unnest($1::text[]) as key
on conflict (key) do nothing`;
const FIND = 'select id, key from hold_sheets where key = any($1::text[])';
const SWEEP = `delete from hold_sheets where id in (
  select id from hold_sheets where used_at < clock_timestamp() - ${UNUSED}
    and not exists (select 1 from holds where holds.sheet = hold_sheets.id) order by id for update skip locked)`;

/** Adds amounts by subject to the sums of sheets; `from` gives sheet, subject and amount. */
export const addTo = (from: string): string => `insert into hold_sums (sheet, subject, amount) ${from}
on conflict (sheet, md5(subject)) do update set amount = hold_sums.amount + excluded.amount`;

/**
 * One statement that sums up all rows since the last time without a lock; whoever was faster has made it useless,
 * which the update sees: it comes last and finds another `seq`.
 */
function bringSql(sheet: Sheet): { sql: string; binds: readonly unknown[] } {
  const where = new Where();
  const { source, subject, amount } = seriesSql(sheet.series, sheet.window, where, 'postgres');
  where.and(`exchanges.seq > ${where.bind(sheet.seq)}`);
  const [id, seq] = [where.bind(sheet.id), where.bind(sheet.seq)];
  const sql = `with newest as materialized (select coalesce(max(seq), 0) as seq from exchanges),
  fresh as materialized (select ${subject} as subject, sum(${amount}) as amount from ${source} where ${where.sql} group by 1),
  moved as (update hold_sheets set seq = newest.seq, used_at = clock_timestamp() from newest
    where id = ${id}::bigint and hold_sheets.seq = ${seq}::bigint and (select count(*) from fresh) >= 0 returning id)
  ${addTo('select moved.id, subject, amount from fresh, moved')}`;
  return { sql, binds: where.binds };
}
