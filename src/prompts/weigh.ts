/**
 * How many tokens something takes, by its length. Only what one thing takes of a prompt beside another means
 * anything: the provider's own count is shared out by it.
 */
import type { Block } from './blocks.ts';
import { Kind } from './vocabulary.ts';

/** Four ASCII characters are a token of English, as OpenAI says; of JSON, with its signs and names, fewer. */
const TEXT = 1 / 4;
const JSON_TEXT = 1 / 3.3;
/** A character of three bytes takes about a token, one of two bytes half of one: so much beside its one character. */
const CONTINUED = 1.5;
/** What is written as an escape is mostly no ASCII. */
const ESCAPED = 3;
/** Thoughts that only the provider can read are base64 of about as many bytes as their text has. */
const SEALED = 3 / 16;
/** Bytes of base64 for a token of a picture, and what a picture takes at least and at most: what it really takes goes by its pixels. */
const PICTURE = 1 / 500;
const LEAST = 100;
const MOST = 1600;
/** A picture that lies elsewhere. */
const ELSEWHERE = 800;
/** Below this a picture is an address, bytes. */
const ADDRESS = 2000;
/** A page of a packed document is about 50,000 bytes and 1,500 tokens. */
const PACKED = (1500 / 50_000) * (3 / 4);
/** Where it is looked at to tell packed bytes from text, and how much of it. */
const LOOKED_AT = 0.6;
const WINDOW = 64;

/** Of a text that was walked over. */
export const weighText = (chars: number, continued: number, unicode: number): number =>
  (chars + CONTINUED * continued + ESCAPED * unicode) * TEXT;

/** Of JSON, by its characters and its bytes. */
export const weighJson = (chars: number, bytes: number): number => (chars + CONTINUED * (bytes - chars)) * JSON_TEXT;

/** Of a block, whose characters were counted. */
export function weighBlock(block: Block, bytes: Buffer, chars: number): number {
  const { kind, isText, start, end, sealed } = block;
  const size = end - start;
  if (isText) return weighText(chars, block.continued, block.unicode) + sealed * SEALED;
  if (kind === Kind.image)
    return size < ADDRESS ? ELSEWHERE : Math.min(MOST, Math.max(LEAST, Math.round(size * PICTURE)));
  if (kind === Kind.document && isPacked(bytes, start, end)) return size * PACKED;
  return kind === Kind.thinking && sealed > 0 ? sealed * SEALED : weighJson(chars, size);
}

/** No space, quote or backslash in some bytes of it: base64. */
function isPacked(bytes: Buffer, start: number, end: number): boolean {
  const from = start + Math.floor((end - start) * LOOKED_AT);
  if (end - from < WINDOW) return false;
  for (let at = from; at < from + WINDOW; at++) {
    const byte = bytes[at]!;
    if (byte === 32 || byte === 34 || byte === 92 || byte >= 128) return false;
  }
  return true;
}
