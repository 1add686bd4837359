/** The page of one session: what it is, what happened to it, and its turns one by one. */
import type { PageQuestion, SessionEntry } from '../../src/plugin.ts';
import { addressOf, nameOf, numberOf } from './page-query.ts';
import type { Shelf } from './page-shelf.ts';
import { historyBar } from './view-bar.ts';
import { CHARTS, type ChartName, chartOf } from './view-charts.ts';
import { breakWords, eventsOf, failuresOf } from './view-events.ts';
import { partsOf } from './view-parts.ts';
import { deedsOf } from './view-resets.ts';
import { cacheShare, costOf, failedWords, hrefOf, writeShare } from './view-rows.ts';
import { judged } from './view-state.ts';
import { type Numbered, turnRows, turnsOf, turnView, withParts } from './view-turns.ts';
import { foundWords, STATES, shortOf } from './view-words.ts';

const PATH = '/dashboard/session';
/** Turns of one page. */
const TURNS = 50;
/** Sessions that are looked at for those that branched from this one. */
const LOOKED_AT = 200;

/** Makes what the page shows. */
export async function sessionPage(
  shelf: Shelf,
  { query, zone, principal }: PageQuestion,
): Promise<Record<string, unknown>> {
  const tenant = principal?.tenant;
  const id = nameOf(query, 'id');
  const session = id === undefined ? null : await shelf.records.session(id, tenant);
  if (session === null) return { asked: id ?? null, self: addressOf(PATH, query, {}) };
  const [turns, deeds, children, failures] = await Promise.all([
    turnsOf(shelf.records, session, tenant),
    deedsOf(shelf.audit, [session], tenant),
    childrenOf(shelf, session, tenant),
    failuresOf(shelf.records, session.id, tenant),
  ]);
  const own = deeds.get(session.id) ?? [];
  const limit = shelf.settings.of(session.agent).sessionCharLimit;
  const page = pageOf(turns, query);
  const shown = await withParts(shelf.records, page.turns, tenant);
  const chart = Object.hasOwn(CHARTS, query.get('chart') ?? '') ? (query.get('chart') as ChartName) : 'history';
  return {
    self: addressOf(PATH, query, {}),
    ...headOf(session, limit),
    children,
    charts: chartsOf(query, chart),
    plot: chartOf(chart, turns, { limit, deeds: own, zone }),
    chartAbout: CHARTS[chart][1],
    thinned: turns.length > 400,
    ...eventsOf(turns, own, failures),
    rows: turnRows(shown, page.chosen, zone),
    step: stepOf(shown, turns, page.chosen, query),
    pages: linksOf(page, turns, query),
  };
}

function headOf(session: SessionEntry, limit: number): Record<string, unknown> {
  const { state, quality } = judged(session, limit);
  return {
    session,
    short: shortOf(session.id),
    state: STATES[state],
    quality,
    found: foundWords(session),
    parent:
      session.parent === null
        ? null
        : { href: hrefOf(session.parent), short: shortOf(session.parent), id: session.parent },
    lasted: (Date.parse(session.last) - Date.parse(session.started)) / 1000,
    cost: costOf(session),
    failed: failedWords(session),
    cached: cacheShare(session),
    written: writeShare(session),
    tokens: session.input_tokens + session.output_tokens,
    history: historyBar(session.history_chars, limit),
    peak: session.peak_history_chars === session.history_chars ? null : historyBar(session.peak_history_chars, limit),
  };
}

/** Those that branched from it, among the newest of its agent since it began. */
async function childrenOf(
  { records }: Shelf,
  { id, agent, started }: SessionEntry,
  tenant: string | undefined,
): Promise<object[]> {
  const { sessions } = await records.sessions({
    from: new Date(started),
    to: new Date(Date.now() + 1),
    tenant,
    agent: agent ?? undefined,
    singles: true,
    limit: LOOKED_AT,
  });
  return sessions
    .filter(({ parent }) => parent === id)
    .map((child) => ({ ...child, href: hrefOf(child.id), short: shortOf(child.id), cost: costOf(child) }));
}

const chartsOf = (query: URLSearchParams, here: ChartName): object[] =>
  Object.entries(CHARTS).map(([name, [title]]) => ({
    title,
    href: `${addressOf(PATH, query, { chart: name })}#chart`,
    here: name === here,
  }));

interface TurnsPage {
  readonly turns: readonly Numbered[];
  /** The turn that is looked at. */
  readonly chosen: number | null;
}

/** The turns around the chosen one, or from the one the address names, or the newest. */
function pageOf(turns: readonly Numbered[], query: URLSearchParams): TurnsPage {
  const first = turns[0]?.number ?? 1;
  const chosen = turns.find(({ number }) => number === numberOf(query, 'turn'))?.number ?? null;
  const from = chosen ?? numberOf(query, 'from');
  const last = Math.max(0, turns.length - TURNS);
  // Pages begin at the same turns however one comes to them.
  const at = from === null ? last : Math.max(0, Math.floor((from - first) / TURNS) * TURNS);
  return { turns: turns.slice(Math.min(at, Math.max(0, turns.length - 1))).slice(0, TURNS), chosen };
}

/** One turn with all parts of its prompt, and the ones beside it. */
function stepOf(shown: readonly Numbered[], turns: readonly Numbered[], chosen: number | null, query: URLSearchParams) {
  const one = shown.find(({ number }) => number === chosen);
  if (one === undefined) return null;
  const at = turns.findIndex(({ number }) => number === chosen);
  const to = (other: Numbered | undefined): string | null =>
    other === undefined ? null : `${addressOf(PATH, query, { turn: String(other.number), from: null })}#turn`;
  return {
    ...turnView(one),
    of: turns.at(-1)!.number,
    broke: one.turn.cache_break && { ...one.turn.cache_break, words: breakWords(one.turn.cache_break) },
    parts: one.turn.parts === null ? null : partsOf(one.turn.parts),
    earlier: to(turns[at - 1]),
    later: to(turns[at + 1]),
    close: addressOf(PATH, query, { turn: null, from: null }),
  };
}

function linksOf({ turns: shown }: TurnsPage, turns: readonly Numbered[], query: URLSearchParams) {
  const [first, last] = [shown[0]?.number ?? 1, shown.at(-1)?.number ?? 0];
  const [least, most] = [turns[0]?.number ?? 1, turns.at(-1)?.number ?? 0];
  const to = (number: number): string =>
    `${addressOf(PATH, query, { turn: null, from: String(Math.max(least, number)) })}#turns`;
  return {
    first,
    last,
    most,
    begin: first > least ? to(least) : null,
    earlier: first > least ? to(first - TURNS) : null,
    later: last < most ? to(last + 1) : null,
    newest: last < most ? `${addressOf(PATH, query, { turn: null, from: null })}#turns` : null,
    lost: least > 1 ? least - 1 : null,
  };
}
