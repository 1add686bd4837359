/** Characters behind which a place to cut is looked for at most. */
const REACH = 16 * 1024;
const LETTER = /\p{L}/u;
/** What may follow a letter in one piece with it: letters, marks, and an apostrophe; numbers and line ends have rules of their own. */
const BINDS = /[\p{L}\p{M}\p{N}\r\n'’]/u;
const NEWLINE = 10;
const SLASH = 47;

/** Where a text is cut. */
export interface Cut {
  readonly at: number;
  /** Both parts have as many tokens as the whole. */
  readonly isSafe: boolean;
}

/**
 * Finds a place from `from` on where a text can be cut and both parts have as many tokens as
 * the whole; without one near, some place. The end of the text is one.
 *
 * The first step of OpenAI's tokenizers puts a sign or a space and the letters behind it into
 * one piece, and lets the piece before it end with its last letter. So between a letter and a
 * sign that a letter follows one piece ends and another begins, whatever stands around them;
 * and so it is behind the end of a line, where no space and no slash follows.
 */
export function safeCut(text: string, from: number): Cut {
  const last = Math.min(text.length - 1, from + REACH);
  for (let at = from; at < last; at++) if (isLineStart(text, at) || isWordStart(text, at)) return { at, isSafe: true };
  if (last < from + REACH) return { at: text.length, isSafe: true };
  return { at: last, isSafe: false };
}

function isLineStart(text: string, at: number): boolean {
  if (text.charCodeAt(at - 1) !== NEWLINE) return false;
  const code = text.charCodeAt(at);
  return code > 0x20 && code < 0x7f && code !== SLASH;
}

function isWordStart(text: string, at: number): boolean {
  const sign = text[at]!;
  return isSign(sign) && !BINDS.test(sign) && LETTER.test(text[at - 1]!) && LETTER.test(text[at + 1]!);
}

/** A quick no for most characters, and for halves of those that take two. */
function isSign(char: string): boolean {
  const code = char.charCodeAt(0);
  if (code < 0x80) return code < 0x30 || (code > 0x39 && code < 0x41) || (code > 0x5a && code < 0x61) || code > 0x7a;
  return code < 0xd800 || code > 0xdfff;
}
