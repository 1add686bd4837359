/** What was set at run time, as it is kept: a document for each part, so that two changes of different parts never meet. */
import type { Json } from '../accounts/documents.ts';
import { changeFilters } from './merged.ts';
import { type Change, isChars, isMinutes, readAgent } from './read-change.ts';
import type { AgentSettings, FiltersPart } from './settings.ts';

export interface Stored {
  readonly session_char_limit: number | null;
  readonly poll_interval_minutes: number | null;
  readonly filters: FiltersPart | null;
  readonly agents: ReadonlyMap<string, AgentSettings>;
}

const AGENT = 'agent ';

/** Reads the documents; what an older or newer version has stored otherwise is passed over. */
export function readStored(documents: ReadonlyMap<string, Json>): Stored {
  const agents = new Map<string, AgentSettings>();
  for (const [id, body] of documents) {
    const own = id.startsWith(AGENT) ? readAgent(body) : null;
    if (own !== null) agents.set(id.slice(AGENT.length), own);
  }
  const chars = documents.get('session_char_limit');
  const minutes = documents.get('poll_interval_minutes');
  return {
    session_char_limit: isChars(chars) ? chars : null,
    poll_interval_minutes: isMinutes(minutes) ? minutes : null,
    filters: readAgent({ filters: documents.get('filters') ?? null })?.filters ?? null,
    agents,
  };
}

/** What is stored after a change. */
export function changed(before: Stored, change: Change): Stored {
  const agents = new Map(before.agents);
  for (const [name, own] of change.agents) {
    if (own === null) agents.delete(name);
    // Filters of an agent are replaced as a whole.
    else agents.set(name, { ...agents.get(name), ...own });
  }
  const { session_char_limit: chars, poll_interval_minutes: minutes, filters } = change;
  return {
    session_char_limit: chars === undefined ? before.session_char_limit : chars,
    poll_interval_minutes: minutes === undefined ? before.poll_interval_minutes : minutes,
    filters: filters === undefined ? before.filters : changeFilters(before.filters, filters),
    agents,
  };
}

/** The documents of which one says something else than the other; null: it is there no more. */
export function documentsBetween(before: Stored, after: Stored): Map<string, Json | null> {
  const old = documentsOf(before);
  const documents = new Map<string, Json | null>();
  for (const [id, body] of documentsOf(after)) {
    if (JSON.stringify(body) !== JSON.stringify(old.get(id))) documents.set(id, body);
    old.delete(id);
  }
  for (const id of old.keys()) documents.set(id, null);
  return documents;
}

function documentsOf({ session_char_limit, poll_interval_minutes, filters, agents }: Stored): Map<string, Json> {
  const documents = new Map<string, Json>();
  if (session_char_limit !== null) documents.set('session_char_limit', session_char_limit);
  if (poll_interval_minutes !== null) documents.set('poll_interval_minutes', poll_interval_minutes);
  if (filters !== null) documents.set('filters', filters as unknown as Json);
  for (const [name, own] of agents) documents.set(AGENT + name, own as unknown as Json);
  return documents;
}
