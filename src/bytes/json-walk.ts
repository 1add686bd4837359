import type { Words } from './words.ts';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const LETTER_U = 117;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** Four quotes, and four backslashes. */
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
/** The highest bit of four bytes, and the lowest. */
const HIGHEST = 0x80808080 | 0;
const LOWEST = 0x01010101;

/**
 * Walks through JSON text that lies in memory, value by value, and makes no strings of it.
 *
 * It believes the text: what is no JSON is walked over somehow, always to the end and never beyond it,
 * in time proportional to its length and without recursion. Strings are looked at four bytes at a time.
 */
export class JsonWalk {
  readonly bytes: Buffer;
  readonly end: number;
  /** The next byte to be looked at. */
  at: number;
  /** Where the name of the member lies that was entered last: its opening quote. */
  keyStart = 0;
  /** What stands between the quotes of the last string. */
  textStart = 0;
  textEnd = 0;
  /** Characters (code points) of that string, decoded. */
  chars = 0;
  /** Of its bytes those that continue a character of UTF-8, and how many `\u` escapes it has. */
  continued = 0;
  unicode = 0;

  readonly #view: DataView;
  /** Bytes that `\\u` escapes took beyond others, and where the other half of a pair would have to follow. */
  #saved = 0;
  #pairAt = -1;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** First byte of the next value, and goes there; -1 at the end. */
  peek(): number {
    const { bytes, end } = this;
    let { at } = this;
    while (at < end && isSpace(bytes[at]!)) at++;
    this.at = at;
    return at < end ? bytes[at]! : -1;
  }

  /** Goes to the next element of the array whose bracket was passed; false: there is none, and the array is left. */
  nextElement(): boolean {
    const { bytes, end } = this;
    let { at } = this;
    while (at < end && (isSpace(bytes[at]!) || bytes[at] === COMMA)) at++;
    this.at = at;
    if (at >= end) return false;
    if (bytes[at] !== CLOSE_BRACKET && bytes[at] !== CLOSE_BRACE) return true;
    this.at = at + 1;
    return false;
  }

  /** Goes to the value of the next member of the object whose brace was passed; its name's number, 0 for others; -1: there is none, and the object is left. */
  nextMember(names: Words): number {
    const { bytes, end } = this;
    if (!this.nextElement()) return -1;
    if (bytes[this.at] !== QUOTE) {
      this.at = end;
      return -1;
    }
    this.keyStart = this.at;
    const name = this.word(names);
    if (this.peek() === COLON) this.at++;
    this.peek();
    return name;
  }

  /** Walks over a string, and gives its number among these words; 0: it is none of them. */
  word(words: Words): number {
    const { bytes, end } = this;
    const start = this.at + 1;
    let at = start;
    let code = 0;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        this.string();
        return words.escaped(bytes, start, this.textEnd);
      }
      code = (Math.imul(code, 31) + byte) | 0;
    }
    this.textStart = start;
    this.textEnd = at;
    this.at = Math.min(at + 1, end);
    return words.find(bytes, start, at, code);
  }

  /** Walks over the string whose opening quote is next: sets `textStart` and what follows it. */
  string(): void {
    const { bytes, end } = this;
    const view = this.#view;
    const start = this.at + 1;
    let at = start;
    let continued = 0;
    let escapes = 0;
    this.#saved = this.unicode = 0;
    this.#pairAt = -1;
    for (;;) {
      at = passPlain(view, at, end);
      while (at <= end - 4) {
        const word = view.getInt32(at, true);
        const found = specialIn(word);
        // The lowest bit that is set is that of the first such byte; those above it may be wrong.
        const low = found & -found;
        if (word & HIGHEST) continued += continuedIn(found === 0 ? word : word & (low - 1));
        at += found === 0 ? 4 : (31 - Math.clz32(low)) >> 3;
        if (found !== 0) break;
      }
      if (at >= end) break;
      const byte = bytes[at]!;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        escapes++;
        at += bytes[at + 1] === LETTER_U ? this.#unicode(at) : 2;
      } else {
        if ((byte & 0xc0) === 0x80) continued++;
        at++;
      }
    }
    this.textStart = start;
    this.textEnd = Math.min(at, end);
    this.chars = Math.max(0, this.textEnd - start - continued - escapes - this.#saved);
    this.continued = continued;
    this.at = Math.min(at + 1, end);
  }

  /** Counts what an escape is longer than others; returns its length. */
  #unicode(at: number): number {
    const { bytes } = this;
    this.unicode++;
    // The second half of a pair is no character of its own.
    this.#saved += at === this.#pairAt && isLow(bytes, at + 2) ? 5 : 4;
    this.#pairAt = isHigh(bytes, at + 2) ? at + 6 : -1;
    return 6;
  }

  /** Walks over the next value, whatever it is; at least one byte. */
  skip(): void {
    const first = this.peek();
    if (first === QUOTE) this.string();
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) this.#skipNested();
    else this.#skipLiteral();
  }

  #skipNested(): void {
    const { bytes, end } = this;
    let { at } = this;
    let depth = 0;
    while (at < end) {
      const byte = bytes[at++]!;
      if (byte === QUOTE) {
        this.at = at - 1;
        this.string();
        at = this.at;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) break;
    }
    this.at = at;
  }

  #skipLiteral(): void {
    const { bytes, end } = this;
    let at = Math.min(this.at + 1, end);
    while (at < end && !isSpace(bytes[at]!) && !ENDS.has(bytes[at]!)) at++;
    this.at = at;
  }
}

/** Bytes that end a number or a word. */
const ENDS: ReadonlySet<number> = new Set([COMMA, COLON, QUOTE, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET]);

const isSpace = (byte: number): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

/** The highest bit of bytes that are a quote or a backslash: a byte is zero where subtracting one borrows from that bit. */
function specialIn(word: number): number {
  const quotes = word ^ QUOTES;
  const slashes = word ^ BACKSLASHES;
  return (((quotes - LOWEST) & ~quotes) | ((slashes - LOWEST) & ~slashes)) & HIGHEST;
}

/** Goes on while eight bytes at a time are ASCII without quote and backslash. */
function passPlain(view: DataView, from: number, end: number): number {
  let at = from;
  for (; at <= end - 8; at += 8) {
    const word = view.getInt32(at, true);
    const next = view.getInt32(at + 4, true);
    if (((word | next) & HIGHEST) !== 0 || (specialIn(word) | specialIn(next)) !== 0) break;
  }
  return at;
}

/** How many of its four bytes continue a character (10xxxxxx). */
const continuedIn = (word: number): number => Math.imul((word >>> 7) & (~word >>> 6) & 0x01010101, 0x01010101) >>> 24;

/** Hex digits D800 to DBFF, and DC00 to DFFF. */
const isHigh = (bytes: Buffer, at: number): boolean => (bytes[at]! | 32) === 100 && HIGH.has(bytes[at + 1]! | 32);
const isLow = (bytes: Buffer, at: number): boolean => (bytes[at]! | 32) === 100 && LOW.has(bytes[at + 1]! | 32);
// With their bit for lower case: 8 and 9 have it anyway.
const HIGH: ReadonlySet<number> = new Set([...'89ab'].map((digit) => digit.charCodeAt(0)));
const LOW: ReadonlySet<number> = new Set([...'cdef'].map((digit) => digit.charCodeAt(0)));
