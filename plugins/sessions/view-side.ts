/** What one agent did in a stretch of time. */
import type { Lent, SessionEntry, Sums, TurnEntry } from '../../src/plugin.ts';
import type { PlotSeries } from '../shared/plot.ts';
import { thin } from './view-growth.ts';
import { judged } from './view-state.ts';

/** Turns whose times, models and tools are looked at; sessions are counted to five times as many as one page has. */
export const LOOKED_AT = 2000;
const SESSIONS = 200;
const PAGES = 5;
const TOP = 6;
/** Lines of one agent, and points of each. */
const LINES = 12;
const POINTS = 40;

export interface Span {
  readonly from: Date;
  readonly to: Date;
  readonly tenant: string | undefined;
}

/** One agent's figures; null where nothing was measured, or nobody knows. */
export interface Side {
  readonly agent: string;
  readonly limit: number;
  readonly sums: Sums;
  readonly sessions: number;
  /** There are more sessions than were counted. */
  readonly isMore: boolean;
  /** Average of its sessions, by their turns. */
  readonly quality: number | null;
  readonly breaks: number;
  readonly p50: number | null;
  readonly p95: number | null;
  /** Average of the newest 2,000 at most. */
  readonly history: number | null;
  readonly models: readonly Counted[];
  readonly tools: readonly Counted[];
  readonly turns: readonly TurnEntry[];
}

export interface Counted {
  readonly name: string;
  readonly times: number;
}

/** Gathers what an agent did. */
export async function sideOf({ records, settings }: Pick<Lent, 'records' | 'settings'>, agent: string, span: Span) {
  const [sums, turns, breaks, counted] = await Promise.all([
    records.sums({ from: span.from, to: span.to, filters: { agent, tenant: span.tenant } }),
    records.turns({ ...span, agent, limit: LOOKED_AT }),
    records.cacheBreaks({ ...span, agent, limit: 1 }),
    sessionsOf(records, agent, span),
  ]);
  const limit = settings.of(agent).sessionCharLimit;
  const times = numbersOf(turns, ({ duration_ms: time, outcome }) => (outcome === 'ok' ? time : null));
  const histories = numbersOf(turns, ({ history_chars: chars }) => chars);
  const side: Side = {
    agent,
    limit,
    sums,
    sessions: counted.all,
    isMore: counted.isMore,
    quality: qualityOf(counted.sessions, limit),
    breaks: breaks.sums.reduce((sum, one) => sum + one.breaks, 0),
    p50: rankOf(times, 0.5),
    p95: rankOf(times, 0.95),
    history: histories.length === 0 ? null : histories.reduce((sum, one) => sum + one, 0) / histories.length,
    models: topOf(turns.flatMap(({ model }) => (model === null ? [] : [[model, 1] as const]))),
    tools: topOf(turns.flatMap(({ tools_called: called }) => Object.entries(called ?? {}))),
    turns,
  };
  return side;
}

async function sessionsOf(records: Lent['records'], agent: string, span: Span) {
  const sessions: SessionEntry[] = [];
  let cursor: string | null = null;
  let lone = 0;
  for (let page = 0; page < PAGES; page++) {
    const found = await records.sessions({ ...span, agent, limit: SESSIONS, cursor: cursor ?? undefined });
    sessions.push(...found.sessions);
    if (page === 0) lone = found.singles.reduce((sum, one) => sum + one.sessions, 0);
    cursor = found.next;
    if (cursor === null) break;
  }
  return { sessions, all: sessions.length + lone, isMore: cursor !== null };
}

function qualityOf(sessions: readonly SessionEntry[], limit: number): number | null {
  let [sum, turns] = [0, 0];
  for (const session of sessions) {
    const { score } = judged(session, limit).quality;
    if (score === null) continue;
    sum += score * session.turns;
    turns += session.turns;
  }
  return turns > 0 ? sum / turns : null;
}

function numbersOf(turns: readonly TurnEntry[], of: (turn: TurnEntry) => number | null): number[] {
  return turns.map(of).filter((value) => value !== null);
}

/** The nearest rank; null without any. */
function rankOf(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function topOf(counts: readonly (readonly [name: string, times: number])[]): Counted[] {
  const all = new Map<string, number>();
  for (const [name, times] of counts) all.set(name, (all.get(name) ?? 0) + times);
  return [...all]
    .map(([name, times]) => ({ name, times }))
    .sort((one, other) => other.times - one.times || one.name.localeCompare(other.name))
    .slice(0, TOP);
}

/** How its histories grew: its sessions as lines of one colour, which nothing joins. */
export function growthLine({ agent, turns }: Pick<Side, 'agent' | 'turns'>, colour: string): PlotSeries {
  const bySession = new Map<string, TurnEntry[]>();
  for (const turn of turns) {
    const { session, history_chars: chars } = turn;
    if (session === null || chars === null) continue;
    const some = bySession.get(session);
    if (some === undefined) bySession.set(session, [turn]);
    else some.push(turn);
  }
  const long = [...bySession.values()].filter((some) => some.length > 1).slice(-LINES);
  const points = long.flatMap((some) => {
    const known = some.map(({ time, history_chars: chars }) => ({ x: Date.parse(time), y: chars }));
    const gap = { x: known.at(-1)!.x, y: null };
    return [...thin(known, POINTS, ({ y }) => y ?? 0), gap];
  });
  return { name: agent, colour, points };
}
