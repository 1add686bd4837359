import type { ExchangeRecord } from '../../pipeline/record.ts';
import { type Columns, SELECT_ALL, SELECT_PARTS } from '../columns.ts';
import type { Database } from '../database.ts';
import { toRecord } from '../record-of-row.ts';
import { Where, whereOf } from './filters.ts';
import type { Range } from './shapes.ts';

/** Which answer is looked for: all of it must hold. */
export interface AnswerQuestion extends Range {
  api: string;
  provider: string;
  /** The provider's own id of its answer, such as `resp_123`. */
  responseId: string;
}

/** Ids asked for in one statement; SQLite takes 32,766 values, and a person who waits takes less. */
const MOST_IDS = 1000;

/** Tells which of these ids are in the database. */
export async function knownIds(database: Database, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < ids.length; at += MOST_IDS) {
    const where = new Where();
    const places = ids.slice(at, at + MOST_IDS).map((id) => where.bind(id));
    const sql = `select id from exchanges where id in (${places.join(', ')})`;
    for (const { id } of await database.select<{ id: string }>(sql, where.binds)) found.push(id);
  }
  return found;
}

/**
 * Finds the exchange that an answer without usage belongs to, by the provider's own id of the answer.
 *
 * Such ids have no index: they would double the size of a row for the few that are ever
 * asked for. The rows of the stretch of time are read one by one, so it has to be short.
 */
export async function unsettled(database: Database, question: AnswerQuestion): Promise<ExchangeRecord | null> {
  const { api, provider, responseId, from, to } = question;
  const where = whereOf({ api, provider }, from, to);
  const piece = textOfAnswer(responseId).replace(/[!%_]/g, '!$&');
  where.and(`usage_source <> 'provider' and detail like ${where.bind(`%${piece}%`)} escape '!'`);
  const sql = `select ${SELECT_ALL}, ${SELECT_PARTS} from exchanges where ${where.sql} order by time_ms, seq limit 1`;
  const [row] = await database.select<Columns>(sql, where.binds);
  return row ? toRecord(row) : null;
}

/** How a row's JSON says it. */
export const textOfAnswer = (responseId: string): string => `"response_id":${JSON.stringify(responseId)}`;
