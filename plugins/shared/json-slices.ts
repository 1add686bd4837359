/**
 * JSON text cut where its elements or members begin and end, and put together again: what nobody touches keeps every
 * byte, its big numbers, its escapes and the order of its keys.
 */
import { isAscii } from 'node:buffer';

/** An element of a list or a member of an object. */
export interface Slice {
  /** As it stands between its commas, blanks included. */
  readonly raw: Buffer;
  /** Name of the member; '' of an element. */
  readonly name: string;
  /** The value without blanks. */
  readonly value: Buffer;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE = 0x7b;
const BRACKET = 0x5b;
const NEAR = 16;

export const isObject = (json: Buffer): boolean => json[0] === BRACE;
export const isList = (json: Buffer): boolean => json[0] === BRACKET;
export const isText = (json: Buffer): boolean => json[0] === QUOTE;

/**
 * Cuts one object or list; blanks around it do not matter.
 *
 * Only the outermost level is looked at closely: what is deeper may still be no JSON.
 *
 * @throws Error where brackets or strings do not end, or a member has no name
 */
export function slicesOf(text: Buffer): Slice[] {
  const json = trimmed(text);
  const isNamed = json[0] === BRACE;
  const slices: Slice[] = [];
  let depth = 0;
  let from = 1;
  let at = 0;
  for (; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) at = stringEnd(json, at);
    else if (byte === BRACE || byte === BRACKET) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte !== COMMA || depth !== 1) continue;
    if (depth === 0 || (depth === 1 && byte === COMMA)) {
      add(slices, json.subarray(from, at), isNamed, depth === 0);
      from = at + 1;
    }
    if (depth === 0) break;
  }
  if (depth !== 0 || at !== json.length - 1 || json[at] !== (isNamed ? 0x7d : 0x5d))
    throw new Error('this is no list and no object in JSON');
  return slices;
}

function add(slices: Slice[], raw: Buffer, isNamed: boolean, isLast: boolean): void {
  const text = trimmed(raw);
  if (text.length === 0) {
    if (isLast && slices.length === 0) return;
    throw new Error('nothing stands between two commas of JSON');
  }
  if (!isNamed) return void slices.push({ raw, name: '', value: text });
  const end = text[0] === QUOTE ? stringEnd(text, 0) + 1 : 0;
  let colon = end;
  while (isBlank(text[colon])) colon++;
  if (end === 0 || text[colon] !== COLON) throw new Error('a member of JSON has no name');
  slices.push({ raw, name: nameOf(text.subarray(0, end)), value: trimmed(text.subarray(colon + 1)) });
}

function nameOf(quoted: Buffer): string {
  return quoted.includes(BACKSLASH)
    ? (JSON.parse(quoted.toString()) as string)
    : quoted.toString('utf8', 1, quoted.length - 1);
}

/** Offset of the quote that ends the string which begins at `at`. */
function stringEnd(json: Buffer, at: number): number {
  for (let from = at + 1; ; ) {
    const near = Math.min(from + NEAR, json.length);
    for (; from < near; from++) {
      if (json[from] === QUOTE) return from;
      if (json[from] === BACKSLASH) from++;
    }
    const quote = json.indexOf(QUOTE, from);
    if (quote === -1) throw new Error('a string of JSON does not end');
    let back = quote;
    while (back > from && json[back - 1] === BACKSLASH) back--;
    if (((quote - back) & 1) === 0) return quote;
    from = quote + 1;
  }
}

function trimmed(raw: Buffer): Buffer {
  let start = 0;
  let end = raw.length;
  while (start < end && isBlank(raw[start])) start++;
  while (end > start && isBlank(raw[end - 1])) end--;
  return raw.subarray(start, end);
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** The value of a member, of several the last as in JSON.parse; undefined where there is none. */
export function valueIn(members: readonly Slice[], name: string): Buffer | undefined {
  for (let at = members.length - 1; at >= 0; at--) if (members[at]!.name === name) return members[at]!.value;
  return undefined;
}

/** The text of a member that is a string. */
export function textOf(members: readonly Slice[], name: string): string | undefined {
  const value = valueIn(members, name);
  return value === undefined || !isText(value) ? undefined : readText(value);
}

/** What a JSON string says. */
export const readText = (json: Buffer): string => JSON.parse(json.toString()) as string;

/** A value as JSON text. */
export const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const COMMAS = Buffer.from(',');

/** A list of these elements. */
export function listOf(elements: readonly Buffer[]): Buffer {
  return enclosed('[', elements, ']');
}

/** An object of these members, each with its name in front of it. */
export function objectOf(members: readonly Buffer[]): Buffer {
  return enclosed('{', members, '}');
}

function enclosed(open: string, parts: readonly Buffer[], close: string): Buffer {
  const pieces: Buffer[] = [Buffer.from(open)];
  for (const [at, part] of parts.entries()) pieces.push(...(at === 0 ? [part] : [COMMAS, part]));
  return Buffer.concat([...pieces, Buffer.from(close)]);
}

/** An object with some values changed: a Buffer is the new value's JSON, null takes the member out; new names come last. */
export function changed(members: readonly Slice[], changes: Readonly<Record<string, Buffer | null>>): Buffer {
  const known = new Set(members.map(({ name }) => name));
  const kept = members.flatMap((member) => {
    const change = Object.hasOwn(changes, member.name) ? changes[member.name] : undefined;
    if (change === undefined) return [member.raw];
    return change === null ? [] : [valued(member, change)];
  });
  for (const [name, change] of Object.entries(changes)) {
    if (change && !known.has(name)) kept.push(Buffer.concat([jsonOf(name), Buffer.from(':'), change]));
  }
  return objectOf(kept);
}

/** A member with another value, blanks as they were. */
function valued({ raw, value }: Slice, change: Buffer): Buffer {
  const start = value.byteOffset - raw.byteOffset;
  return Buffer.concat([raw.subarray(0, start), change, raw.subarray(start + value.length)]);
}

/** Characters of JSON text, each code point one. */
export function charsOf(json: Buffer): number {
  if (isAscii(json)) return json.length;
  let chars = 0;
  for (const byte of json) if ((byte & 0xc0) !== 0x80) chars++;
  return chars;
}
