/** Up to here the beginning of a stream waits for its first content, bytes. */
const BEGINNING = 64 * 1024;
/** Up to here an answer waits for its end, bytes. */
const WHOLE = 16 * 1024 * 1024;

/**
 * What of an answer is kept back from its client while it may still become somebody else's.
 *
 * The beginning of a stream waits for its first content, so that a provider that only
 * seemed to answer can be left for another one. Where the route says `restart`, all of the
 * answer waits. What is mapped and decoded is held as it will leave; taps hear it at once.
 */
export class Hold {
  readonly whole: boolean;
  readonly #heard: () => void;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /**
   * @param whole until the end, not only until the first content
   * @param heard called when the taps have heard a chunk
   */
  constructor(whole: boolean, heard: () => void) {
    this.whole = whole;
    this.#heard = heard;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  heard(): void {
    this.#heard();
  }

  /** More is not kept. */
  get isFull(): boolean {
    return this.#bytes >= (this.whole ? WHOLE : BEGINNING);
  }

  /** Gives away what is held. */
  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** The beginning of what is held, at most so many bytes of it. */
  peek(limit: number): Buffer {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (const chunk of this.#chunks) {
      if (size >= limit) break;
      chunks.push(chunk);
      size += chunk.length;
    }
    return Buffer.concat(chunks).subarray(0, limit);
  }
}
