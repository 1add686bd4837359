import type { Bytes } from './token-count.ts';

/** Of a longer text that much is looked at, evenly spread: any size takes the same time. UTF-16 units or bytes. */
const LOOKED_AT = 64 * 1024;
const WINDOW = 256;
const WINDOWS = LOOKED_AT / WINDOW;

/** Encoded bytes that a picture or a recording takes for one token: a flat figure, since its price goes by pixels or seconds. */
const ENCODED_PER_TOKEN = 500;
/** Of each kind of character a stretch of random base64 has more than that in 256. */
const LEAST_OF_A_KIND = 8;

/**
 * Tokens of a text by its length, without a tokenizer.
 *
 * Four ASCII characters make one token, as OpenAI's rule of thumb has it for English. Two
 * letters of Latin with accents, Cyrillic or Arabic make one; Chinese, Japanese and Korean
 * take about one for each character, and an emoji two. Base64 is a picture, not a text.
 */
export function tokensByLength(text: string | Bytes): number {
  const { length } = text;
  const isSampled = length > LOOKED_AT;
  const step = isSampled ? length / WINDOWS : WINDOW;
  let quarters = 0;
  for (let from = 0; from < length; from += step) quarters += quartersIn(windowAt(text, Math.floor(from)));
  return Math.ceil((quarters / 4) * (isSampled ? length / LOOKED_AT : 1));
}

function windowAt(text: string | Bytes, from: number): Uint8Array {
  const window = text.slice(from, from + WINDOW);
  return typeof window === 'string' ? Buffer.from(window) : window;
}

/** About how many bytes of a large body are no base64, by a look at some places in it. */
export function bytesOfText(body: Bytes): number {
  const step = body.length / WINDOWS;
  let plain = 0;
  for (let at = 0; at < WINDOWS; at++) if (!looksEncoded(windowAt(body, Math.floor(at * step)))) plain++;
  return Math.floor((body.length * plain) / WINDOWS);
}

/** Quarters of tokens in one window of UTF-8. */
function quartersIn(bytes: Uint8Array): number {
  if (bytes.length === WINDOW && looksEncoded(bytes)) return (WINDOW / ENCODED_PER_TOKEN) * 4;
  let quarters = 0;
  for (const byte of bytes) {
    if (byte < 0x80) quarters += 1;
    else if (byte >= 0xf0) quarters += 8;
    else if (byte >= 0xe0) quarters += 4;
    else if (byte >= 0xc0) quarters += 2;
  }
  return quarters;
}

/** No space, no quote, and letters of both cases among digits: no language looks like that, and no run of one letter does. */
export function looksEncoded(bytes: Uint8Array): boolean {
  let upper = 0;
  let lower = 0;
  let digits = 0;
  for (const byte of bytes) {
    if (byte >= 0x61 && byte <= 0x7a) lower++;
    else if (byte >= 0x41 && byte <= 0x5a) upper++;
    else if (byte >= 0x30 && byte <= 0x39) digits++;
    // Plus, slash and equals sign, and the two that stand for them in URLs.
    else if (byte !== 0x2b && byte !== 0x2f && byte !== 0x3d && byte !== 0x2d && byte !== 0x5f) return false;
  }
  return Math.min(upper, lower, digits) >= LEAST_OF_A_KIND;
}
