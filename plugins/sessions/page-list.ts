/** The page of all sessions: how agents are, how the newest histories grew, and a list. */
import type { PageQuestion, SessionEntry, SessionsPage } from '../../src/plugin.ts';
import { addressOf, nameOf, rangesOf, type Stretch, stretchOf } from './page-query.ts';
import type { Shelf } from './page-shelf.ts';
import { cardsOf, standingsOf } from './view-cards.ts';
import { growthOf, named } from './view-growth.ts';
import { deedsOf } from './view-resets.ts';
import { rowOf } from './view-rows.ts';
import { EXAMPLE } from './view-words.ts';

const PATH = '/dashboard/sessions';
/** Sessions that are looked at for agents, sessions of one page, and sessions of the chart. */
const LOOKED_AT = 200;
const ROWS = 50;
const DRAWN = 5;
const TURNS = 2000;

interface Asked extends Stretch {
  readonly tenant: string | undefined;
  readonly agent: string | undefined;
  readonly singles: boolean;
  readonly cursor: string | undefined;
}

/** Makes what the page shows. */
export async function listPage(shelf: Shelf, question: PageQuestion): Promise<Record<string, unknown>> {
  const { records, settings, audit } = shelf;
  const { query, zone } = question;
  const asked = askedOf(question);
  const { from, to, tenant, agent, singles, cursor } = asked;
  const [all, page] = await Promise.all([
    records.sessions({ from, to, tenant, limit: LOOKED_AT }),
    records.sessions({ from, to, tenant, agent, singles, limit: ROWS, cursor }),
  ]);
  const lone = all.singles.flatMap(({ agent: name }) => name ?? []);
  // Of an agent whose sessions are older than those of others, the first page has the newest.
  const newest = cursor === undefined ? [...all.sessions, ...page.sessions] : all.sessions;
  const [standings, deeds, growth] = await Promise.all([
    standingsOf(records, settings, asked, newest, lone),
    deedsOf(audit, page.sessions, tenant),
    drawnOf(shelf, asked, all, zone),
  ]);
  return {
    ...frameOf(asked, query, page),
    told: toldOf(query, agent),
    example: EXAMPLE,
    menus: menusOf(all, lone, agent),
    cards: cardsOf(standings, settings),
    growth,
    rows: page.sessions.map((session) => rowOf(session, settings, deeds.get(session.id) ?? [])),
    singles: singlesOf(page, query),
  };
}

const askedOf = ({ query, principal }: PageQuestion): Asked => ({
  ...stretchOf(query, '24h'),
  tenant: principal?.tenant,
  agent: nameOf(query, 'agent'),
  singles: query.get('singles') === '1',
  cursor: nameOf(query, 'cursor'),
});

/** Links, and what they keep. */
function frameOf({ name, title, agent, singles, cursor }: Asked, query: URLSearchParams, page: SessionsPage) {
  const to = (change: Record<string, string | null>): string => addressOf(PATH, query, change);
  return {
    self: to({}),
    range: title,
    ranges: rangesOf(PATH, query, name),
    kept: { range: query.get('range'), singles: singles ? '1' : null },
    unfiltered: agent === undefined ? null : to({ agent: null, cursor: null }),
    together: singles ? to({ singles: null, cursor: null }) : null,
    newest: cursor === undefined ? null : to({ cursor: null }),
    older: page.next === null ? null : to({ cursor: page.next }),
    empty: page.sessions.length === 0 && page.singles.length === 0,
    filtered: agent !== undefined || cursor !== undefined,
  };
}

/** What the form of a card came to, by the word that plugin `session-files` leads back with. */
function toldOf(query: URLSearchParams, agent = ''): object | null {
  const note = query.get('note') ?? '';
  return Object.hasOwn(TOLD, note) ? { ...TOLD[note as keyof typeof TOLD], agent } : null;
}

const TOLD = {
  reset: { tone: 'good', words: 'was reset: its file is gone, and it begins anew with its next turn.' },
  kept: { tone: 'warn', words: 'was not reset: there is no session file of it now.' },
  not_configured: {
    tone: 'warn',
    words: 'was not reset: no session directory is configured for it. Name one in plugin session-files, under dirs.',
  },
} as const;

function menusOf(all: SessionsPage, lone: readonly string[], chosen: string | undefined): object[] {
  const names = new Set([...all.sessions.flatMap(({ agent }) => agent ?? []), ...lone]);
  if (chosen !== undefined) names.add(chosen);
  const options = [...names].sort((one, other) => one.localeCompare(other));
  return [{ name: 'agent', all: 'All agents', options: options.map((value) => ({ value, chosen: value === chosen })) }];
}

/** Calls on their own are told by agent; a link leads to them. */
function singlesOf({ singles }: SessionsPage, query: URLSearchParams): object[] {
  return singles.map(({ agent, sessions, cost_usd }) => ({
    agent,
    calls: sessions,
    cost: cost_usd,
    href: addressOf(PATH, query, { singles: '1', cursor: null, ...(agent !== null && { agent }) }),
  }));
}

/** The newest sessions of the chosen agent, or of the one that was there last; those of one turn have no line. */
async function drawnOf({ records, settings }: Shelf, asked: Asked, all: SessionsPage, zone: string) {
  const agent = asked.agent ?? all.sessions[0]?.agent;
  if (agent === undefined) return null;
  const sessions = await sessionsOf(records, asked, agent, all.sessions);
  const grown = await Promise.all(
    sessions.map(async ({ id }) => named(id, await records.turns({ session: id, tenant: asked.tenant, limit: TURNS }))),
  );
  const limit = settings.of(agent).sessionCharLimit;
  const drawn = growthOf(grown, [limit], zone);
  const isLong = sessions.some(({ turns }) => turns > TURNS);
  const legend = drawn?.plot.legend.map((line, at) => ({ ...line, id: sessions[at]!.id }));
  return drawn && { ...drawn, agent, legend, limit, sessions: sessions.length, isLong };
}

async function sessionsOf(
  records: Shelf['records'],
  { from, to, tenant, agent: chosen }: Asked,
  agent: string | null,
  all: readonly SessionEntry[],
): Promise<SessionEntry[]> {
  const known = all.filter((session) => session.agent === agent).slice(0, DRAWN);
  if (chosen === undefined || known.length === DRAWN) return known;
  return (await records.sessions({ from, to, tenant, agent: chosen, limit: DRAWN })).sessions;
}
