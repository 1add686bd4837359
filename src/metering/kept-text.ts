/** Beyond this no more text is kept; bytes. */
const MOST = 64 * 1024;
const FIRST = 512;
/** Up to here a loop beats the call of copy, bytes. */
const NEAR = 24;

/**
 * The text of one answer as far as it is kept while the answer is on its way, in memory
 * alone: where the provider does not tell its tokens they are counted from it.
 *
 * Streams bring it as pieces of JSON strings, which are copied as they lie and decoded
 * only when somebody asks, so that an answer which does tell pays almost nothing.
 */
export class KeptText {
  #bytes: Buffer | null = null;
  #length = 0;
  #plain = '';
  /** Text came that was not kept. */
  isCut = false;

  /** Keeps a piece of a JSON string: what stands between its quotes. */
  addEscaped(bytes: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > MOST) {
      this.isCut = true;
      return;
    }
    if (this.#bytes === null || this.#bytes.length < length) {
      const grown = Buffer.allocUnsafe(Math.max(FIRST, 2 ** Math.ceil(Math.log2(length))));
      this.#bytes?.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    const kept = this.#bytes;
    if (end - start > NEAR) bytes.copy(kept, this.#length, start, end);
    else for (let from = start, to = this.#length; from < end; from++, to++) kept[to] = bytes[from]!;
    this.#length = length;
  }

  addPlain(text: string): void {
    const room = Math.max(0, MOST - this.#plain.length);
    if (text.length > room) this.isCut = true;
    if (room > 0) this.#plain += text.length > room ? text.slice(0, room) : text;
  }

  /** All of it as plain text. */
  read(): string {
    if (this.#bytes === null) return this.#plain;
    const escaped = this.#bytes.toString('utf8', 0, this.#length);
    try {
      return this.#plain + (JSON.parse(`"${escaped}"`) as string);
    } catch {
      // An escape that JSON does not know: its text is close enough for a count.
      return this.#plain + escaped;
    }
  }
}
