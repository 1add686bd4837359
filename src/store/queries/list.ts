import type { ExchangeRecord } from '../../pipeline/record.ts';
import { type Columns, SELECT_ALL, SELECT_ENTRY, SELECT_PARTS } from '../columns.ts';
import type { Database } from '../database.ts';
import { toRecord } from '../record-of-row.ts';
import { StoreError } from '../store-error.ts';
import { entryOf } from './entry.ts';
import { clampLimit, whereOf } from './filters.ts';
import type { ListPage, ListQuestion } from './shapes.ts';

/**
 * Lists exchanges, newest first, a page at a time.
 *
 * The cursor names the last row of a page, not a count of rows, so rows that arrive
 * between two pages neither repeat nor hide another.
 */
export async function list(database: Database, question: ListQuestion): Promise<ListPage> {
  const limit = clampLimit(question.limit, 50, 500);
  const where = whereOf(question.filters, question.from, question.to);
  if (question.cursor !== undefined) {
    const { time, seq } = parseCursor(question.cursor);
    where.and(`(time_ms, seq) < (${where.bind(time)}, ${where.bind(seq)})`);
  }
  const sql = `select ${SELECT_ENTRY} from exchanges where ${where.sql}
    order by time_ms desc, seq desc limit ${where.bind(limit + 1)}`;
  const rows = await database.select<Columns>(sql, where.binds);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { entries: shown.map(entryOf), next: rows.length > limit && last ? cursorOf(last) : null };
}

/** Finds the whole record of an exchange; null when there is none, or it is another tenant's. */
export async function byId(database: Database, id: string, tenant?: string): Promise<ExchangeRecord | null> {
  const where = whereOf({ tenant });
  where.and(`id = ${where.bind(id)}`);
  const [row] = await database.select<Columns>(
    `select ${SELECT_ALL}, ${SELECT_PARTS} from exchanges where ${where.sql}`,
    where.binds,
  );
  return row ? toRecord(row) : null;
}

function cursorOf(row: Columns): string {
  return Buffer.from(`${row.time_ms}.${row.seq}`).toString('base64url');
}

function parseCursor(cursor: string): { time: number; seq: number } {
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw new StoreError('bad_question', 'the cursor is not one that a page has given');
  return { time: Number(match[1]), seq: Number(match[2]) };
}
