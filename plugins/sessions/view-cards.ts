/** How agents are: one card each, as the predecessor showed them. */
import type { Lent, SessionEntry, Settings } from '../../src/plugin.ts';
import { historyBar } from './view-bar.ts';
import { costOf, hrefOf, writeShare } from './view-rows.ts';
import { judged } from './view-state.ts';
import { foundWords, gravityOf, STATES, shortOf } from './view-words.ts';

export const MOST_CARDS = 24;
const PAUSES = '/dashboard/pauses';

/** An agent and the session it used last; null: it has none in this stretch of time. */
export interface Standing {
  readonly agent: string | null;
  readonly session: SessionEntry | null;
  /** Its last turns cost nothing, because its provider is free. */
  readonly local: boolean;
}

interface Asked {
  readonly from: Date;
  readonly to: Date;
  readonly tenant: string | undefined;
  readonly agent: string | undefined;
}

/**
 * The newest session of each agent.
 *
 * @param sessions the newest of all agents
 * @param lone agents that had single calls only
 */
export async function standingsOf(
  records: Lent['records'],
  settings: Settings,
  { from, to, tenant, agent }: Asked,
  sessions: readonly SessionEntry[],
  lone: readonly string[],
): Promise<Standing[]> {
  const newest = new Map<string | null, SessionEntry | null>();
  for (const session of sessions) if (!newest.has(session.agent)) newest.set(session.agent, session);
  // Settings name agents of all tenants.
  const set = tenant === undefined ? Object.keys(settings.body().agents) : [];
  for (const name of [...lone, ...set]) if (!newest.has(name)) newest.set(name, null);
  const asked = [...newest].filter(([name]) => agent === undefined || name === agent).slice(0, MOST_CARDS);
  return Promise.all(
    asked.map(async ([name, known]) => {
      const session = known ?? (await newestOf(records, { from, to, tenant, agent: name ?? undefined }));
      return { agent: name, session, local: session !== null && (await isLocal(records, session, tenant)) };
    }),
  );
}

async function newestOf(records: Lent['records'], asked: Asked): Promise<SessionEntry | null> {
  const { sessions } = await records.sessions({ ...asked, singles: true, limit: 1 });
  return sessions[0] ?? null;
}

/** Asked only where nothing was paid. */
async function isLocal(records: Lent['records'], session: SessionEntry, tenant: string | undefined): Promise<boolean> {
  if (session.unpriced > 0 || Number(session.cost_usd ?? 1) > 0) return false;
  const turns = await records.turns({ session: session.id, tenant, limit: 5 });
  const billed = turns.filter(({ usage_status: status }) => status !== 'not_applicable');
  return billed.length > 0 && billed.every(({ cost_source: source }) => source === 'free');
}

/** Cards, the gravest state first; within a state by name, so that they keep their places. */
export function cardsOf(standings: readonly Standing[], settings: Settings): Record<string, unknown>[] {
  return standings
    .map((standing) => ({ card: cardOf(standing, settings), name: standing.agent ?? '' }))
    .sort((one, other) => one.card.gravity - other.card.gravity || one.name.localeCompare(other.name))
    .map(({ card }) => card);
}

function cardOf({ agent, session, local }: Standing, settings: Settings) {
  const limit = settings.of(agent).sessionCharLimit;
  const { state, quality } = judged(session, limit);
  const common = { agent, state: STATES[state], gravity: gravityOf(state), local, ...stopsOf(agent) };
  if (session === null) return common;
  const { newest_turns: newest } = session;
  // Where some costs are unknown, one that is missing is one of them.
  const guess = (usd: string | null) => ({
    ...costOf({ cost_usd: usd, unpriced: 0 }),
    ...(session.unpriced > 0 && { word: 'unknown' }),
  });
  return {
    ...common,
    href: hrefOf(session.id),
    short: shortOf(session.id),
    found: foundWords(session),
    quality,
    turns: session.turns,
    history: historyBar(session.history_chars, limit),
    last: guess(session.last_cost_usd),
    average: guess(newest.cost_usd),
    written: writeShare(newest),
    cost: costOf(session),
  };
}

/** The form of pauses, filled in: to stop an agent, and to slow it down. */
function stopsOf(agent: string | null): { pause: string; slow: string } | null {
  if (agent === null) return null;
  const to = (more: Record<string, string>): string => `${PAUSES}?${new URLSearchParams({ agent, ...more })}#pause`;
  return { pause: to({}), slow: to({ effect: 'slow' }) };
}
