/** Conversations of OpenAI's chat completions. */
import { changed, isList, isObject, isText, type Slice, slicesOf, textOf, valueIn } from '../shared/json-slices.ts';
import { joined, shortened } from './content.ts';
import { type Item, plainItem, type Rest, type Speech } from './item.ts';

const SIDES: Readonly<Record<string, Item['side']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'result',
  function: 'result',
};
/** Members of an answer that can become one with the next. */
const JOINABLE = new Set(['role', 'content']);

export const CHAT: Speech = {
  list: 'messages',
  systemMembers: [],
  content: 'content',
  read,
  strip: (items) => items.map(strip),
  shorten,
  join,
  filler: Buffer.from('{"role":"assistant","content":"[left out]"}'),
};

function read(slice: Slice): Item {
  const members = slicesOf(slice.value);
  const role = textOf(members, 'role') ?? '';
  const side = Object.hasOwn(SIDES, role) ? SIDES[role] : undefined;
  if (side === undefined) throw new Error('a message has a role that is not known');
  const results = side === 'result' ? [textOf(members, 'tool_call_id') ?? ''] : [];
  const calls = side === 'assistant' ? callsOf(members) : [];
  const thinks = slice.raw.includes('"reasoning_details"') || slice.raw.includes('"thinking_blocks"');
  return { ...plainItem(slice, members, side), calls, results, thinks };
}

function callsOf(members: readonly Slice[]): string[] {
  const list = valueIn(members, 'tool_calls');
  const calls = list && isList(list) ? slicesOf(list) : [];
  const ids = calls.map(({ value }) => (isObject(value) ? (textOf(slicesOf(value), 'id') ?? '') : ''));
  const old = valueIn(members, 'function_call');
  return old && isObject(old) ? [...ids, ''] : ids;
}

function strip({ raw, members, side, calls }: Item): Rest {
  if (side === 'result') return null;
  if (calls.length === 0) return raw;
  const content = valueIn(members, 'content');
  const says = content && (isText(content) ? content.length > 2 : isList(content) && slicesOf(content).length > 0);
  const refuses = (textOf(members, 'refusal') ?? '') !== '';
  return says || refuses ? changed(members, { tool_calls: null, function_call: null }) : null;
}

function shorten({ members, side }: Item, most: number): Rest {
  const content = side === 'result' ? shortened(valueIn(members, 'content'), most) : null;
  return content && changed(members, { content });
}

function join(first: Buffer, second: Buffer): Rest {
  const [one, two] = [slicesOf(first), slicesOf(second)];
  if (![...one, ...two].every(({ name }) => JOINABLE.has(name))) return null;
  const content = joined(valueIn(one, 'content'), valueIn(two, 'content'), textBlock);
  return content && changed(one, { content });
}

const textBlock = (text: Buffer): Buffer =>
  Buffer.concat([Buffer.from('{"type":"text","text":'), text, Buffer.from('}')]);
