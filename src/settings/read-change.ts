import { readFilters } from './filter-rules.ts';
import { isLine, isMembers, join, type Members, membersOf, Wrong } from './members.ts';
import type { AgentSettings, FiltersPart, SettingsProblem } from './settings.ts';

/** A part of the settings as somebody wants it. What it does not name stays; null is no word of one's own. */
export interface Change extends AgentSettings {
  /** Null: nothing of its own any more. */
  readonly agents: ReadonlyMap<string, AgentSettings | null>;
}

export const LEAST_CHARS = 10_000;
export const MOST_MINUTES = 60;
export const LONGEST_AGENT = 128;

const OWN = ['session_char_limit', 'poll_interval_minutes', 'filters'];
/** What `GET` tells and nobody sets: whoever sends back what he was given is not refused for it. */
const TOLD = ['_effective_session_char_limit', '_effective_poll_interval_minutes'];

/** Reads the body of `POST /api/settings`. Nothing is converted: `true` is no number, and `"20000"` is none. */
export function readChange(value: unknown): Change | SettingsProblem {
  try {
    const members = membersOf(value, '', [...OWN, 'agents']);
    return { ...readOwn(members, ''), agents: readAgents(members.agents) };
  } catch (error) {
    if (error instanceof Wrong) return error.problem;
    throw error;
  }
}

/** Reads what one agent has of its own; null for what an older or newer version has stored otherwise. */
export function readAgent(value: unknown): AgentSettings | null {
  try {
    return readOwn(membersOf(value, '', [...OWN, ...TOLD]), '');
  } catch {
    return null;
  }
}

function readOwn(members: Members, at: string): AgentSettings {
  const own: { -readonly [K in keyof AgentSettings]: AgentSettings[K] } = {};
  const { session_char_limit: chars, poll_interval_minutes: minutes, filters } = members;
  if (chars !== undefined) {
    if (chars !== null && !isChars(chars)) throw new Wrong(join(at, 'session_char_limit'), NO_CHARS);
    own.session_char_limit = chars;
  }
  if (minutes !== undefined) {
    if (minutes !== null && !isMinutes(minutes)) throw new Wrong(join(at, 'poll_interval_minutes'), NO_MINUTES);
    own.poll_interval_minutes = minutes;
  }
  if (filters !== undefined) own.filters = filters === null ? null : readPart(filters, at);
  return own;
}

const readPart = (filters: unknown, at: string): FiltersPart => readFilters(filters, join(at, 'filters'));

export const isChars = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= LEAST_CHARS;
export const isMinutes = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_MINUTES;

const NO_CHARS = `must be >= ${LEAST_CHARS}, a whole number`;
const NO_MINUTES = `must be 1-${MOST_MINUTES}, a whole number`;

function readAgents(value: unknown): Map<string, AgentSettings | null> {
  const agents = new Map<string, AgentSettings | null>();
  if (value === undefined || value === null) return agents;
  if (!isMembers(value)) throw new Wrong('agents', 'must be an object of agents by name');
  for (const [name, own] of Object.entries(value)) {
    const at = join('agents', name);
    if (name === '' || name.length > LONGEST_AGENT || !isLine(name)) throw new Wrong(at, NO_NAME);
    agents.set(name, own === null ? null : readOwn(membersOf(own, at, [...OWN, ...TOLD]), at));
  }
  return agents;
}

const NO_NAME = `must have a name of 1 to ${LONGEST_AGENT} characters, without control characters`;
