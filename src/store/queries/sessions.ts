import { type Cell, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum } from '../money.ts';
import { StoreError } from '../store-error.ts';
import { TURN } from './cost-kinds.ts';
import { clampLimit, type Where, whereOf } from './filters.ts';
import type { SessionEntry, SessionsPage, SessionsQuestion } from './session-shapes.ts';
import { sessionsOf } from './session-totals.ts';

type Line = Record<string, Cell>;

const MOST_AGENTS = 50;

/**
 * Pages through the sessions that have rows in a stretch of time, the last used first.
 *
 * One pass over the rows of the stretch finds them; the rest is read for those of the page only. The cursor
 * names the last session of a page: one that is used in between moves to the top, and the others stay in order.
 */
export async function sessions(database: Database, question: SessionsQuestion): Promise<SessionsPage> {
  const limit = clampLimit(question.limit, 50, 200);
  const rows = await database.select<Line>(...pageSql(question, limit));
  const found = rows.filter(({ id }) => id !== null).map(({ id, last }) => ({ id: String(id), last: Number(last) }));
  const shown = found.slice(0, limit);
  const newest = shown.at(-1);
  const ids = shown.map(({ id }) => id);
  const entries = await sessionsOf(database, ids, question.tenant);
  return {
    sessions: ids.flatMap((id) => entries.get(id) ?? []),
    next: found.length > limit && newest ? cursorOf(newest) : null,
    singles: rows.filter(({ id }) => id === null).map(singlesOf),
  };
}

/** Reads one session; null where no row names it. */
export async function session(database: Database, id: string, tenant?: string): Promise<SessionEntry | null> {
  return (await sessionsOf(database, [id], tenant)).get(id) ?? null;
}

/** The page, and one line without an id for each agent with sessions that were left out. */
function pageSql(question: SessionsQuestion, limit: number): [sql: string, binds: (string | number)[]] {
  const { from, to, tenant, agent, singles = false, cursor } = question;
  const where = whereOf({ tenant, agent }, from, to).and('session_id is not null');
  const ofTenant = tenant === undefined ? '' : ` and tenant = ${where.bind(tenant)}`;
  const rowsOf = (id: string): string => `from exchanges where exchanges.session_id = ${id}${ofTenant}`;
  // Whether one goes on beyond the stretch is asked of those only that look like a single; the index answers it.
  const isSingle = [
    'turns <= 1',
    'others = 0',
    ...beyond(where, question).map((rows) => `not exists (select 1 ${rowsOf('seen.id')} and ${rows})`),
  ];
  const after = cursor === undefined ? null : parseCursor(cursor);
  const below = after ? `where (last, id) < (${where.bind(after.last)}, ${where.bind(after.id)})` : '';
  const sql = `with seen as materialized (
    select session_id as id, max(agent) as agent, ${COST_SUM},
      sum(case when ${TURN} then 1 else 0 end) as turns, sum(case when relation = 'start' then 0 else 1 end) as others
    from exchanges where ${where.sql} group by session_id),
  told as materialized (select seen.*, case when ${isSingle.join(' and ')} then 1 else 0 end as single from seen),
  page as (select id, last from (
      select id, (select max(time_ms) ${rowsOf('told.id')}) as last from told ${singles ? '' : 'where single = 0'}
    ) as used ${below} order by last desc, id desc limit ${where.bind(limit + 1)}),
  left_out as (select agent, count(*) as sessions, cast(sum(cast(cost_high as bigint)) as text) as cost_high,
      cast(sum(cast(cost_low as bigint)) as text) as cost_low
    from told where ${singles ? 'false' : 'single = 1'} group by agent
    order by 2 desc, 1 limit ${MOST_AGENTS})
  select id, last, null as agent, null as sessions, null as cost_high, null as cost_low from page
  union all select null, null, agent, sessions, cost_high, cost_low from left_out`;
  return [sql, where.binds];
}

/** Rows of a session that are not among those of the question: each as a condition of its own. */
function beyond(where: Where, { from, to, agent }: SessionsQuestion): string[] {
  return [
    `time_ms < ${where.bind(from.getTime())}`,
    `time_ms >= ${where.bind(to.getTime())}`,
    ...(agent === undefined ? [] : [`coalesce(agent, '') <> ${where.bind(agent)}`]),
  ];
}

function singlesOf(row: Line): SessionsPage['singles'][number] {
  const pico = picoSum({ cost_high: row.cost_high, cost_low: row.cost_low });
  return {
    agent: textOf(row.agent),
    sessions: Number(row.sessions),
    cost_usd: pico === null ? null : fromPico(pico),
  };
}

function cursorOf({ last, id }: { last: number; id: string }): string {
  return Buffer.from(`${last}.${id}`).toString('base64url');
}

function parseCursor(cursor: string): { last: number; id: string } {
  const match = /^(-?\d{1,16})\.(.*)$/s.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match || match[2]!.includes('\0'))
    throw new StoreError('bad_question', 'the cursor is not one that a page has given');
  return { last: Number(match[1]), id: match[2]! };
}
