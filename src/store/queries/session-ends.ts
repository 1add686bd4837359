/** The first and the newest rows of sessions: found by an index, whatever the length of a session. */
import { type Cell, numberOf, textOf } from '../columns.ts';
import type { Database } from '../database.ts';
import { fromPico } from '../money.ts';
import { costOf } from '../record-of-row.ts';
import type { Detail } from '../row.ts';
import { TURN } from './cost-kinds.ts';
import { FAILED, Where } from './filters.ts';
import type { SessionEntry, TurnsTogether } from './session-shapes.ts';

type Line = Record<string, Cell>;

type Facts = Pick<
  SessionEntry,
  'source' | 'confidence' | 'tenant' | 'agent' | 'project' | 'user' | 'history_chars' | 'tool_results' | 'last_cost_usd'
>;

export interface Ends {
  first: TurnsTogether;
  newest: TurnsTogether;
  /** What its newest rows say. */
  facts: Facts;
}

/** Rows at each end. */
const TOGETHER = 5;

const READ = `seq, tenant, agent, project, user_name, history_chars, tool_results, cast(cost_pico as text) as cost_pico,
  duration_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, detail,
  case when ${TURN} then 1 else 0 end as is_turn, case when ${FAILED} then 1 else 0 end as failed`;

/** Reads the ends of sessions by their ids. */
export async function endsOf(
  database: Database,
  ids: readonly string[],
  tenant: string | undefined,
): Promise<Map<string, Ends>> {
  const places = await database.select<Line>(...placesSql(database.dialect, ids, tenant));
  const seqs = (row: Line, name: string): number[] => JSON.parse(String(row[name] ?? '[]')) as number[];
  const names = ['first', 'newest', 'row', 'turn', 'told'] as const;
  const wanted = new Set(places.flatMap((row) => names.flatMap((name) => seqs(row, name))));
  const where = new Where();
  const list = [...wanted].map((seq) => where.bind(seq)).join(', ');
  const rows = await database.select<Line>(`select ${READ} from exchanges where seq in (${list || '0'})`, where.binds);
  const bySeq = new Map(rows.map((row) => [Number(row.seq), row]));
  const read = (row: Line, name: (typeof names)[number]): Line[] =>
    seqs(row, name)
      .map((seq) => bySeq.get(seq))
      .filter((one) => one !== undefined);
  return new Map(
    places.map((row) => [
      String(row.id),
      {
        first: together(read(row, 'first')),
        newest: together(read(row, 'newest')),
        facts: factsOf(read(row, 'row')[0], read(row, 'turn')[0], read(row, 'told')[0]),
      },
    ]),
  );
}

/** Finds the rows; each search is a few steps in the index of sessions. */
function placesSql(
  dialect: 'sqlite' | 'postgres',
  ids: readonly string[],
  tenant: string | undefined,
): [sql: string, binds: (string | number)[]] {
  const where = new Where();
  const values = ids.map((id) => `(${where.bind(id)})`).join(', ');
  const ofTenant = tenant === undefined ? '' : ` and tenant = ${where.bind(tenant)}`;
  const list = dialect === 'sqlite' ? 'json_group_array(seq)' : 'cast(json_agg(seq) as text)';
  const search = (name: string, condition: string, order: 'asc' | 'desc', most: number): string =>
    `(select ${list} from (select seq from exchanges where session_id = asked.id${ofTenant}${condition}
      order by time_ms ${order}, seq ${order} limit ${most}) as found) as "${name}"`;
  const sent = ` and outcome <> 'refused'`;
  const sql = `with asked(id) as (values ${values}) select id, ${[
    search('first', sent, 'asc', TOGETHER),
    search('newest', sent, 'desc', TOGETHER),
    search('row', '', 'desc', 1),
    search('turn', ` and ${TURN}`, 'desc', 1),
    search('told', ` and ${TURN} and history_chars is not null`, 'desc', 1),
  ].join(', ')} from asked`;
  return [sql, where.binds];
}

function together(rows: readonly Line[]): TurnsTogether {
  const at = (name: string): number => rows.reduce((sum, row) => sum + Number(row[name] ?? 0), 0);
  const times = rows.filter((row) => Number(row.is_turn) === 1 && row.duration_ms !== null);
  const costs = rows.filter((row) => row.cost_pico !== null).map((row) => BigInt(String(row.cost_pico)));
  const cost = costs.reduce((sum, one) => sum + one, 0n);
  return {
    rows: rows.length,
    errors: at('failed'),
    duration_ms:
      times.length === 0 ? null : times.reduce((sum, row) => sum + Number(row.duration_ms), 0) / times.length,
    output_tokens: at('output_tokens'),
    input_tokens: at('input_tokens'),
    cache_read_tokens: at('cache_read_tokens'),
    cache_write_tokens: at('cache_write_tokens'),
    cost_usd: costs.length === 0 ? null : fromPico(cost / BigInt(costs.length)),
  };
}

/** @param row its newest, @param turn its newest turn, @param told the newest turn that tells the size of its history */
function factsOf(row: Line | undefined, turn: Line | undefined, told: Line | undefined): Facts {
  const [source, confidence] = detailOf(turn ?? row).session ?? (['', 'low'] as const);
  return {
    source,
    confidence,
    tenant: textOf(row?.tenant),
    agent: textOf(row?.agent),
    project: textOf(row?.project),
    user: textOf(row?.user_name),
    history_chars: numberOf(told?.history_chars),
    tool_results: numberOf(told?.tool_results),
    last_cost_usd: turn ? costOf(detailOf(turn), turn.cost_pico) : null,
  };
}

const detailOf = (row: Line | undefined): Detail => (row ? (JSON.parse(String(row.detail)) as Detail) : {});
