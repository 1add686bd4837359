/** How an agent's current session does, as the predecessor's `GET /api/session-status` tells it. */
import { beginsSession, healthOf, type Lent, type SessionEntry, type TurnEntry } from '../../src/plugin.ts';
import { sumOf } from '../shared/money.ts';

/** Dollars are rounded to 6 decimals, shares to 4. Null: unknown. */
export interface SessionStatus {
  agent: string;
  current_session_turns: number;
  current_history_chars: number | null;
  last_turn_cost: number | null;
  avg_cost_last_5: number | null;
  /** Of what the newest five turns read from the provider's cache and wrote to it, what was written. */
  cache_write_pct_last_5: number;
  cost_since_last_reset: number | null;
  turns_since_last_reset: number;
  recommendation: ReturnType<typeof healthOf>;
  session_char_limit: number;
  tool_results?: number;
  session_id?: string;
  is_local_model?: true;
}

/** What of a session the status needs. */
interface Current {
  readonly id: string | null;
  readonly turns: number;
  readonly historyChars: number | null;
  readonly toolResults: number | null;
  readonly lastCost: string | null;
  readonly averageCost: number | null;
  readonly cost: string | null;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly isFree: boolean;
}

type Shelf = Pick<Lent, 'records' | 'settings'>;

const DAY_MS = 24 * 3_600_000;
/** The newest turns of an agent that are looked at where nothing proves which belong together. */
const LOOKED_AT = 500;
const NEWEST = 5;

/** Rejects when the database does not answer. An agent that nothing is known of has `no_data`. */
export async function statusOf(
  { records, settings }: Shelf,
  { agent, tenant }: { agent: string; tenant: string | undefined },
): Promise<SessionStatus> {
  const from = new Date(Date.now() - DAY_MS);
  const turns = await records.turns({ agent, tenant, from, limit: LOOKED_AT });
  const newest = turns.at(-1);
  const session = newest?.session == null ? null : await records.session(newest.session, tenant);
  const limit = settings.of(agent).sessionCharLimit;
  if (newest === undefined) return bodyOf(agent, NONE, limit);
  const current = session && isProven(newest, session.turns) ? ofSession(session, turns) : together(turns);
  return bodyOf(agent, current, limit);
}

/** The agent that a question without one means: the newest that is not the gateway's word for who says nothing. */
export async function newestAgent({ records }: Shelf, tenant: string | undefined): Promise<string | null> {
  const { entries } = await records.list({ filters: { tenant }, limit: 1 });
  return entries[0]?.agent ?? null;
}

/** Whether an id or the messages say that a turn belongs to its session. */
function isProven({ session_source: source, relation }: TurnEntry, turns: number): boolean {
  if (source === null || source === 'history') return false;
  return source !== 'chain' || relation !== 'start' || turns > 1;
}

function ofSession(session: SessionEntry, turns: readonly TurnEntry[]): Current {
  const { id, newest_turns: newest } = session;
  return {
    id,
    turns: session.turns,
    historyChars: session.history_chars,
    toolResults: session.tool_results,
    lastCost: session.last_cost_usd,
    averageCost: newest.cost_usd === null ? null : Number(newest.cost_usd),
    cost: session.cost_usd,
    cacheRead: newest.cache_read_tokens,
    cacheWrite: newest.cache_write_tokens,
    isFree: isFree(turns.filter((turn) => turn.session === id).slice(-NEWEST)),
  };
}

/** Calls that nothing ties together but the history rule, from its last boundary on; a session that is proven ends them. */
function together(turns: readonly TurnEntry[]): Current {
  const times = new Map<string | null, number>();
  for (const { session } of turns) times.set(session, (times.get(session) ?? 0) + 1);
  let first = turns.length - 1;
  while (first > 0) {
    const [before, turn] = [turns[first - 1]!, turns[first]!];
    if (isProven(before, times.get(before.session)!)) break;
    if (beginsSession(before.history_chars, turn.history_chars)) break;
    first--;
  }
  const own = turns.slice(first);
  const newest = own.slice(-NEWEST);
  const priced = newest.map(({ cost_usd }) => cost_usd).filter((cost) => cost !== null);
  const sum = (name: 'cache_read_tokens' | 'cache_write_tokens'): number =>
    newest.reduce((all, turn) => all + (turn[name] ?? 0), 0);
  return {
    id: own.length === 1 ? own[0]!.session : null,
    turns: own.length,
    historyChars: own.findLast(({ history_chars: chars }) => chars !== null)?.history_chars ?? null,
    toolResults: own.findLast(({ tool_results: count }) => count !== null)?.tool_results ?? null,
    lastCost: own.at(-1)!.cost_usd,
    averageCost: priced.length === 0 ? null : Number(sumOf(priced)) / priced.length,
    cost: sumOf(own.map(({ cost_usd }) => cost_usd)),
    cacheRead: sum('cache_read_tokens'),
    cacheWrite: sum('cache_write_tokens'),
    isFree: isFree(newest),
  };
}

/** An agent without a turn has spent nothing. */
const NONE: Current = {
  id: null,
  turns: 0,
  historyChars: 0,
  toolResults: null,
  lastCost: '0',
  averageCost: 0,
  cost: '0',
  cacheRead: 0,
  cacheWrite: 0,
  isFree: false,
};

const isFree = (turns: readonly TurnEntry[]): boolean =>
  turns.length > 0 && turns.every(({ cost_source: source }) => source === 'free');

function bodyOf(agent: string, current: Current, limit: number): SessionStatus {
  const { id, turns, historyChars, toolResults, cacheRead, cacheWrite } = current;
  const cached = cacheRead + cacheWrite;
  return {
    agent,
    current_session_turns: turns,
    current_history_chars: historyChars,
    last_turn_cost: dollars(current.lastCost),
    avg_cost_last_5: dollars(current.averageCost),
    cache_write_pct_last_5: cached > 0 ? rounded(cacheWrite / cached, 4) : 0,
    cost_since_last_reset: dollars(current.cost),
    turns_since_last_reset: turns,
    recommendation: healthOf({ turns, historyChars, limit, cacheRead, cacheWrite, toolResults }),
    session_char_limit: limit,
    ...(toolResults !== null && { tool_results: toolResults }),
    ...(id !== null && { session_id: id }),
    ...(current.isFree && { is_local_model: true as const }),
  };
}

const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals));
const dollars = (value: string | number | null): number | null => (value === null ? null : rounded(Number(value), 6));
