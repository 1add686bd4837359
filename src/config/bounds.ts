/**
 * What a text must not exceed before a YAML parser may see it. A parser descends once a
 * level and builds a node for each token, so depth and size are decided by a plain scan.
 */

const MAX_BYTES = 1024 * 1024;
/** Far above the 32 levels that the parsed document may have: brackets in texts and comments count here, too. */
const MAX_BRACKETS = 200;
const MAX_INDENT = 256;
/** Each token costs a parser memory whatever it says; lines and indicator characters are a fair count of them. */
const MAX_TOKENS = 100_000;
const INDICATORS = new Set('[]{},:&*!|>"\'\\');

export interface Refusal {
  line: number | null;
  column: number | null;
  message: string;
}

/** Returns why a text is not even parsed, or null. Takes time in proportion to its length. */
export function refuseText(text: string): Refusal | null {
  if (Buffer.byteLength(text) > MAX_BYTES)
    return whole('is larger than 1 MiB; move prices into files under pricing.files');
  if (text.trim() === '') return whole('is empty; write at least one section, or {} for the defaults');
  const odd = firstOddCharacter(text);
  if (odd !== -1) return at(text, odd, 'holds a character that no text has; save it as UTF-8 text');
  const deep = firstTooDeep(text);
  if (deep !== -1) return at(text, deep, 'is nested too deeply; 32 levels are the most');
  const dense = firstTooMany(text);
  if (dense !== -1) return at(text, dense, 'has more than 100,000 parts; move prices into files under pricing.files');
  return null;
}

/** Control characters other than tab and line ends, lone surrogates, and what bytes that are no UTF-8 turn into. */
function firstOddCharacter(text: string): number {
  return text.search(/(?![\t\n\r\u0085])[\p{Cc}\p{Cs}\ufffd\ufffe\uffff]/u);
}

function firstTooDeep(text: string): number {
  let brackets = 0;
  let indent = 0;
  let leading = true;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\n') {
      leading = true;
      indent = 0;
      continue;
    }
    // `- - - x` opens a list with each dash, so dashes count like the blanks before them.
    if (leading && (c === ' ' || c === '-' || c === '?' || c === '\t')) indent += 1;
    else leading = false;
    if (c === '#' && (i === 0 || /\s/.test(text[i - 1]!))) i = endOfLine(text, i) - 1;
    else if (c === '[' || c === '{') brackets += 1;
    else if (c === ']' || c === '}') brackets = Math.max(0, brackets - 1);
    if (brackets > MAX_BRACKETS || indent > MAX_INDENT) return i;
  }
  return -1;
}

function firstTooMany(text: string): number {
  let tokens = 0;
  for (let i = 0; i < text.length; i++) {
    if ((text[i] === '\n' || INDICATORS.has(text[i]!)) && ++tokens > MAX_TOKENS) return i;
  }
  return -1;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function whole(message: string): Refusal {
  return { line: null, column: null, message };
}

function at(text: string, offset: number, message: string): Refusal {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1, message };
}
