/** Conversations of Gemini's generateContent. Both spellings of its names are in use, `functionCall` and `function_call`. */
import {
  changed,
  isList,
  isObject,
  isText,
  jsonOf,
  listOf,
  readText,
  type Slice,
  slicesOf,
  textOf,
  valueIn,
} from '../shared/json-slices.ts';
import { cut, lengthOf } from '../shared/text.ts';
import { joined } from './content.ts';
import { type Item, plainItem, type Rest, type Speech } from './item.ts';

const SIDES: Readonly<Record<string, Item['side']>> = { user: 'user', model: 'assistant', function: 'result' };
const CALLS = ['functionCall', 'function_call'] as const;
const RESULTS = ['functionResponse', 'function_response'] as const;

export const GEMINI: Speech = {
  list: 'contents',
  systemMembers: ['systemInstruction', 'system_instruction'],
  content: 'parts',
  read,
  strip: (items) => items.map(strip),
  shorten,
  join,
  filler: Buffer.from('{"role":"model","parts":[{"text":"[left out]"}]}'),
};

interface Part {
  readonly raw: Buffer;
  readonly members: readonly Slice[];
  readonly call: Buffer | undefined;
  readonly result: Buffer | undefined;
}

function partsOf(members: readonly Slice[]): Part[] {
  const parts = valueIn(members, 'parts');
  if (parts === undefined || !isList(parts)) return [];
  return slicesOf(parts).map(({ raw, value }) => {
    const inner = isObject(value) ? slicesOf(value) : [];
    return { raw, members: inner, call: either(inner, CALLS), result: either(inner, RESULTS) };
  });
}

const either = (members: readonly Slice[], names: readonly string[]): Buffer | undefined => {
  const value = names.map((name) => valueIn(members, name)).find((found) => found !== undefined);
  return value && isObject(value) ? value : undefined;
};

function read(slice: Slice): Item {
  const members = slicesOf(slice.value);
  const role = textOf(members, 'role') ?? 'user';
  const side = Object.hasOwn(SIDES, role) ? SIDES[role] : undefined;
  if (side === undefined) throw new Error('a content has a role that is not known');
  const parts = partsOf(members);
  const calls = parts.flatMap(({ call }) => (call ? [idOf(call)] : []));
  const results = parts.flatMap(({ result }) => (result ? [idOf(result)] : []));
  const isResult = side === 'result' || results.length > 0;
  const thinks = slice.raw.includes('"thoughtSignature"') || slice.raw.includes('"thought_signature"');
  return { ...plainItem(slice, members, isResult ? 'result' : side), calls, results, thinks };
}

/** Gemini tells calls apart by their place; newer models by an id as well. */
const idOf = (call: Buffer): string => textOf(slicesOf(call), 'id') ?? '';

function strip({ raw, members, calls, results }: Item): Rest {
  if (calls.length === 0 && results.length === 0) return raw;
  const parts = partsOf(members).filter(({ call, result }) => !call && !result);
  if (parts.every((part) => valueIn(part.members, 'thought')?.toString() === 'true')) return null;
  return changed(members, { parts: listOf(parts.map((part) => part.raw)) });
}

function shorten({ members, results }: Item, most: number): Rest {
  if (results.length === 0) return null;
  let isShorter = false;
  const parts = partsOf(members).map((part) => {
    const result = part.result && shortResult(part.result, most);
    if (!result) return part.raw;
    isShorter = true;
    const name = RESULTS.find((one) => valueIn(part.members, one) !== undefined)!;
    return changed(part.members, { [name]: result });
  });
  return isShorter ? changed(members, { parts: listOf(parts) }) : null;
}

/** An answer is an object: its texts are cut, and where it is something else that is long, it becomes one text. */
function shortResult(result: Buffer, most: number): Rest {
  const members = slicesOf(result);
  const response = valueIn(members, 'response');
  if (response === undefined || !isObject(response) || lengthOf(response.toString()) <= most) return null;
  const inner = slicesOf(response);
  const texts = inner.filter(({ value }) => isText(value)).map(({ name, value }) => [name, readText(value)] as const);
  const others = inner.reduce((sum, { value }) => (isText(value) ? sum : sum + value.length), 0);
  if (others > most) return changed(members, { response: jsonOf({ output: cut(response.toString(), most) }) });
  const shorter = texts.map(([name, text]) => [name, jsonOf(cut(text, most))] as const);
  if (texts.every(([, text]) => lengthOf(text) <= most)) return null;
  return changed(members, { response: changed(inner, Object.fromEntries(shorter)) });
}

function join(first: Buffer, second: Buffer): Rest {
  const [one, two] = [slicesOf(first), slicesOf(second)];
  const parts = joined(valueIn(one, 'parts'), valueIn(two, 'parts'), (text) => text);
  return parts && changed(one, { parts });
}
