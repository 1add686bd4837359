import type { Action, State, Word } from './limit.ts';

/** A session at a limit, as it is told. */
export interface Sighting {
  /** UTC ISO: when it was seen there last. */
  readonly time: string;
  readonly session: string | null;
  readonly agent: string | null;
  readonly tenant: string | null;
  readonly project: string | null;
  readonly limit: string;
  readonly state: State;
  readonly measure: Word;
  /** As amounts are told: whole numbers, or exact dollars. */
  readonly value: string;
  readonly bound: string;
  readonly action: Action | 'grace' | 'compaction';
}

/** Names of sessions are their clients' to make up: whoever does must not fill the memory. */
const MOST = 10_000;
const MOST_SIGHTINGS = 500;
const GRACE_MS = 600_000;

/** What is remembered of sessions at limits: in this process, the newest ones. */
export class Memory {
  readonly #told = new Map<string, true>();
  readonly #grace = new Map<string, { since: number; used: number }>();
  readonly #sightings = new Map<string, Sighting>();

  /** True the first time for a session, a limit and a state. */
  tells(sighting: Sighting): boolean {
    const key = `${keyOf(sighting)}\n${sighting.state}`;
    const isNew = !this.#told.has(key);
    put(this.#told, key, true, MOST);
    return isNew;
  }

  /**
   * Lets one more request pass, where not so many have in ten minutes.
   *
   * @param key of the session and the limit
   * @param now milliseconds on any clock that does not go back
   */
  grant(key: string, most: number, now: number): boolean {
    const known = this.#grace.get(key);
    const fresh = known === undefined || now - known.since >= GRACE_MS;
    const grace = fresh ? { since: now, used: 0 } : known;
    if (grace.used >= most) return false;
    grace.used++;
    put(this.#grace, key, grace, MOST);
    return true;
  }

  see(sighting: Sighting): void {
    put(this.#sightings, keyOf(sighting), sighting, MOST_SIGHTINGS);
  }

  /** The newest first. */
  get sightings(): readonly Sighting[] {
    return [...this.#sightings.values()].reverse();
  }
}

export const keyOf = ({ limit, tenant, agent, session }: Omit<Sighting, 'time'> | Sighting): string =>
  JSON.stringify([limit, tenant, session === null ? agent : null, session]);

/** Puts it last, and forgets the first where there are too many. */
function put<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}
