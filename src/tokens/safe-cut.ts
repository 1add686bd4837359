/** Characters behind which a place to cut is looked for at most; without one the text is cut at its end. */
const REACH = 256 * 1024;
const LETTER = /\p{L}/u;
/** What may follow a letter in one piece with it: letters, marks, and an apostrophe; numbers and line ends have rules of their own. */
const BINDS = /[\p{L}\p{M}\p{N}\r\n'’]/u;

/**
 * Finds a place from `from` on where a text can be cut and both parts have as many tokens as
 * the whole. The length of the text where there is none near.
 *
 * The first step of OpenAI's tokenizers puts a sign or a space and the letters behind it into
 * one piece, and lets the piece before it end with its last letter. So between a letter and a
 * sign that a letter follows one piece ends and another begins, whatever stands around them.
 */
export function safeCut(text: string, from: number): number {
  const last = Math.min(text.length - 1, from + REACH);
  for (let at = from; at < last; at++) {
    const sign = text[at]!;
    if (!isSign(sign) || BINDS.test(sign)) continue;
    if (LETTER.test(text[at - 1]!) && LETTER.test(text[at + 1]!)) return at;
  }
  return text.length;
}

/** A quick no for most characters, and for halves of those that take two. */
function isSign(char: string): boolean {
  const code = char.charCodeAt(0);
  if (code < 0x80) return code < 0x30 || (code > 0x39 && code < 0x41) || (code > 0x5a && code < 0x61) || code > 0x7a;
  return code < 0xd800 || code > 0xdfff;
}
