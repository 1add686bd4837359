/** What a change has changed, in small facts for the audit. */
import { isMembers } from './members.ts';
import type { SettingsBody } from './settings.ts';

export interface Difference {
  /** Null: what holds for all. */
  readonly agent: string | null;
  /** Changed fields only, by their path, such as `filters.tools.enabled`. */
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

type Flat = Map<string, unknown>;

const MOST_NAMES = 20;
/** Its text is a prompt, and no prompt is kept: its length is. */
const SECRET = 'custom_replacement';

/** Tells the differences between two bodies of settings: one for all, and one for each agent. */
export function differences(before: SettingsBody, after: SettingsBody): Difference[] {
  const { agents: one, ...rest } = before;
  const { agents: other, ...others } = after;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [
    between(null, flat(rest), flat(others)),
    ...[...names].map((name) => between(name, flat(own(one, name)), flat(own(other, name)))),
  ].filter((difference) => difference !== null);
}

function own(agents: SettingsBody['agents'], name: string): unknown {
  if (!Object.hasOwn(agents, name)) return {};
  const { session_char_limit, poll_interval_minutes, filters } = agents[name]!;
  return { session_char_limit, poll_interval_minutes, filters };
}

function between(agent: string | null, before: Flat, after: Flat): Difference | null {
  const fields = [...new Set([...before.keys(), ...after.keys()])].filter(
    (field) => JSON.stringify(before.get(field) ?? null) !== JSON.stringify(after.get(field) ?? null),
  );
  if (fields.length === 0) return null;
  const said = (values: Flat) => Object.fromEntries(fields.map((field) => [field, shown(field, values.get(field))]));
  return { agent, before: said(before), after: said(after) };
}

function flat(value: unknown, at = '', into: Flat = new Map()): Flat {
  if (isMembers(value)) {
    for (const [name, inner] of Object.entries(value)) flat(inner, at === '' ? name : `${at}.${name}`, into);
  } else if (value !== undefined) into.set(at, value);
  return into;
}

function shown(field: string, value: unknown): unknown {
  if (typeof value === 'string' && field.endsWith(SECRET)) return `${value.length} characters`;
  if (Array.isArray(value) && value.length > MOST_NAMES)
    return [...value.slice(0, MOST_NAMES), `and ${value.length - MOST_NAMES} more`];
  return value ?? null;
}
