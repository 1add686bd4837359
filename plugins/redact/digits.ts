import { isAlphanumeric, isDigit } from './recogniser.ts';

const DOT = 46;
const COMMA = 44;

/** Digits in groups with one separator between each two: `4111 1111 1111 1111`. */
export interface Groups {
  /** Where each group begins and ends in the text. */
  readonly starts: number[];
  readonly ends: number[];
}

/** Runs of digits that are long enough for anything that is looked for; each character is looked at a few times at most. */
const RUN = /\d(?:[ .\-\u00a0\u2011]?\d){8,}/g;

/** Calls back for each run of nine digits and more: groups of them together where one space, dash or dot parts them. */
export function eachRun(text: string, found: (run: Groups) => void): void {
  for (const { index, 0: match } of text.matchAll(RUN)) {
    const run: Groups = { starts: [], ends: [] };
    const end = index + match.length;
    for (let at = index; at < end; at++) {
      run.starts.push(at);
      while (isDigit(text.charCodeAt(at))) at++;
      run.ends.push(at);
    }
    found(run);
  }
}

/** Nothing stands directly before or behind that would make it a part of a longer word or number. */
export function standsAlone(text: string, start: number, end: number): boolean {
  const before = text.charCodeAt(start - 1);
  if (isAlphanumeric(before) || before === 95) return false;
  if ((before === DOT || before === COMMA) && isDigit(text.charCodeAt(start - 2))) return false;
  const after = text.charCodeAt(end);
  if (isAlphanumeric(after) || after === 95) return false;
  return !((after === DOT || after === COMMA) && isDigit(text.charCodeAt(end + 1)));
}

/** The digits of a stretch, without what stands between them. */
export const digitsOf = (text: string, start: number, end: number): string => text.slice(start, end).replace(/\D/g, '');
