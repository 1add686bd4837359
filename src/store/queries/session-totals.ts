/** What all rows of some sessions come to, and what their first and newest turns were like. */
import type { Cell } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum, sumOf } from '../money.ts';
import { timeOf } from '../record-of-row.ts';
import { COST_KINDS, TURN } from './cost-kinds.ts';
import { FAILED, MODEL, Where } from './filters.ts';
import { type Ends, endsOf } from './session-ends.ts';
import type { SessionEntry } from './session-shapes.ts';

type Line = Record<string, Cell>;

const MOST_MODELS = 5;

const when = (condition: string): string => `sum(case when ${condition} then 1 else 0 end)`;

const SUMS = [
  `${when(TURN)} as turns`,
  `${when(FAILED)} as errors`,
  `${when(`outcome = 'refused'`)} as refused`,
  `${when(COST_KINDS.unknown)} as unpriced`,
  `${when(`relation = 'compacted'`)} as compactions`,
  'count(break_cause) as breaks',
  ...['input', 'output', 'cache_read', 'cache_write'].map(
    (name) => `cast(coalesce(sum(${name}_tokens), 0) as text) as ${name}`,
  ),
  'max(history_chars) as peak',
  'min(time_ms) as started',
  'max(time_ms) as last',
  COST_SUM,
  sumOf('break_pico', 'break'),
].join(', ');

/** Reads sessions by their ids: 200 at most. What no row names, or none of the tenant, is missing. */
export async function sessionsOf(
  database: Database,
  ids: readonly string[],
  tenant: string | undefined,
): Promise<Map<string, SessionEntry>> {
  if (ids.length === 0) return new Map();
  const where = new Where();
  where.and(`session_id in (${ids.map((id) => where.bind(id)).join(', ')})`);
  if (tenant !== undefined) where.and(`tenant = ${where.bind(tenant)}`);
  const [rows, ends] = await Promise.all([
    database.select<Line>(
      `select session_id, ${MODEL} as model, parent_session as parent, ${SUMS}
       from exchanges where ${where.sql} group by 1, 2, 3`,
      where.binds,
    ),
    endsOf(database, ids, tenant),
  ]);
  const lines = new Map<string, Line[]>();
  for (const row of rows) {
    const id = String(row.session_id);
    const own = lines.get(id);
    if (own) own.push(row);
    else lines.set(id, [row]);
  }
  return new Map([...lines].map(([id, own]) => [id, entryOf(id, own, ends.get(id)!)]));
}

/** Puts the lines of a session together: one for each model that answered and each session it says it comes from. */
function entryOf(id: string, lines: readonly Line[], ends: Ends): SessionEntry {
  const at = (name: string): number => lines.reduce((sum, line) => sum + Number(line[name] ?? 0), 0);
  const peaks = lines.filter(({ peak }) => peak !== null).map(({ peak }) => Number(peak));
  return {
    id,
    ...ends.facts,
    parent: parentOf(lines),
    started: timeOf(Math.min(...lines.map(({ started }) => Number(started)))),
    last: timeOf(Math.max(...lines.map(({ last }) => Number(last)))),
    turns: at('turns'),
    errors: at('errors'),
    refused: at('refused'),
    cost_usd: dollars(lines, 'cost'),
    unpriced: at('unpriced'),
    input_tokens: at('input'),
    output_tokens: at('output'),
    cache_read_tokens: at('cache_read'),
    cache_write_tokens: at('cache_write'),
    peak_history_chars: peaks.length === 0 ? null : Math.max(...peaks),
    models: modelsOf(lines),
    compactions: at('compactions'),
    cache_breaks: at('breaks'),
    cache_break_usd: dollars(lines, 'break'),
    first_turns: ends.first,
    newest_turns: ends.newest,
  };
}

function dollars(lines: readonly Line[], name: string): string | null {
  let sum: bigint | null = null;
  for (const line of lines) {
    const pico = picoSum({ cost_high: line[`${name}_high`], cost_low: line[`${name}_low`] });
    if (pico !== null) sum = (sum ?? 0n) + pico;
  }
  return sum === null ? null : fromPico(sum);
}

/** The first that was named: later rows of a session that has a name of its own may come from elsewhere. */
function parentOf(lines: readonly Line[]): string | null {
  const first = lines
    .filter(({ parent }) => parent !== null)
    .reduce<Line | null>((one, line) => (one && Number(one.started) <= Number(line.started) ? one : line), null);
  return first === null ? null : String(first.parent);
}

function modelsOf(lines: readonly Line[]): string[] {
  const turns = new Map<string, number>();
  for (const { model, turns: count } of lines) {
    if (model === null || Number(count) === 0) continue;
    turns.set(String(model), (turns.get(String(model)) ?? 0) + Number(count));
  }
  const order = [...turns].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  return order.slice(0, MOST_MODELS).map(([model]) => model);
}
