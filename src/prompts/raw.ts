import { isAscii } from 'node:buffer';

import { codePointsIn } from '../bytes/code-points.ts';

/** The bytes of a body, and what is known of them as a whole. */
export class Raw {
  readonly bytes: Buffer;
  /** Then each byte is a character. */
  readonly isAscii: boolean;
  readonly #view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.isAscii = isAscii(bytes);
  }

  /** Characters (code points) of `[start, end)` as they lie. */
  chars(start: number, end: number): number {
    return this.isAscii ? end - start : codePointsIn(this.#view, start, end);
  }
}
