/** Up to here a loop beats the call of indexOf, bytes. */
const NEAR = 24;
const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;
const LETTER_N = 110;
const LETTER_U = 117;

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Offset of the quote that ends a string, or -1; `from` is a place where no escape is open. */
export function closingQuote(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const near = Math.min(at + NEAR, bytes.length);
    for (; at < near; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) at++;
    }
    if (at >= bytes.length) return -1;
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1 || !endsEscaped(bytes, at, quote)) return quote;
    at = quote + 1;
  }
}

/** True when an odd run of backslashes ends before `to`. */
export function endsEscaped(bytes: Buffer, from: number, to: number): boolean {
  let at = to;
  while (at > from && bytes[at - 1] === BACKSLASH) at--;
  return ((to - at) & 1) === 1;
}

/**
 * A member's name as `valueAfter` and its like search for it, made once to be searched for often.
 *
 * Without its opening quote: a search stops at each byte that is the first of what it looks for,
 * and JSON has far more quotes than letters of one kind.
 */
export function marker(name: string): Buffer {
  return Buffer.from(`${name}"`);
}

/**
 * Finds the next member of that name, at any depth, in JSON text; returns where its value begins, or -1.
 *
 * Text inside strings cannot look like a member, because its quotes are escaped.
 */
export function valueAfter(bytes: Buffer, name: Buffer, from = 0): number {
  let found = bytes.indexOf(name, from);
  while (found !== -1) {
    if (bytes[found - 1] === QUOTE && bytes[found - 2] !== BACKSLASH) {
      const colon = skipSpace(bytes, found + name.length);
      if (bytes[colon] === COLON) return skipSpace(bytes, colon + 1);
    }
    found = bytes.indexOf(name, found + name.length);
  }
  return -1;
}

/** True when a member of that name has a value other than null. */
export function hasValue(bytes: Buffer, name: Buffer): boolean {
  for (let at = valueAfter(bytes, name); at !== -1; at = valueAfter(bytes, name, at)) {
    if (bytes[at] !== LETTER_N) return true;
  }
  return false;
}

/** Takes a copy of what stands between the quotes of a JSON string. */
export interface TextKeeper {
  addEscaped(bytes: Buffer, start: number, end: number): void;
}

/**
 * Characters of the first member of that name whose value is a string and not empty; 0 when there is none.
 *
 * @param keeper is given the text as it lies
 */
export function charsOf(bytes: Buffer, name: Buffer, keeper?: TextKeeper): number {
  for (let at = valueAfter(bytes, name); at !== -1; at = valueAfter(bytes, name, at)) {
    const chars = bytes[at] === QUOTE ? stringChars(bytes, at + 1) : 0;
    if (chars === 0) continue;
    const end = keeper === undefined ? -1 : closingQuote(bytes, at + 1);
    if (end !== -1) keeper!.addEscaped(bytes, at + 1, end);
    return chars;
  }
  return 0;
}

/** Characters (code points) of a JSON string from behind its opening quote; an escape counts as one. */
function stringChars(bytes: Buffer, from: number): number {
  let chars = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return chars;
    // A continuation byte of UTF-8 begins nothing.
    if ((byte & 0xc0) === 0x80) continue;
    chars++;
    if (byte !== BACKSLASH) continue;
    at++;
    if (bytes[at] !== LETTER_U) continue;
    if (isLowSurrogate(bytes, at + 1)) chars--;
    at += 4;
  }
  return chars;
}

/** True for the hex digits DC00 to DFFF: the second half of a pair. */
function isLowSurrogate(bytes: Buffer, at: number): boolean {
  const first = bytes[at]! | 0x20;
  const second = bytes[at + 1]! | 0x20;
  return first === 0x64 && second >= 0x63 && second <= 0x66;
}

/** Characters (code points) of a text, counted as `charsOf` counts them in its JSON. */
export function charsIn(text: string): number {
  let chars = 0;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) chars++;
  return chars;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9) at++;
  return at;
}
