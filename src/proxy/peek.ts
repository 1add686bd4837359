import { decodeUpTo, isDecodable } from './decode.ts';

/** Bytes kept while a listener thinks; beyond it the upstream waits. */
const KEPT = 256 * 1024;

/** Holds the beginning of an answer while a listener of its headers is still deciding. */
export class Peek {
  readonly #encodings: readonly string[];
  readonly #resume: () => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #wanted = 0;
  #wake: () => void = () => {};
  #paused = false;
  ended = false;

  constructor(encodings: readonly string[], resume: () => void) {
    this.#encodings = encodings;
    this.#resume = resume;
  }

  /** Returns false when enough is held. */
  push(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= this.#wanted) this.#wake();
    this.#paused = this.#size >= KEPT;
    return !this.#paused;
  }

  /** Bytes that came so far. */
  get size(): number {
    return this.#size;
  }

  end(): void {
    this.ended = true;
    this.#wake();
  }

  /**
   * The first `limit` bytes, decoded; fewer when the body is shorter, or does not come in time.
   * They stay in `take`.
   *
   * @param patience milliseconds; without it, for as long as the limits of the exchange allow
   */
  async read(limit: number, patience?: number): Promise<Buffer> {
    this.#wanted = Math.min(limit, KEPT);
    if (!this.ended && this.#size < this.#wanted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (patience !== undefined) setTimeout(resolve, patience).unref();
        if (this.#paused) this.#resume();
      });
    }
    const bytes = Buffer.concat(this.#chunks);
    if (this.#encodings.length === 0 || !isDecodable(this.#encodings)) return bytes;
    return (await decodeUpTo(bytes, this.#encodings, limit)).plain;
  }

  take(): Buffer[] {
    return this.#chunks.splice(0);
  }
}
