import type { Series, Window } from '../accounts/series.ts';
import type { Cell } from './columns.ts';
import type { Database } from './database.ts';
import { picoSum, sumOf } from './money.ts';
import { Where } from './queries/filters.ts';
import { seriesSql } from './series-sql.ts';

/** Sums up the rows of a series in a window by subject, in the units of its measure. */
export async function sums(database: Database, series: Series, window: Window): Promise<Map<string, bigint>> {
  const where = new Where();
  const { source, subject, amount } = seriesSql(series, window, where, database.dialect);
  const rows = await database.select<Record<'subject' | 'amount_high' | 'amount_low', Cell>>(
    `select ${subject} as subject, ${sumOf(amount, 'amount')} from ${source} where ${where.sql} group by 1`,
    where.binds,
  );
  return new Map(
    rows.map((row) => [String(row.subject), picoSum({ cost_high: row.amount_high, cost_low: row.amount_low }) ?? 0n]),
  );
}
