/**
 * What accounts of several processes stand at, read in one statement.
 *
 * One statement sees one moment: a row is in it or its hold is, never both and never neither.
 */
import type { Standing } from '../accounts/accounts.ts';
import { Where } from './queries/filters.ts';
import { seriesSql } from './series-sql.ts';
import { addTo, type Sheet } from './shared-sheets.ts';
import type { Ask } from './shared-wire.ts';

/** An account by the id of its sheet. */
export interface Place {
  readonly sheet: string;
  readonly subject: string;
}

/** A hold counts until its lease is over or its row has come. */
export const ALIVE = `holds.lease > clock_timestamp() and not exists (select 1 from exchanges where exchanges.id = holds.id)`;

interface Question {
  /** Read before, with a lock or without. */
  sheets: readonly Sheet[];
  places: readonly Place[];
  /** Orders that may have held something before: it is theirs to take anew. */
  without: readonly string[];
  /** The sheets are locked, and are brought forward by the way. */
  move: boolean;
}

export interface Reading {
  /** In the order of the places. */
  standings: Standing[];
  /** Whether there are holds of the orders that were left out. */
  earlier: boolean;
}

/** Reads accounts as they stand, but for the holds of some orders. */
export async function readStandings(ask: Ask, { sheets, places, without, move }: Question): Promise<Reading> {
  const binds: (string | number)[] = [];
  const where = new Where(binds);
  const asked = where.bind(JSON.stringify(places));
  const ids = where.bind(JSON.stringify(without));
  const sql = `with ${freshSql(sheets, binds, move)}${move ? movedSql(where.bind(JSON.stringify(sheets.map(({ id }) => id)))) : ''}
  select coalesce(kept.amount, 0) + coalesce(fresh.amount, 0) as spent, coalesce(held.amount, 0) as held,
    exists (select 1 from holds where id in (select json_array_elements_text(${ids}::json))) as earlier
  from rows from (json_to_recordset(${asked}::json) as (sheet bigint, subject text))
    with ordinality as asked(sheet, subject, position)
  left join hold_sums as kept on kept.sheet = asked.sheet and md5(kept.subject) = md5(asked.subject)
  left join fresh on fresh.sheet = asked.sheet and fresh.subject = asked.subject
  left join lateral (select sum(amount) as amount from holds
    where holds.sheet = asked.sheet and md5(holds.subject) = md5(asked.subject)
      and holds.id not in (select json_array_elements_text(${ids}::json)) and ${ALIVE}) as held on true
  order by asked.position`;
  const rows = await ask<{ spent: string; held: string; earlier: boolean }>(sql, binds);
  return { standings: rows.map(standingOf), earlier: rows[0]?.earlier === true };
}

/** Reads the accounts of a sheet, the largest first. */
export async function listStandings(ask: Ask, sheet: Sheet, most: number): Promise<(Standing & { subject: string })[]> {
  const binds: (string | number)[] = [];
  const where = new Where(binds);
  const id = where.bind(sheet.id);
  const sql = `with ${freshSql([sheet], binds, false)}
  select subject, sum(spent) as spent, sum(held) as held from (
    select subject, amount as spent, 0 as held from hold_sums where sheet = ${id}::bigint
    union all select subject, amount, 0 from fresh
    union all select subject, 0, amount from holds where sheet = ${id}::bigint and ${ALIVE}
  ) as parts group by subject order by sum(spent) + sum(held) desc, subject limit ${where.bind(most)}`;
  const rows = await ask<{ subject: string; spent: string; held: string }>(sql, binds);
  return rows.map((row) => ({ subject: row.subject, ...standingOf(row) }));
}

function standingOf({ spent, held }: { spent: string; held: string }): Standing {
  return { spent: BigInt(spent), held: BigInt(held) };
}

/** What came after the sums of each sheet. */
function freshSql(sheets: readonly Sheet[], binds: (string | number)[], locked: boolean): string {
  const parts = sheets.map((sheet) => {
    const where = new Where(binds);
    const { source, subject, amount } = seriesSql(sheet.series, sheet.window, where, 'postgres');
    const id = where.bind(sheet.id);
    // The number is for the planner. Without a lock the sheet may have moved since it was read.
    where.and(`exchanges.seq > ${where.bind(sheet.seq)}::bigint`);
    if (!locked) where.and(`exchanges.seq > (select seq from hold_sheets where id = ${id}::bigint)`);
    return `select ${id}::bigint as sheet, ${subject} as subject, sum(${amount}) as amount
      from ${source} where ${where.sql} group by 2`;
  });
  if (parts.length === 0)
    parts.push('select 0::bigint as sheet, null::text as subject, 0::numeric as amount where false');
  return `fresh as materialized (${parts.join(' union all ')})`;
}

/**
 * Brings sheets that are locked forward, by what was summed up just now. One that stays as it is says from time to
 * time that it is used: who is about to remove it sees that it has changed.
 */
const movedSql = (sheets: string): string => `,
  newest as materialized (select coalesce(max(seq), 0) as seq from exchanges),
  kept_now as (${addTo('select sheet, subject, amount from fresh')}),
  moved as (update hold_sheets set seq = newest.seq, used_at = clock_timestamp() from newest
    where id in (select json_array_elements_text(${sheets}::json)::bigint)
      and (hold_sheets.seq < newest.seq or used_at < clock_timestamp() - interval '1 hour'))`;
