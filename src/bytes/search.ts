/** Up to here a loop beats the call of indexOf, bytes. */
const NEAR = 24;
const QUOTE = 34;
const BACKSLASH = 92;

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Offset of the quote that ends a string, or -1; `from` is a place where no escape is open. */
export function closingQuote(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const near = Math.min(at + NEAR, bytes.length);
    for (; at < near; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) at++;
    }
    if (at >= bytes.length) return -1;
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1 || !endsEscaped(bytes, at, quote)) return quote;
    at = quote + 1;
  }
}

/** True when an odd run of backslashes ends before `to`. */
export function endsEscaped(bytes: Buffer, from: number, to: number): boolean {
  let at = to;
  while (at > from && bytes[at - 1] === BACKSLASH) at--;
  return ((to - at) & 1) === 1;
}
