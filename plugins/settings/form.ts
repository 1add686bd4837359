/** Forms of the page of settings, as changes of them. */
import type { Filters, FiltersPart, SettingsBody } from '../../src/plugin.ts';

type Loose = Readonly<Record<string, unknown>>;

/** How a field of the form of filters is written. */
export interface FilterField {
  readonly section: 'tools' | 'system_prompt' | 'history' | null;
  readonly member: string;
  readonly kind: 'flag' | 'word' | 'names' | 'count' | 'text';
  readonly label: string;
  readonly words?: readonly string[];
}

const field = (
  section: FilterField['section'],
  kind: FilterField['kind'],
  member: string,
  label: string,
  words?: readonly string[],
): FilterField => ({ section, member, kind, label, ...(words && { words }) });

export const FILTER_FIELDS: readonly FilterField[] = [
  field(null, 'flag', 'enabled', 'Filter requests'),
  field(null, 'flag', 'log_details', 'Say in the log what was taken out'),
  field('tools', 'flag', 'enabled', 'Take out tools'),
  field('tools', 'word', 'mode', 'Which list counts', ['allowlist', 'blocklist']),
  field('tools', 'names', 'allowlist', 'Only these are left'),
  field('tools', 'names', 'blocklist', 'These are taken out'),
  field('system_prompt', 'flag', 'enabled', 'Change the system prompt'),
  field('system_prompt', 'word', 'mode', 'How', ['strip_sections', 'replace', 'truncate']),
  field('system_prompt', 'names', 'strip_sections', 'Sections that are taken out, by heading'),
  field('system_prompt', 'text', 'custom_replacement', 'What stands in its place'),
  field('system_prompt', 'count', 'max_chars', 'Characters that are left of it'),
  field('history', 'flag', 'enabled', 'Shorten the history'),
  field('history', 'flag', 'always_keep_system', 'Leave system messages'),
  field('history', 'flag', 'drop_old_tool_calls', 'Take tool calls out of older parts'),
  field('history', 'count', 'max_pairs', 'Questions that are left'),
  field('history', 'count', 'always_keep_last_n', 'Messages at the end that are left'),
  field('history', 'count', 'drop_old_tool_calls_after_pairs', 'Questions that keep their tool calls'),
  field('history', 'count', 'truncate_tool_results_chars', 'Characters of a tool result'),
  field('history', 'count', 'max_total_chars', 'Characters of the history'),
];

/** Name of a field in the form, and its path in the settings. */
export const nameOf = ({ section, member }: FilterField): string =>
  section === null ? `filters.${member}` : `filters.${section}.${member}`;

export const valueIn = (filters: Filters, { section, member }: FilterField): unknown =>
  section === null ? filters[member as 'enabled'] : (filters[section] as unknown as Loose)[member];

/** What the form of everybody's settings changes; what is as it was is left out, so that gateway.yaml goes on saying it. */
export function changeOfAll(form: URLSearchParams, body: SettingsBody): Loose {
  const change: Record<string, unknown> = {};
  for (const name of ['session_char_limit', 'poll_interval_minutes'] as const) {
    const value = numberIn(form.get(name));
    if (value !== body[name]) change[name] = value;
  }
  return change;
}

/** What the row of an agent says. An empty field: as for all. */
export function changeOfAgent(form: URLSearchParams, { agents }: SettingsBody): Loose {
  const name = form.get('agent') ?? '';
  const own = Object.hasOwn(agents, name) ? agents[name]! : null;
  const filters = switchedTo(own?.filters, form.get('filters') ?? '');
  const change = {
    session_char_limit: numberIn(form.get('session_char_limit')),
    poll_interval_minutes: numberIn(form.get('poll_interval_minutes')),
    ...(filters !== undefined && { filters }),
  };
  return { agents: Object.fromEntries([[name, change]]) };
}

/** An agent's own filters with another switch; undefined: they stay. */
function switchedTo(own: FiltersPart | undefined, wanted: string): FiltersPart | null | undefined {
  const { enabled: is = null, ...rest } = own ?? {};
  const enabled = wanted === 'on' ? true : wanted === 'off' ? false : null;
  if (enabled === is) return undefined;
  if (enabled !== null) return { ...rest, enabled };
  return Object.keys(rest).length === 0 ? null : rest;
}

export function changeOfFilters(form: URLSearchParams, { filters }: SettingsBody): Loose {
  const change: Record<string, unknown> = {};
  for (const one of FILTER_FIELDS) {
    const value = readField(form, one);
    if (JSON.stringify(value) === JSON.stringify(valueIn(filters, one))) continue;
    if (one.section === null) change[one.member] = value;
    else change[one.section] = { ...(change[one.section] as Loose | undefined), [one.member]: value };
  }
  return { filters: change };
}

function readField(form: URLSearchParams, one: FilterField): unknown {
  const text = form.get(nameOf(one));
  if (one.kind === 'flag') return text !== null;
  if (one.kind === 'count') return numberIn(text);
  // Browsers send the ends of lines as two characters.
  const lines = (text ?? '').replaceAll('\r\n', '\n');
  if (one.kind !== 'names') return lines === '' ? null : lines;
  return lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A number; null where nothing is written; what is none as it was written, so that it is told to be none. */
function numberIn(text: string | null): number | string | null {
  const written = (text ?? '').trim();
  if (written === '') return null;
  return /^-?\d{1,16}(\.\d+)?$/.test(written) ? Number(written) : written;
}
