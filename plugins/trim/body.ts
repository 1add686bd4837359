/** A request made shorter by the rules of its agent: tools, system text, history. */
import type { Filters } from '../../src/plugin.ts';
import { changed, charsOf, isList, isObject, listOf, type Slice, slicesOf, valueIn } from '../shared/json-slices.ts';
import { ANTHROPIC } from './anthropic.ts';
import { CHAT } from './chat.ts';
import { GEMINI } from './gemini.ts';
import { type HistoryRules, shorten } from './history.ts';
import type { Item, Rest, Speech } from './item.ts';
import { RESPONSES } from './responses.ts';
import { shortenSystem } from './system.ts';
import { type ToolChanges, withoutTools } from './tools.ts';
import { withoutGeminiTools } from './tools-gemini.ts';

/** By API: how its conversations are written. */
export const SPEECHES: ReadonlyMap<string, Speech> = new Map([
  ['openai.chat', CHAT],
  ['mistral.chat', CHAT],
  ['openai.responses', RESPONSES],
  ['anthropic.messages', ANTHROPIC],
  ['gemini.generateContent', GEMINI],
  ['gemini.streamGenerateContent', GEMINI],
]);

export interface TrimRules {
  readonly filters: Filters;
  /** The history has to come to less than so many characters, as far as that can be, whatever the filters say; null: it has not. */
  readonly shortenTo: number | null;
}

/** A body made shorter, and by how much. */
export interface Trimmed {
  readonly body: Buffer;
  readonly tools: number;
  /** Characters of the body, and those of them that its history had. */
  readonly chars: number;
  readonly historyChars: number;
  /** Messages that are gone or changed. */
  readonly messages: number;
}

/**
 * Shortens a body; null where nothing is to be done.
 *
 * @param json one JSON object
 * @throws Error where it is none that this API has
 */
export function trim(json: Buffer, speech: Speech, rules: TrimRules): Trimmed | null {
  const body = slicesOf(json);
  const { removed, changes: tools } = toolsOf(body, speech, rules.filters);
  const { messages, changes: texts } = textsOf(body, speech, rules);
  const changes = { ...tools, ...texts };
  if (Object.keys(changes).length === 0) return null;
  const saved = Object.entries(changes).map(([name, now]) => savedBy(body, name, now));
  const list = texts[speech.list];
  return {
    body: changed(body, changes),
    tools: removed,
    chars: Math.max(
      0,
      saved.reduce((sum, chars) => sum + chars, 0),
    ),
    historyChars: list ? savedBy(body, speech.list, list) : 0,
    messages,
  };
}

/** Characters that a change of a member takes away. */
function savedBy(body: readonly Slice[], name: string, now: Rest): number {
  const before = body.filter((member) => member.name === name);
  if (now === null) return before.reduce((sum, { raw }) => sum + charsOf(raw) + 1, 0);
  return charsOf(before.at(-1)?.value ?? EMPTY) - charsOf(now);
}

const EMPTY = Buffer.alloc(0);

function toolsOf(body: readonly Slice[], speech: Speech, { enabled, tools }: Filters): ToolChanges {
  if (!enabled || !tools.enabled) return { removed: 0, changes: {} };
  if (speech === GEMINI) return withoutGeminiTools(body, tools);
  const isSpoken = (): boolean => {
    const list = speech === ANTHROPIC ? valueIn(body, speech.list) : undefined;
    return list !== undefined && (list.includes('"tool_use"') || list.includes('"tool_result"'));
  };
  return withoutTools(body, tools, isSpoken);
}

interface Texts {
  readonly messages: number;
  readonly changes: Record<string, Buffer | null>;
}

/** What becomes of the system text and of the history. */
function textsOf(body: readonly Slice[], speech: Speech, rules: TrimRules): Texts {
  const { system_prompt: system, history, enabled } = rules.filters;
  const editsSystem = enabled && system.enabled;
  const editsHistory = (enabled && history.enabled) || rules.shortenTo !== null;
  if (!editsSystem && !editsHistory) return { messages: 0, changes: {} };
  const list = valueIn(body, speech.list);
  const before = list && isList(list) ? slicesOf(list).map(speech.read) : [];
  const { items, changes } = editsSystem ? withSystem(body, speech, before, system) : { items: before, changes: {} };
  const raws = (editsHistory ? shorten(speech, items, historyRules(rules)) : null) ?? items.map(({ raw }) => raw);
  const kept = new Set(raws);
  const messages = before.filter(({ raw }) => !kept.has(raw)).length;
  return { messages, changes: messages === 0 ? changes : { ...changes, [speech.list]: listOf(raws) } };
}

function historyRules({ filters: { enabled, history }, shortenTo }: TrimRules): HistoryRules {
  const limits = [
    enabled && history.enabled ? history.max_total_chars : null,
    shortenTo === null ? null : shortenTo - 1,
  ];
  const maxChars = Math.min(...limits.filter((limit) => limit !== null));
  return {
    maxPairs: Math.max(1, history.max_pairs),
    keepLast: history.always_keep_last_n,
    keepSystem: history.always_keep_system,
    resultChars: history.truncate_tool_results_chars,
    callsAfter: history.drop_old_tool_calls ? history.drop_old_tool_calls_after_pairs : null,
    maxChars: Number.isFinite(maxChars) ? maxChars : null,
  };
}

/** Shortens all system text at once, whether it stands in members of the body or among the messages. */
function withSystem(
  body: readonly Slice[],
  speech: Speech,
  items: readonly Item[],
  rules: Filters['system_prompt'],
): { items: Item[]; changes: Record<string, Buffer | null> } {
  const members = speech.systemMembers.flatMap((name) => {
    const value = valueIn(body, name);
    return value === undefined ? [] : [{ name, value, content: contentOf(value, speech) }];
  });
  const spoken = items.map((item) => (item.side === 'system' ? (valueIn(item.members, speech.content) ?? NONE) : NONE));
  const contents = [...members.map(({ content }) => content), ...spoken];
  const rests = shortenSystem(contents, rules);
  const changes: Record<string, Buffer | null> = {};
  for (const [n, { name, value, content }] of members.entries()) {
    if (rests[n] !== content) changes[name] = memberWith(value, speech, rests[n]!);
  }
  const kept = items.flatMap((item, n) => {
    const [content, rest] = [spoken[n], rests[members.length + n]!];
    if (rest === content) return [item];
    if (rest === null) return [];
    const raw = changed(item.members, { [speech.content]: rest });
    return [{ ...item, raw, members: slicesOf(raw) }];
  });
  return { items: kept, changes };
}

/** Not a text: of what is no system text. */
const NONE = Buffer.from('0');

const contentOf = (value: Buffer, { content }: Speech): Buffer =>
  isObject(value) ? (valueIn(slicesOf(value), content) ?? NONE) : value;

function memberWith(value: Buffer, { content }: Speech, rest: Rest): Rest {
  return isObject(value) && rest !== null ? changed(slicesOf(value), { [content]: rest }) : rest;
}
