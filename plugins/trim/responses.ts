/** Conversations of OpenAI's Responses: one flat list of messages, calls, results and thoughts. */
import { changed, type Slice, slicesOf, textOf, valueIn } from '../shared/json-slices.ts';
import { shortened } from './content.ts';
import { type Item, plainItem, type Rest, type Speech } from './item.ts';

const SIDES: Readonly<Record<string, Item['side']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};
/** Calls that the client answers, told by their name and an id; all others were made and answered at the provider. */
const CALL = /_call$/;
const RESULT = /_output$/;
const SUMMARY = /compaction/;

export const RESPONSES: Speech = {
  list: 'input',
  systemMembers: ['instructions'],
  content: 'content',
  read,
  strip,
  shorten,
};

function read(slice: Slice): Item {
  const members = slicesOf(slice.value);
  const type = textOf(members, 'type') ?? 'message';
  const item = (side: Item['side'], more: Partial<Item> = {}): Item => ({
    ...plainItem(slice, members, side),
    ...more,
  });
  if (type === 'message') {
    const role = textOf(members, 'role') ?? '';
    const side = Object.hasOwn(SIDES, role) ? SIDES[role] : undefined;
    if (side === undefined) throw new Error('an item has a role that is not known');
    return item(side);
  }
  const id = textOf(members, 'call_id');
  if (SUMMARY.test(type)) return item('fixed');
  if (type === 'item_reference') return item('assistant', { opaque: true });
  if (type === 'mcp_approval_request') return item('assistant', { calls: [textOf(members, 'id') ?? ''], opaque: true });
  if (type === 'mcp_approval_response')
    return item('result', { results: [textOf(members, 'approval_request_id') ?? ''], opaque: true });
  if (RESULT.test(type)) return item('result', { results: [id ?? textOf(members, 'id') ?? ''] });
  if (CALL.test(type) && id !== undefined) return item('assistant', { calls: [id] });
  return item('assistant', { thinks: type === 'reasoning' });
}

/** A thought goes when all that came of it goes: it cannot stand alone, and what stays cannot stand without it. */
function strip(items: readonly Item[]): Rest[] {
  const rests = items.map(({ raw, calls, results }): Rest => (calls.length + results.length > 0 ? null : raw));
  for (const [at, { thinks }] of items.entries()) {
    if (!thinks) continue;
    const end = items.findIndex((item, i) => i > at && (item.thinks || item.side !== 'assistant'));
    const led = rests.slice(at + 1, end === -1 ? items.length : end);
    if (led.length > 0 && led.every((rest) => rest === null)) rests[at] = null;
  }
  return rests;
}

function shorten({ members, side }: Item, most: number): Rest {
  const output = side === 'result' ? shortened(valueIn(members, 'output'), most) : null;
  return output && changed(members, { output });
}
