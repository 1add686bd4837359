import { looksEncoded } from './length.ts';

/**
 * Bodies of many megabytes are mostly pictures and documents in base64, whose first bytes tell
 * what they cost. The rest is cut out before the body is parsed, with its length in its place.
 */

/** Characters that are left of a long run. */
const KEPT = 128 * 1024;
/** More JSON than this is not parsed when the pictures are cut out of it, bytes: what comes of it takes three times as much memory. */
export const MOST_JSON = 8 * 1024 * 1024;
/** Bodies up to here stay as they are, bytes. */
const SMALL = 1024 * 1024;
/** What a picture, a recording or a document begins with. */
const BEGINNING = /^(?:data:|iVBORw0|\/9j\/|R0lGOD|UklGR|JVBERi|UEsDB|SUQz|AAAA)/;
const QUOTE = 34;
const BACKSLASH = 92;
/** A data URL says what it holds before its base64 begins. */
const PROLOGUE = 256;

/** 1 for what base64 is made of, in both alphabets, and the backslash that some put before a slash. */
const BASE64 = new Uint8Array(256);
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_\\')
  BASE64[letter.charCodeAt(0)] = 1;

/** Cuts the long runs of base64 in a JSON text; the same bytes where there are none. */
export function thin(body: Buffer): Buffer {
  if (body.length <= SMALL) return body;
  const pieces: Buffer[] = [];
  let done = 0;
  let start = body.indexOf(QUOTE) + 1;
  while (start > 0) {
    const end = body.indexOf(QUOTE, start);
    if (end === -1) break;
    if (end - start > KEPT + PROLOGUE && isPacked(body, start, end) && isBase64(body, start + PROLOGUE, end)) {
      pieces.push(body.subarray(done, start + KEPT), Buffer.from(`~${end - start}`));
      done = end;
    }
    start = end + 1;
  }
  return done === 0 ? body : Buffer.concat([...pieces, body.subarray(done)]);
}

/** A picture, or something else that no language looks like. */
function isPacked(bytes: Buffer, start: number, end: number): boolean {
  const middle = Math.floor((start + end) / 2);
  const isKnown = BEGINNING.test(bytes.toString('latin1', start, start + PROLOGUE));
  return isKnown || looksEncoded(bytes.subarray(middle, middle + PROLOGUE));
}

/** Whether there is nothing but base64 in a part of a JSON text. */
export function isBase64(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[end - 1] === BACKSLASH) return false;
  for (let at = start; at < end; at++) if (BASE64[bytes[at]!] === 0) return false;
  return true;
}

/** How many characters a text had before it was cut. */
export function base64Length(text: string): number {
  // Backslashes before slashes were among what is left, and are gone.
  if (text.length < KEPT / 2 || text.length > KEPT + 16) return text.length;
  const [, cut] = /~(\d{6,12})$/.exec(text.slice(-16)) ?? [];
  return cut === undefined ? text.length : Number(cut);
}

/** Bytes of what stands there in base64. */
export function bytesIn(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.floor(((base64Length(base64) - padding) * 3) / 4);
}
