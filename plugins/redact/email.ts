import { isAlphanumeric, isLetter, type Recogniser } from './recogniser.ts';

const DOT = 46;
const DASH = 45;
/** RFC 5321: characters before the @, and behind it. */
const MOST_LOCAL = 64;
const MOST_DOMAIN = 253;
/** ! # $ % & ' * + - . / = ? ^ _ ` { | } ~ may be in a name, but some of them mostly stand beside one in a text. */
const IN_LOCAL = new Set([...'._%+-&#'].map((character) => character.charCodeAt(0)));

/**
 * E-mail addresses: `jane.doe+x@mail.example.com`. From each @ to both sides, so a text of
 * nothing but @ costs no more than another.
 *
 * Letters with marks count (`müller@köln.example`), those of other scripts do not: they stand beside
 * addresses without a space between.
 */
export const EMAIL: Recogniser = {
  kind: 'email',
  find(text, found) {
    let done = 0;
    for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
      const start = localStart(text, at, done);
      if (start === at) continue;
      const end = domainEnd(text, at + 1);
      if (end === -1) continue;
      found(start, end);
      done = end;
    }
  },
};

const isWord = (code: number): boolean => isAlphanumeric(code) || (code >= 0xc0 && code <= 0x24f);

function localStart(text: string, at: number, done: number): number {
  const least = Math.max(done, at - MOST_LOCAL);
  let start = at;
  while (start > least) {
    const code = text.charCodeAt(start - 1);
    if (!isWord(code) && !IN_LOCAL.has(code)) break;
    start--;
  }
  // A sign before the first letter belongs to the text: "-jane@example.com" in a list.
  while (start < at && !isWord(text.charCodeAt(start)) && text[start] !== '_') start++;
  return start;
}

/** Where a domain of at least two labels ends that begins here; -1 where none does. */
function domainEnd(text: string, from: number): number {
  const most = Math.min(text.length, from + MOST_DOMAIN);
  let end = from;
  let label = from;
  let whole = -1;
  for (; end <= most; end++) {
    const code = end < text.length ? text.charCodeAt(end) : 0;
    if (isWord(code) || (code === DASH && end > label)) continue;
    if (label > from && isTop(text, label, end)) whole = trimmed(text, end);
    if (code !== DOT || end === label) break;
    label = end + 1;
  }
  return whole;
}

function trimmed(text: string, from: number): number {
  let end = from;
  while (text.charCodeAt(end - 1) === DASH) end--;
  return end;
}

/** At least two letters, or the ASCII form of other scripts. */
function isTop(text: string, start: number, end: number): boolean {
  if (text.startsWith('xn--', start)) return true;
  let letters = 0;
  while (
    start + letters < end &&
    (isLetter(text.charCodeAt(start + letters)) || text.charCodeAt(start + letters) > 191)
  )
    letters++;
  return letters >= 2 && trimmed(text, end) === start + letters;
}
