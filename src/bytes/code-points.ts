const NO_WORDS = new Uint32Array(0);

/** In each byte of a word, 1 where the byte continues a character (10xxxxxx). */
const continuations = (word: number): number => (word >>> 7) & (~word >>> 6) & 0x01010101;

/**
 * Counts the characters (code points) of UTF-8 text without decoding it.
 *
 * Four bytes at a time, because decoding 200 KB holds the loop ten times as long.
 */
export function codePoints(bytes: Uint8Array): number {
  const { buffer, byteOffset, length } = bytes;
  const toWord = (4 - (byteOffset % 4)) % 4;
  const head = Math.min(length, toWord);
  // A view may not begin between words, not even an empty one.
  const words = head < toWord ? NO_WORDS : new Uint32Array(buffer, byteOffset + head, (length - head) >> 2);
  let continued = 0;
  for (let at = 0; at < words.length; ) {
    // The four counters of a byte each hold up to 255.
    const end = Math.min(at + 255, words.length);
    let sum = 0;
    for (; at < end; at++) sum += continuations(words[at]!);
    continued += (sum & 0xff) + ((sum >>> 8) & 0xff) + ((sum >>> 16) & 0xff) + (sum >>> 24);
  }
  for (let at = 0; at < head; at++) if ((bytes[at]! & 0xc0) === 0x80) continued++;
  for (let at = head + words.length * 4; at < length; at++) if ((bytes[at]! & 0xc0) === 0x80) continued++;
  return length - continued;
}

/** The same for `[start, end)` of a view, without a view of their own: for many short texts in one. */
export function codePointsIn(view: DataView, start: number, end: number): number {
  let continued = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at);
    if (word & 0x80808080) continued += Math.imul(continuations(word), 0x01010101) >>> 24;
  }
  for (; at < end; at++) if ((view.getUint8(at) & 0xc0) === 0x80) continued++;
  return end - start - continued;
}
