/** Which texts are worth a closer look, by their bytes as they lie. */

/** Bits of a suspicion: what a text may hold. */
export const MAY_BE = { email: 1, card: 2, key: 4, address: 8, phone: 16, ssn: 32, account: 64 } as const;
const DIGITS = MAY_BE.card | MAY_BE.address | MAY_BE.phone | MAY_BE.ssn | MAY_BE.account;

const CLASS = { none: 0, at: 1, digit: 2, mark: 3, letter: 4, colon: 5, backslash: 6 } as const;
const BACKSLASH = 92;
const LETTER_U = 117;
/** Digits of the shortest card, and of the shortest phone number. */
const CARD = 13;
const PHONE = 7;
/** Bytes of four numbers with dots, which is the shortest of all. */
const SHORTEST = 7;
const DASH = 45;
const SPACE = 32;
const DOT = 46;
/** Pairs of bytes that stand before the `-` or `_` of a key, `first << 8 | second`. */
const BEFORE_MARK = pairs('sk rk hf at pp ai pi pm bp v1 ec ho hp hr hs hu xa xb xe xo xp xr xs');

/**
 * Tells what strings of JSON may hold, from their bytes: more than they do, never less. Most texts hold nothing,
 * and decoding them would take ten times as long.
 *
 * Escapes are no matter: none of what is looked for has one in it but `\u`, which makes everything possible.
 */
export class Suspicion {
  readonly #wanted: number;
  readonly #classes: Uint8Array;

  /** @param wanted bits that are of interest; the others stay away */
  constructor(wanted: number) {
    this.#wanted = wanted;
    this.#classes = classesFor(wanted);
  }

  of(bytes: Buffer, start: number, end: number): number {
    const wanted = this.#wanted;
    const classes = this.#classes;
    let found = 0;
    for (let at = start; ; at++) {
      while (at < end && classes[bytes[at]!] === CLASS.none) at++;
      if (at >= end) return found & wanted;
      const kind = classes[bytes[at]!]!;
      if (kind === CLASS.digit) {
        const run = endOfRun(bytes, at, end);
        if (run - at >= SHORTEST || isCapital(bytes[at - 1]!)) found |= digitsAt(bytes, at, run);
        at = run - 1;
      } else if (kind === CLASS.at) {
        if (isText(bytes[at - 1]!) && isText(bytes[at + 1]!)) found |= MAY_BE.email;
      } else if (kind === CLASS.colon) {
        if (isHex(bytes[at - 1]!) || isHex(bytes[at + 1]!)) found |= MAY_BE.address;
      } else if (kind === CLASS.backslash) {
        if (isInnerEscape(bytes, at)) return wanted;
      } else if (kind === CLASS.mark ? isKeyMark(bytes, at) : isKeyLetter(bytes, at)) found |= MAY_BE.key;
      if ((found & wanted) === wanted) return wanted;
    }
  }
}

/** Digits and what may part them: a run of both. */
function endOfRun(bytes: Buffer, from: number, end: number): number {
  let at = from + 1;
  while (at < end && (isDigit(bytes[at]!) || SEPARATORS[bytes[at]!] === 1)) at++;
  return at;
}

function digitsAt(bytes: Buffer, start: number, end: number): number {
  let digits = 0;
  let dots = 0;
  let isSsn = false;
  // Lengths of the groups, the newest in the lowest byte: three, two and four digits are what an SSN has.
  let groups = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (isDigit(byte)) {
      digits++;
      groups++;
      isSsn ||= (groups & 0xffffff) === 0x030204;
    } else if (byte === DASH || byte === SPACE) groups <<= 8;
    else if (byte === DOT) dots++;
  }
  // Two capitals and two digits are what an account number begins with.
  const isAccount = isCapital(bytes[start - 1]!) && isCapital(bytes[start - 2]!) && digits >= 2;
  return (
    (digits >= CARD ? MAY_BE.card : 0) |
    (isSsn ? MAY_BE.ssn : 0) |
    (isAccount ? MAY_BE.account : 0) |
    (digits >= PHONE ? MAY_BE.phone : 0) |
    (dots >= 3 && digits >= 4 ? MAY_BE.address : 0)
  );
}

/** `sk-`, `ghp_` and their like, and the end of `-----BEGIN`. */
function isKeyMark(bytes: Buffer, at: number): boolean {
  if (BEFORE_MARK[(bytes[at - 2]! << 8) | bytes[at - 1]!] === 1) return true;
  return bytes[at + 1] === 66 && bytes[at + 2] === 69 && bytes[at + 3] === 71;
}

/** The J of `eyJ`, the I of `AKIA`, `ASIA` and `AIza`. */
function isKeyLetter(bytes: Buffer, at: number): boolean {
  const before = bytes[at - 1];
  if (bytes[at] === 74) return before === 121 && bytes[at - 2] === 101;
  if (before === 65) return bytes[at + 1] === 122;
  return (before === 75 || before === 83) && bytes[at - 2] === 65 && bytes[at + 1] === 65;
}

/** The backslash of a `\u` in a text that is JSON itself. */
const isInnerEscape = (bytes: Buffer, at: number): boolean =>
  bytes[at + 1] === LETTER_U || (bytes[at + 1] === BACKSLASH && bytes[at + 2] === LETTER_U);

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;
const isCapital = (byte: number): boolean => byte >= 65 && byte <= 90;
const isHex = (byte: number): boolean => isDigit(byte) || ((byte | 32) >= 97 && (byte | 32) <= 102) || byte === 58;
/** What stands beside the @ of an address. */
const isText = (byte: number): boolean => byte >= 35 && byte !== 64 && byte !== BACKSLASH;

function classesFor(wanted: number): Uint8Array {
  const table = new Uint8Array(256);
  const set = (bits: number, characters: string, kind: number): void => {
    if ((wanted & bits) !== 0) for (const character of characters) table[character.charCodeAt(0)] = kind;
  };
  set(DIGITS, '0123456789', CLASS.digit);
  set(MAY_BE.key, '-_', CLASS.mark);
  set(MAY_BE.key, 'JI', CLASS.letter);
  set(MAY_BE.email, '@', CLASS.at);
  set(MAY_BE.address, ':', CLASS.colon);
  set(wanted, '\\', CLASS.backslash);
  return table;
}

/** Space, dash, dot, brackets, and the bytes of no-break spaces and hyphens. */
const SEPARATORS = new Uint8Array(256);
for (const byte of [32, 45, 46, 40, 41, 0xc2, 0xa0, 0xe2, 0x80, 0x91]) SEPARATORS[byte] = 1;

function pairs(list: string): Uint8Array {
  const table = new Uint8Array(65_536);
  for (const pair of list.split(' ')) table[(pair.charCodeAt(0) << 8) | pair.charCodeAt(1)] = 1;
  return table;
}
