import { type JsonScan, readString, scanJson } from '../bytes/json-scan.ts';
import { closingQuote } from '../bytes/search.ts';

/** Bytes in place of `[start, end)`. */
export interface Splice {
  start: number;
  end: number;
  bytes: Buffer;
}

/**
 * Sets one member of a JSON object by editing its text, so that every other byte stays:
 * numbers, escapes, key order and duplicate keys survive, which parse and stringify would
 * change. A missing member, or a parent that is missing or null, is added as the last one.
 *
 * `bytes` must hold one whole JSON object; `json` is the new value's text.
 */
export function setMember(bytes: Buffer, path: readonly string[], json: string): Buffer {
  if (path.length === 0) return Buffer.from(json);
  const edit = settingMember(scanJson(bytes), (start, end) => bytes.subarray(start, end), path, json);
  return splice(bytes, edit.start, edit.end, edit.bytes);
}

/** What `setMember` changes, in an object whose scan is known and whose bytes are read piece by piece. */
export function settingMember(
  scan: JsonScan,
  slice: (start: number, end: number) => Buffer,
  [name = '', ...rest]: readonly string[],
  json: string,
): Splice {
  const member = scan.member(name);
  if (!member) {
    const comma = scan.members.size > 0 ? ',' : '';
    const at = scan.objectEnd - 1;
    return { start: at, end: at, bytes: Buffer.from(`${comma}${JSON.stringify(name)}:${nest(rest, json)}`) };
  }
  const { valueStart: start, valueEnd: end } = member;
  const isObject = rest.length > 0 && slice(start, start + 1)[0] === 0x7b;
  const bytes = isObject ? setMember(slice(start, end), rest, json) : Buffer.from(nest(rest, json));
  return { start, end, bytes };
}

/** Removes one member of a JSON object by editing its text; the same bytes when there is none. */
export function removeMember(bytes: Buffer, path: readonly string[]): Buffer {
  const [name, ...rest] = path;
  const scan = scanJson(bytes);
  const member = name === undefined ? undefined : scan.member(name);
  if (!member) return bytes;
  if (rest.length > 0) {
    const value = bytes.subarray(member.valueStart, member.valueEnd);
    return value[0] === 0x7b ? splice(bytes, member.valueStart, member.valueEnd, removeMember(value, rest)) : bytes;
  }
  const after = next(bytes, member.valueEnd);
  if (bytes[after] === COMMA) return splice(bytes, member.keyStart, after + 1, '');
  const before = previous(bytes, member.keyStart - 1);
  return splice(bytes, bytes[before] === COMMA ? before : member.keyStart, member.valueEnd, '');
}

/**
 * Replaces string values of one member in each object of a top-level array
 * (`messages[].role`), again as text. Returns the same bytes when nothing matched.
 */
export function renameInArray(
  bytes: Buffer,
  array: string,
  name: string,
  rename: Readonly<Record<string, string>>,
): Buffer {
  const list = scanJson(bytes).member(array);
  if (!list || bytes[list.valueStart] !== 0x5b) return bytes;
  const pieces: Buffer[] = [];
  let done = 0;
  for (const [start, end] of elements(bytes, list.valueStart, list.valueEnd)) {
    const item = bytes.subarray(start, end);
    const member = item[0] === 0x7b ? scanJson(item).member(name) : undefined;
    const word = member && readString(item, member);
    const better = word === undefined ? undefined : Object.hasOwn(rename, word) ? rename[word] : undefined;
    if (!member || better === undefined) continue;
    pieces.push(bytes.subarray(done, start + member.valueStart), Buffer.from(JSON.stringify(better)));
    done = start + member.valueEnd;
  }
  return done === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(done)]);
}

/** Counts the elements of a list; `bytes` holds it whole, brackets included. */
export function countElements(bytes: Buffer): number {
  let count = 0;
  for (const _ of elements(bytes, 0, bytes.length)) count++;
  return count;
}

const QUOTE = 0x22;
const COMMA = 0x2c;

/** Yields where each element of the array in `[start, end)` lies, jumping strings. */
function* elements(bytes: Buffer, start: number, end: number): Generator<[number, number]> {
  let depth = 0;
  let from = next(bytes, start + 1);
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = stringEnd(bytes, at + 1);
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    if ((byte === COMMA && depth === 1) || depth === 0) {
      const to = previous(bytes, at - 1) + 1;
      if (to > from) yield [from, to];
      from = next(bytes, at + 1);
    }
  }
}

/** Offset of a string's closing quote; the end where there is none. */
function stringEnd(bytes: Buffer, from: number): number {
  const quote = closingQuote(bytes, from);
  return quote === -1 ? bytes.length : quote;
}

const blank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function next(bytes: Buffer, at: number): number {
  while (blank(bytes[at])) at++;
  return at;
}

function previous(bytes: Buffer, at: number): number {
  while (blank(bytes[at])) at--;
  return at;
}

const nest = (path: readonly string[], json: string): string =>
  path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, json);

function splice(bytes: Buffer, start: number, end: number, text: string | Buffer): Buffer {
  const middle = typeof text === 'string' ? Buffer.from(text) : text;
  return Buffer.concat([bytes.subarray(0, start), middle, bytes.subarray(end)]);
}
