/** Texts as they stand in JSON: decoded, and seen without the escapes of JSON that they hold themselves. */

const BACKSLASH = 92;
const LETTER_U = 117;
const SHORT: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The text of a JSON string from what stands between its quotes. What no parser reads is taken as it stands. */
export function decodeString(bytes: Buffer, start: number, end: number, hasEscapes: boolean): string {
  const text = bytes.toString('utf8', start, end);
  if (!hasEscapes) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return unescaped(text).text;
  }
}

/** A text without its escapes, and where each of its characters stood: `places[n]` for the n-th, and one more for the end. */
export interface Unescaped {
  readonly text: string;
  readonly places: Uint32Array;
}

/**
 * A text without the escapes of JSON in it: a request holds JSON in strings, as the arguments of
 * calls and what tools gave back, and names in there are spelt `J\u00f6rg`. What is no escape stays as it is.
 */
export function unescaped(text: string): Unescaped {
  const places = new Uint32Array(text.length + 1);
  let out = '';
  let done = 0;
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const length = text.charCodeAt(at) === BACKSLASH ? escapeLength(text, at) : 0;
    places[count++] = at;
    if (length === 0) {
      at++;
      continue;
    }
    out += text.slice(done, at) + characterOf(text, at, length);
    at += length;
    done = at;
  }
  places[count] = text.length;
  return { text: done === 0 ? text : out + text.slice(done), places: places.subarray(0, count + 1) };
}

function escapeLength(text: string, at: number): number {
  if (text.charCodeAt(at + 1) === LETTER_U) return /^[0-9A-Fa-f]{4}$/.test(text.slice(at + 2, at + 6)) ? 6 : 0;
  return Object.hasOwn(SHORT, text[at + 1] ?? '') ? 2 : 0;
}

const characterOf = (text: string, at: number, length: number): string =>
  length === 6 ? String.fromCharCode(Number.parseInt(text.slice(at + 2, at + 6), 16)) : SHORT[text[at + 1]!]!;

/** Where the escape begins within which a place lies; the place itself where it lies in none. */
export function escapeStart(text: string, at: number): number {
  for (let from = at - 1; from >= Math.max(0, at - 5); from--) {
    if (text.charCodeAt(from) !== BACKSLASH) continue;
    return isOpen(text, from) && from + escapeLength(text, from) > at ? from : at;
  }
  return at;
}

/** The same for the end of a stretch: where the escape ends that it would cut. */
export function escapeEnd(text: string, at: number): number {
  const start = escapeStart(text, at);
  return start === at ? at : start + escapeLength(text, start);
}

/** A backslash with an even number of others before it begins an escape. */
function isOpen(text: string, at: number): boolean {
  let from = at;
  while (text.charCodeAt(from - 1) === BACKSLASH) from--;
  return (at - from) % 2 === 0;
}

/** A text as it stands in a string of JSON, without quotes. */
export const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);
