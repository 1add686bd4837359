/** Content as all APIs write it: one text, or a list of blocks of which some are texts. */
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
import type { Rest } from './item.ts';

/** A text of some content. */
export interface Text {
  readonly text: string;
  /** A mark of the client's ends the cached part of the prompt here. */
  readonly marked: boolean;
}

/** Types of blocks that are text; Gemini's have none. */
const TEXTS = new Set<string | undefined>(['text', 'input_text', 'output_text', undefined]);

/** A block of a list, with its text if it is one. */
interface Block {
  readonly slice: Slice;
  readonly members: readonly Slice[];
  readonly text: string | undefined;
}

export function blocksOf(content: Buffer): Block[] {
  return slicesOf(content).map((slice) => {
    const members = isObject(slice.value) ? slicesOf(slice.value) : [];
    const text = TEXTS.has(textOf(members, 'type')) ? textOf(members, 'text') : undefined;
    return { slice, members, text };
  });
}

export function textsIn(content: Buffer | undefined): Text[] {
  if (content === undefined) return [];
  if (isText(content)) return [{ text: readText(content), marked: false }];
  if (!isList(content)) return [];
  return blocksOf(content).flatMap(({ members, text }) =>
    text === undefined ? [] : [{ text, marked: isMarked(members) }],
  );
}

const isMarked = (members: readonly Slice[]): boolean => isObject(valueIn(members, 'cache_control') ?? NOTHING);
const NOTHING = Buffer.alloc(1);

/** The content with other texts, in the order of `textsIn`; null for a text takes it out. Null: nothing is left. */
export function withTexts(content: Buffer, texts: readonly (string | null)[]): Rest {
  if (isText(content)) return texts[0] === null || texts[0] === undefined ? null : jsonOf(texts[0]);
  if (!isList(content)) return content;
  let next = 0;
  const kept = blocksOf(content).flatMap(({ slice, members, text }) => {
    if (text === undefined) return [slice.raw];
    const now = texts[next++];
    if (now === text) return [slice.raw];
    return now === null || now === undefined ? [] : [changed(members, { text: jsonOf(now) })];
  });
  return kept.length === 0 ? null : listOf(kept);
}

/** The content with so many characters of text at most, the first ones; null where it has no more. */
export function shortened(content: Buffer | undefined, most: number): Rest {
  if (content === undefined || content.length <= most) return null;
  const texts = textsIn(content).map(({ text }) => text);
  let room = most;
  const shorter = texts.map((text) => {
    const left = Math.max(0, room);
    const length = lengthOf(text);
    room -= length;
    return length <= left ? text : cut(text, left);
  });
  return room >= 0 ? null : withTexts(content, shorter);
}

/** Two contents as one list of blocks; two texts stay one text. Null where one of them is neither. */
export function joined(
  first: Buffer | undefined,
  second: Buffer | undefined,
  textBlock: (text: Buffer) => Buffer,
): Rest {
  if (first === undefined || second === undefined) return null;
  if (isText(first) && isText(second)) return jsonOf(`${readText(first)}\n\n${readText(second)}`);
  const parts = [first, second].map((content) => {
    if (isText(content)) return [textBlock(content)];
    return isList(content) ? slicesOf(content).map(({ raw }) => raw) : null;
  });
  const [one, two] = parts;
  return one && two ? listOf([...one, ...two]) : null;
}
