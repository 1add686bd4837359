import { digitsOf, eachRun, standsAlone } from './digits.ts';
import { isDigit, type Recogniser } from './recogniser.ts';

/** E.164: country code and number together. */
const LEAST = 8;
const MOST = 15;
const US = /^(?:1[ .-]?)?[2-9]\d{2}[ .-][2-9]\d{2}[ .-]\d{4}$/;
/** With brackets, anywhere in a text: each part has a fixed length. */
const BRACKETS = /(?:\b1[ .-]?)?\([2-9]\d{2}\) ?[2-9]\d{2}[ .-]?\d{4}(?!\d)/g;
const INTERNATIONAL = /\+[1-9][\d ().\u00a0-]{6,24}\d/y;

/**
 * Telephone numbers: international ones that begin with `+`, and those of North America in groups:
 * `(212) 555-0123`, `212-555-0123`. Ten digits without a separator may be anything, and are none.
 */
export const PHONE: Recogniser = {
  kind: 'phone',
  find(text, found) {
    const spans: [start: number, end: number][] = [];
    for (let at = text.indexOf('+'); at !== -1; at = text.indexOf('+', at + 1)) {
      const end = internationalEnd(text, at);
      if (end !== -1) spans.push([at, end]);
    }
    for (const { index, 0: match } of text.matchAll(BRACKETS)) spans.push([index, index + match.length]);
    eachRun(text, ({ starts, ends }) => {
      for (let n = 0; n < starts.length; n++) {
        const last = lastOfUs(text, starts, ends, n);
        if (last === -1) continue;
        spans.push([starts[n]!, ends[last]!]);
        n = last;
      }
    });
    for (const [start, end] of spans.sort((one, other) => one[0] - other[0])) found(start, end);
  },
};

function internationalEnd(text: string, at: number): number {
  if (isDigit(text.charCodeAt(at - 1)) || !isDigit(text.charCodeAt(at + 1))) return -1;
  INTERNATIONAL.lastIndex = at;
  const match = INTERNATIONAL.exec(text);
  if (match === null) return -1;
  const end = at + match[0].length;
  const digits = digitsOf(text, at, end).length;
  return digits >= LEAST && digits <= MOST && !isDigit(text.charCodeAt(end)) ? end : -1;
}

function lastOfUs(text: string, starts: readonly number[], ends: readonly number[], first: number): number {
  for (const groups of [4, 3]) {
    const last = first + groups - 1;
    if (last >= starts.length) continue;
    const [start, end] = [starts[first]!, ends[last]!];
    if (end - start <= 16 && US.test(text.slice(start, end)) && standsAlone(text, start, end)) return last;
  }
  return -1;
}
