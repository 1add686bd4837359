import { type Cell, type Columns, numberOf, SELECT_PARTS, SELECT_TURN, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { breakOf, calledOf, partsOf } from '../record-of-row.ts';
import type { Detail } from '../row.ts';
import { TURN } from './cost-kinds.ts';
import { entryOf } from './entry.ts';
import { clampLimit, whereOf } from './filters.ts';
import type { TurnEntry, TurnsQuestion } from './session-shapes.ts';

/** Reads the newest turns of a session or an agent, the oldest of them first; what was refused or never answered is none. */
export async function turns(database: Database, question: TurnsQuestion): Promise<TurnEntry[]> {
  const { session, agent, tenant, from, to } = question;
  const where = whereOf({ session, agent: agent ?? undefined, tenant }, from, to).and(TURN);
  if (agent === null) where.and('agent is null');
  const limit = where.bind(clampLimit(question.limit, 200, 2000));
  const rows = await database.select<Columns>(
    `select ${SELECT_TURN}${question.parts ? `, ${SELECT_PARTS}` : ''} from exchanges where ${where.sql}
     order by time_ms desc, seq desc limit ${limit}`,
    where.binds,
  );
  return rows.reverse().map(turnOf);
}

function turnOf(row: Columns): TurnEntry {
  const detail = JSON.parse(String(row.detail)) as Detail;
  const at = (cell: Cell | undefined): number | null => numberOf(cell);
  return {
    ...entryOf(row),
    relation: textOf(row.relation) as TurnEntry['relation'],
    parent: textOf(row.parent_session),
    session_source: detail.session?.[0] ?? null,
    session_confidence: detail.session?.[1] ?? null,
    system_chars: at(row.system_chars),
    history_chars: at(row.history_chars),
    tools_chars: at(row.tools_chars),
    messages: detail.prompt ? detail.prompt[0] : null,
    tool_results: at(row.tool_results),
    tools_called: calledOf(row.called),
    cache_break: breakOf(row, detail.break_usd),
    parts: partsOf(row.parts),
  };
}
