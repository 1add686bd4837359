/** Conversations of Anthropic's messages. */
import { changed, isList, isObject, listOf, type Slice, slicesOf, textOf, valueIn } from '../shared/json-slices.ts';
import { joined, shortened } from './content.ts';
import { type Item, plainItem, type Rest, type Speech } from './item.ts';

const SIDES: Readonly<Record<string, Item['side']>> = { user: 'user', assistant: 'assistant', system: 'system' };
const THINKING = new Set<string | undefined>(['thinking', 'redacted_thinking']);
/** What a client's tools are called by and what they answer. What Anthropic's own servers did stays. */
const TOOLS = new Set<string | undefined>(['tool_use', 'tool_result']);

export const ANTHROPIC: Speech = {
  list: 'messages',
  systemMembers: ['system'],
  content: 'content',
  read,
  strip: (items) => items.map(strip),
  shorten,
  join,
  filler: Buffer.from('{"role":"assistant","content":[{"type":"text","text":"[left out]"}]}'),
  bindsSystem: true,
};

interface Block {
  readonly slice: Slice;
  readonly members: readonly Slice[];
  readonly type: string | undefined;
}

function blocksOf(members: readonly Slice[]): Block[] {
  const content = valueIn(members, 'content');
  if (content === undefined || !isList(content)) return [];
  return slicesOf(content).map((slice) => {
    const inner = isObject(slice.value) ? slicesOf(slice.value) : [];
    return { slice, members: inner, type: textOf(inner, 'type') };
  });
}

function read(slice: Slice): Item {
  const members = slicesOf(slice.value);
  const role = textOf(members, 'role') ?? '';
  const side = Object.hasOwn(SIDES, role) ? SIDES[role] : undefined;
  if (side === undefined) throw new Error('a message has a role that is not known');
  const calls: string[] = [];
  const results: string[] = [];
  let thinks = false;
  for (const block of blocksOf(members)) {
    if (block.type === 'tool_use') calls.push(textOf(block.members, 'id') ?? '');
    else if (block.type === 'tool_result') results.push(textOf(block.members, 'tool_use_id') ?? '');
    else if (THINKING.has(block.type)) thinks = true;
  }
  const isResult = side === 'user' && results.length > 0;
  return { ...plainItem(slice, members, isResult ? 'result' : side), calls, results, thinks };
}

/** Thinking alone is no message: it goes with the calls that it led to. */
function strip({ raw, members, calls, results }: Item): Rest {
  if (calls.length === 0 && results.length === 0) return raw;
  const blocks = blocksOf(members).filter(({ type }) => !TOOLS.has(type));
  if (blocks.every(({ type }) => THINKING.has(type))) return null;
  return changed(members, { content: listOf(blocks.map(({ slice }) => slice.raw)) });
}

function shorten({ members, results }: Item, most: number): Rest {
  if (results.length === 0) return null;
  let isShorter = false;
  const blocks = blocksOf(members).map((block) => {
    const content = block.type === 'tool_result' ? shortened(valueIn(block.members, 'content'), most) : null;
    if (content === null) return block.slice.raw;
    isShorter = true;
    return changed(block.members, { content });
  });
  return isShorter ? changed(members, { content: listOf(blocks) }) : null;
}

function join(first: Buffer, second: Buffer): Rest {
  const [one, two] = [slicesOf(first), slicesOf(second)];
  const content = joined(valueIn(one, 'content'), valueIn(two, 'content'), textBlock);
  return content && changed(one, { content });
}

const textBlock = (text: Buffer): Buffer =>
  Buffer.concat([Buffer.from('{"type":"text","text":'), text, Buffer.from('}')]);
