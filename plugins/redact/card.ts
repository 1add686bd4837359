import { eachRun, type Groups, standsAlone } from './digits.ts';
import type { Recogniser } from './recogniser.ts';

const LEAST = 13;
const MOST = 19;
/**
 * Numbers of payment cards: 13 to 19 digits of a network (times in
 * milliseconds begin with 1, and are of none), alone or in groups, whose check digit is right (Luhn).
 *
 * One of ten numbers passes that check by chance, so a number in a longer one, or with a decimal point, is none.
 */
export const CARD: Recogniser = {
  kind: 'card',
  find: (text, found) => eachRun(text, (run) => cardsIn(text, run, found)),
};

function cardsIn(text: string, run: Groups, found: (start: number, end: number) => void): void {
  for (let first = 0; first < run.starts.length; first++) {
    const last = lastGroup(text, run, first);
    if (last === -1) continue;
    found(run.starts[first]!, run.ends[last]!);
    first = last;
  }
}

/** The last group of the longest card that begins with this one; -1 where none does. */
function lastGroup(text: string, { starts, ends }: Groups, first: number): number {
  let digits = 0;
  let best = -1;
  for (let last = first; last < starts.length; last++) {
    digits += ends[last]! - starts[last]!;
    if (digits > MOST) break;
    if (digits >= LEAST && isCard(text, starts[first]!, ends[last]!)) best = last;
  }
  return best;
}

function isCard(text: string, start: number, end: number): boolean {
  return isOfNetwork(text, start) && isLuhn(text, start, end) && standsAlone(text, start, end);
}

/** Mastercard, Diners, JCB and American Express, Visa, Maestro, Discover, UnionPay begin with 2 to 6, RuPay with 81 or 82. */
function isOfNetwork(text: string, start: number): boolean {
  const first = text[start]!;
  return (first >= '2' && first <= '6') || (first === '8' && (text[start + 1] === '1' || text[start + 1] === '2'));
}

/** Every second digit from the right is doubled, and the digits of all of them come to a multiple of ten. */
function isLuhn(text: string, start: number, end: number): boolean {
  let sum = 0;
  let doubles = false;
  for (let at = end - 1; at >= start; at--) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) continue;
    const weighed = doubles ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
    doubles = !doubles;
  }
  return sum % 10 === 0;
}
