/** Tools taken out of a request, and with them the choice of a tool that is not there any more. */
import type { Filters } from '../../src/plugin.ts';
import {
  changed,
  isList,
  isObject,
  isText,
  listOf,
  readText,
  type Slice,
  slicesOf,
  textOf,
  valueIn,
} from '../shared/json-slices.ts';

type Rules = Filters['tools'];

/** What changes in the body: a member's new JSON, or null where it goes. */
export interface ToolChanges {
  readonly removed: number;
  readonly changes: Readonly<Record<string, Buffer | null>>;
}

/** Names a tool goes by: its own, and what it is where the provider brings it along. */
export type Labels = readonly string[];

const PLAIN_TYPES = new Set(['function', 'custom', 'tool']);
const NOTHING: ToolChanges = { removed: 0, changes: {} };

/** Whether the rules take a tool out. */
export const isUnwanted = (labels: Labels, { mode, allowlist, blocklist }: Rules): boolean =>
  mode === 'allowlist'
    ? !labels.some((label) => allowlist.includes(label))
    : labels.some((label) => blocklist.includes(label));

/**
 * Takes tools out of a body of OpenAI's or Anthropic's.
 *
 * @param isSpoken whether the conversation has calls or results in it: Anthropic then wants tools to be there, so if
 *   none were left, all stay and the model is told to call none
 */
export function withoutTools(body: readonly Slice[], rules: Rules, isSpoken: () => boolean): ToolChanges {
  const tools = filtered(body, 'tools', 'tool_choice', rules);
  const old = filtered(body, 'functions', 'function_call', rules);
  if (tools.removed > 0 && tools.changes.tools === null) {
    if (isSpoken()) return { removed: old.removed, changes: { ...old.changes, tool_choice: NO_CALLS } };
    const changes = { ...old.changes, ...tools.changes, ...gone(body, 'parallel_tool_calls') };
    return { removed: tools.removed + old.removed, changes };
  }
  return { removed: tools.removed + old.removed, changes: { ...old.changes, ...tools.changes } };
}

const NO_CALLS = Buffer.from('{"type":"none"}');

const gone = (body: readonly Slice[], name: string): Record<string, null> =>
  valueIn(body, name) === undefined ? {} : { [name]: null };

function filtered(body: readonly Slice[], list: string, choice: string, rules: Rules): ToolChanges {
  const value = valueIn(body, list);
  if (value === undefined || !isList(value)) return NOTHING;
  const tools = slicesOf(value).map((slice) => ({ slice, labels: labelsOf(slice.value) }));
  const out = tools.filter(({ labels }) => isUnwanted(labels, rules));
  if (out.length === 0) return NOTHING;
  const kept = tools.filter((tool) => !out.includes(tool));
  if (kept.length === 0) return { removed: out.length, changes: { [list]: null, ...gone(body, choice) } };
  const left = new Set(kept.flatMap(({ labels }) => labels));
  const lost = new Set(out.flatMap(({ labels }) => labels).filter((label) => !left.has(label)));
  const changes = {
    [list]: listOf(
      withMarks(
        tools.map(({ slice }) => slice),
        new Set(out.map(({ slice }) => slice)),
      ),
    ),
  };
  return { removed: out.length, changes: { ...changes, ...choiceAfter(body, choice, lost) } };
}

function labelsOf(tool: Buffer): Labels {
  if (!isObject(tool)) return [];
  const members = slicesOf(tool);
  const type = textOf(members, 'type');
  const own = textOf(members, 'name') ?? innerName(members);
  const labels = own === undefined ? [] : [own];
  return type === undefined || PLAIN_TYPES.has(type) ? labels : [...labels, type];
}

function innerName(members: readonly Slice[]): string | undefined {
  for (const name of ['function', 'custom']) {
    const inner = valueIn(members, name);
    const found = inner && isObject(inner) ? textOf(slicesOf(inner), 'name') : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What stays of a list; the cache mark of a tool that goes is handed to the one before it, if that has none. */
function withMarks(tools: readonly Slice[], out: ReadonlySet<Slice>): Buffer[] {
  const kept: { raw: Buffer; value: Buffer }[] = [];
  for (const tool of tools) {
    if (!out.has(tool)) {
      kept.push(tool);
      continue;
    }
    const mark = isObject(tool.value) ? valueIn(slicesOf(tool.value), 'cache_control') : undefined;
    const before = kept.at(-1);
    if (mark === undefined || before === undefined) continue;
    const members = slicesOf(before.value);
    if (valueIn(members, 'cache_control') !== undefined) continue;
    const raw = changed(members, { cache_control: mark });
    kept[kept.length - 1] = { raw, value: raw };
  }
  return kept.map(({ raw }) => raw);
}

/** The choice of a tool that is gone goes, too; of several allowed ones, those that are gone. */
function choiceAfter(body: readonly Slice[], name: string, lost: ReadonlySet<string>): ToolChanges['changes'] {
  const choice = valueIn(body, name);
  if (choice === undefined) return {};
  if (isText(choice)) return lost.has(readText(choice)) ? { [name]: null } : {};
  if (!isObject(choice)) return {};
  const members = slicesOf(choice);
  if (textOf(members, 'type') === 'allowed_tools') {
    const after = allowedAfter(choice, lost);
    return after === choice ? {} : { [name]: after };
  }
  if (!labelsOf(choice).some((label) => lost.has(label))) return {};
  // What it says besides must not go with it.
  const isSerial = valueIn(members, 'disable_parallel_tool_use')?.toString() === 'true';
  return { [name]: isSerial ? Buffer.from('{"type":"auto","disable_parallel_tool_use":true}') : null };
}

/** Chat has the list one level deeper than Responses. */
function allowedAfter(choice: Buffer, lost: ReadonlySet<string>): Buffer | null {
  const members = slicesOf(choice);
  const inner = valueIn(members, 'allowed_tools');
  if (inner && isObject(inner)) {
    const after = allowedAfter(inner, lost);
    if (after === inner) return choice;
    return after && changed(members, { allowed_tools: after });
  }
  const tools = valueIn(members, 'tools');
  if (tools === undefined || !isList(tools)) return choice;
  const all = slicesOf(tools);
  const kept = all.filter(({ value }) => !labelsOf(value).some((label) => lost.has(label)));
  if (kept.length === all.length) return choice;
  return kept.length === 0 ? null : changed(members, { tools: listOf(kept.map(({ raw }) => raw)) });
}
