/** What a prompt is made of, as a bar and as a table. */
import type { PartKind, PromptPart, TurnEntry } from '../../src/plugin.ts';

/** In the order in which providers cache them. */
const GROUPS = ['tools', 'system', 'history', 'new'] as const;
type Group = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Record<PartKind, Group>> = {
  tool: 'tools',
  schema: 'tools',
  system: 'system',
  file: 'system',
  skills: 'system',
  component: 'system',
  history: 'history',
  new: 'new',
};

const WIDTH = 1000;

/** Characters by group; null where nobody knows any. What is new is told apart only where there are parts. */
export function sizesOf(turn: TurnEntry): Readonly<Record<Group, number>> | null {
  const { parts } = turn;
  if (parts !== null && parts.length > 0) {
    const sizes = { tools: 0, system: 0, history: 0, new: 0 };
    for (const { kind, chars } of parts) sizes[GROUP_OF[kind]] += chars;
    return sizes;
  }
  const { tools_chars: tools, system_chars: system, history_chars: history } = turn;
  if (tools === null && system === null && history === null) return null;
  return { tools: tools ?? 0, system: system ?? 0, history: history ?? 0, new: 0 };
}

/** A bar as long as its prompt, beside the longest of the table. */
export function stackOf(sizes: Readonly<Record<Group, number>>, longest: number): object {
  let x = 0;
  const parts = GROUPS.flatMap((name) => {
    const width = longest > 0 ? (sizes[name] / longest) * WIDTH : 0;
    if (!(width > 0)) return [];
    const part = { name, chars: sizes[name], x: round(x), width: round(width) };
    x += width;
    return [part];
  });
  return { parts, total: totalOf(sizes), words: parts.map(({ name, chars }) => `${name} ${whole(chars)}`).join(', ') };
}

export const totalOf = (sizes: Readonly<Record<Group, number>>): number =>
  GROUPS.reduce((sum, name) => sum + sizes[name], 0);

/** The parts of one turn with their share of its characters, in the order in which they are cached. */
export function partsOf(parts: readonly PromptPart[]): object[] {
  const all = parts.reduce((sum, { chars }) => sum + chars, 0);
  return parts.map((part) => ({
    ...part,
    group: GROUP_OF[part.kind],
    share: all > 0 ? part.chars / all : null,
    width: all > 0 ? round((part.chars / all) * WIDTH) : 0,
  }));
}

const whole = (count: number): string => count.toLocaleString('en-US');
const round = (value: number): number => Math.round(value * 10) / 10;
