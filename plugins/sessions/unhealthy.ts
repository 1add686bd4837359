/** How many sessions are not well, as a figure for alerts. */
import type { FigureReading, HealthState } from '../../src/plugin.ts';
import type { Shelf } from './page-shelf.ts';
import { judged } from './view-state.ts';

const HOUR_MS = 3_600_000;
/** Sessions that are looked at, the last used first: five pages. */
const PAGE = 200;
const PAGES = 5;

const UNHEALTHY: ReadonlySet<HealthState> = new Set(['compact_soon', 'reset_recommended', 'cache_unstable']);

/**
 * Sessions of the last hour that should be compacted, reset, or whose cache is unstable, by agent: 0 for an agent whose
 * sessions are well. Rejects when the database does not answer.
 */
export async function unhealthySessions(
  { records, settings }: Pick<Shelf, 'records' | 'settings'>,
  now = Date.now(),
): Promise<FigureReading[]> {
  const counts = new Map<string, FigureReading & { value: number }>();
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const question = { from: new Date(now - HOUR_MS), to: new Date(now + HOUR_MS), limit: PAGE, cursor };
    const { sessions, next } = await records.sessions(question);
    for (const session of sessions) {
      const { agent, tenant } = session;
      if (agent === null) continue;
      const subject = tenant === null ? { agent } : { tenant, agent };
      const key = JSON.stringify(subject);
      const { state } = judged(session, settings.of(agent).sessionCharLimit);
      const value = (counts.get(key)?.value ?? 0) + (UNHEALTHY.has(state) ? 1 : 0);
      counts.set(key, { subject, value });
    }
    if (next === null) break;
    cursor = next;
  }
  return [...counts.values()];
}
