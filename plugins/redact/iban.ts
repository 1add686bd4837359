import { isAlphanumeric, isDigit, isUpper, type Recogniser } from './recogniser.ts';

/** Characters of an account number by its country: without these, where it ends in a text nobody could tell. */
const LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const BEGINNING = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}/g;

/** International bank account numbers, with or without spaces: as long as their country has them, and the checksum (mod 97) is right. */
export const IBAN: Recogniser = {
  kind: 'iban',
  find(text, found) {
    let done = 0;
    for (const { index } of text.matchAll(BEGINNING)) {
      const end = index < done ? -1 : ibanEnd(text, index);
      if (end === -1) continue;
      found(index, end);
      done = end;
    }
  },
};

function ibanEnd(text: string, start: number): number {
  const length = LENGTHS[text.slice(start, start + 2)];
  if (length === undefined) return -1;
  let plain = '';
  let at = start;
  while (plain.length < length) {
    const code = text.charCodeAt(at);
    if (isDigit(code) || isUpper(code)) plain += text[at];
    else if ((code !== 32 && code !== 0xa0) || !isAlphanumeric(text.charCodeAt(at + 1))) return -1;
    at++;
  }
  return !isAlphanumeric(text.charCodeAt(at)) && isChecked(plain) ? at : -1;
}

/** Country and check digits go to the end, letters become numbers from 10, and the remainder by 97 is 1. */
export function isChecked(iban: string): boolean {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
