import { type Cell, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { fromPico, picoSum, sumOf } from '../money.ts';
import { breakOf, partNameOf, timeOf } from '../record-of-row.ts';
import { clampLimit, MODEL, whereOf } from './filters.ts';
import { hourOf } from './hours.ts';
import type { BreakEntry, Breaks, BreaksQuestion } from './prompt-shapes.ts';

const MOST_SUMS = 200;

type Line = Record<string, Cell>;

/** Lists where the provider's cache broke, the newest first, and sums all of the stretch up by what broke it. */
export async function cacheBreaks(database: Database, question: BreaksQuestion): Promise<Breaks> {
  const { from, to, tenant, agent, model, session } = question;
  // These are the words of the index exchanges_break.
  const where = whereOf({ tenant, agent, model, session }, hourOf(from), to).and('break_cause is not null');
  const { sql, binds } = where;
  const limit = clampLimit(question.limit, 100, 500);
  const [breaks, sums] = await Promise.all([
    database.select<Line>(
      `select seq, id, time_ms, agent, session_id, provider, ${MODEL} as model, break_cause, break_part, break_tokens,
         cast(break_pico as text) as break_pico, break_idle_s
       from exchanges where ${sql} order by time_ms desc, seq desc limit $${binds.length + 1}`,
      [...binds, limit],
    ),
    database.select<Line>(
      `select break_cause, break_part, count(*) as breaks, cast(coalesce(sum(break_tokens), 0) as text) as tokens,
         ${sumOf('break_pico', 'cost')}, max(time_ms) as newest_ms
       from exchanges where ${sql} group by 1, 2
       order by sum(cast(break_pico as double precision)) desc nulls last, 3 desc, 1, 2 limit ${MOST_SUMS}`,
      binds,
    ),
  ]);
  return { breaks: breaks.map(entryOf), sums: sums.map(sumOfCause) };
}

function entryOf(row: Line): BreakEntry {
  return {
    seq: Number(row.seq),
    id: String(row.id),
    time: timeOf(row.time_ms),
    agent: textOf(row.agent),
    session: textOf(row.session_id),
    provider: textOf(row.provider),
    model: textOf(row.model),
    ...breakOf(row, undefined)!,
  };
}

function sumOfCause(row: Line): Breaks['sums'][number] {
  const pico = picoSum({ cost_high: row.cost_high, cost_low: row.cost_low });
  return {
    cause: String(row.break_cause) as BreakEntry['cause'],
    part: partNameOf(row.break_part),
    breaks: Number(row.breaks),
    tokens: Number(row.tokens),
    cost_usd: pico === null ? null : fromPico(pico),
    newest: timeOf(row.newest_ms),
  };
}
