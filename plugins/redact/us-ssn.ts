import { eachRun, standsAlone } from './digits.ts';
import type { Recogniser } from './recogniser.ts';

/**
 * Social security numbers of the United States: `536-22-1234`, with dashes or spaces.
 *
 * Those that are never given out are none: area 000, 666 and 900 up, group 00, number 0000. Without
 * separators nine digits may be anything.
 */
export const US_SSN: Recogniser = {
  kind: 'us_ssn',
  find: (text, found) =>
    eachRun(text, ({ starts, ends }) => {
      for (let n = 0; n + 2 < starts.length; n++) {
        const start = starts[n]!;
        if (ends[n + 2]! - start !== 11 || !isGiven(text.slice(start, start + 11))) continue;
        if (standsAlone(text, start, start + 11)) found(start, start + 11);
      }
    }),
};

function isGiven(text: string): boolean {
  const [, area, separator, group, again, number] = /^(\d{3})([ -])(\d{2})([ -])(\d{4})$/.exec(text) ?? [];
  if (area === undefined || separator !== again) return false;
  return area !== '000' && area !== '666' && area < '900' && group !== '00' && number !== '0000';
}
