/** What was done to sessions, as the audit has it. */
import type { Audit, AuditEntry, SessionEntry } from '../../src/plugin.ts';
import { factsOf } from './view-words.ts';

/** A session that was reset has no turn any more; a reset by hand may come a while after the last one. */
const AFTER_MS = 15 * 60_000;
const MOST = 500;

/** Something that was done to a session. */
export interface Deed {
  readonly time: string;
  /** `reset`. */
  readonly what: string;
  readonly by: string | null;
  /** Small facts, as one line. */
  readonly why: string;
}

type Known = Pick<SessionEntry, 'id' | 'agent' | 'started' | 'last'>;

/**
 * The deeds by session, the oldest first. Files of an agent's sessions have names of their own, so a deed that names
 * none of these sessions belongs to the one of its agent that ran then, or had just ended.
 *
 * @param tenant whose key it is; agents of several tenants may have one name, so then only ids count
 */
export async function deedsOf(
  audit: Audit,
  sessions: readonly Known[],
  tenant: string | undefined,
): Promise<ReadonlyMap<string, Deed[]>> {
  const deeds = new Map<string, Deed[]>();
  if (sessions.length === 0) return deeds;
  const ids = sessions.map(({ id }) => id);
  const byId = await audit.list({ action: 'session.', sessions: ids, limit: MOST });
  const byTime = tenant === undefined ? await audit.list({ action: 'session.', ...spanOf(sessions), limit: MOST }) : [];
  const known = new Set(ids);
  const seen = new Set<string>();
  for (const entry of [...byId, ...byTime]) {
    const mark = JSON.stringify([entry.time, entry.action, entry.agent, entry.session]);
    const id = entry.session !== null && known.has(entry.session) ? entry.session : ranThen(entry, sessions)?.id;
    if (id === undefined || seen.has(mark)) continue;
    seen.add(mark);
    deeds.set(id, [deedOf(entry), ...(deeds.get(id) ?? [])]);
  }
  for (const list of deeds.values()) list.sort((one, other) => one.time.localeCompare(other.time));
  return deeds;
}

function spanOf(sessions: readonly Known[]): { from: Date; to: Date } {
  const starts = sessions.map(({ started }) => Date.parse(started));
  const ends = sessions.map(({ last }) => Date.parse(last));
  return { from: new Date(Math.min(...starts)), to: new Date(Math.max(...ends) + AFTER_MS) };
}

function ranThen({ time, agent }: AuditEntry, sessions: readonly Known[]): Known | undefined {
  const at = Date.parse(time);
  const some = sessions.filter(
    (one) =>
      one.agent !== null &&
      one.agent === agent &&
      Date.parse(one.started) <= at &&
      at <= Date.parse(one.last) + AFTER_MS,
  );
  return some.sort((one, other) => other.started.localeCompare(one.started))[0];
}

const deedOf = (entry: AuditEntry): Deed => ({
  time: entry.time,
  what: entry.action.replace(/^session\./, '').replaceAll('_', ' '),
  by: entry.who,
  why: factsOf(entry),
});
