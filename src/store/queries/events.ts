import { type Columns, SELECT_ENTRY } from '../columns.ts';
import type { Database } from '../database.ts';
import { TURN } from './cost-kinds.ts';
import { entryOf } from './entry.ts';
import { clampLimit, Where } from './filters.ts';
import type { ExchangeEntry, TokenUsageEvent } from './shapes.ts';

/** Reads the turns that arrived after `seq`, in the order of arrival; a client that comes back misses none. */
export async function eventsAfter(database: Database, seq: number, limit?: number): Promise<TokenUsageEvent[]> {
  const where = new Where().and(TURN);
  where.and(`seq > ${where.bind(Math.max(0, Math.trunc(seq) || 0))}`);
  const sql = `select ${SELECT_ENTRY} from exchanges where ${where.sql} order by seq limit ${where.bind(clampLimit(limit, 50, 1000))}`;
  const rows = await database.select<Columns>(sql, where.binds);
  return rows.map((row) => eventOf(entryOf(row)));
}

/** Tells the place of the newest row; 0 when there is none. */
export async function newestSeq(database: Database): Promise<number> {
  const [row] = await database.select<{ seq: number | string | null }>('select max(seq) as seq from exchanges');
  return Number(row?.seq ?? 0);
}

function eventOf(entry: ExchangeEntry): TokenUsageEvent {
  return {
    seq: entry.seq,
    type: 'token_usage',
    session_id: entry.session ?? '',
    model: entry.model,
    provider: entry.provider ?? '',
    input_tokens: entry.input_tokens,
    output_tokens: entry.output_tokens,
    total_tokens: entry.total_tokens,
    cost_usd: entry.cost_usd === null ? null : Number(entry.cost_usd),
    timestamp: entry.time,
    agent_name: entry.agent ?? 'unknown',
  };
}
