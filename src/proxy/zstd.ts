import { Decompress } from 'fzstd';

import type { Decoder, Out } from './decoder.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** Bytes decoded at once: each four of them may come to 128 KiB. */
const STEP = 1024;

/** Decodes zstd where Node cannot: in small steps, so that nothing else waits long. */
export class ZstdInScript implements Decoder {
  failed = false;
  readonly #frames = new ZstdFrames();
  readonly #stream: Decompress;
  readonly #drained: () => void;
  readonly #waiting: Uint8Array[] = [];
  #held = false;
  #planned = false;
  #settle: () => void = () => {};

  constructor(out: Out, drained: () => void) {
    this.#drained = drained;
    this.#stream = new Decompress((chunk) => {
      if (!out(chunk)) this.#held = true;
    });
  }

  push(chunk: Uint8Array): boolean {
    if (this.failed || chunk.length === 0) return true;
    this.#waiting.push(chunk);
    if (this.#waiting.length === 1 && !this.#held) this.#step();
    this.#plan();
    return this.#idle;
  }

  resume(): void {
    this.#held = false;
    this.#plan();
  }

  end(): Promise<void> {
    if (this.#idle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get #idle(): boolean {
    return this.failed || this.#waiting.length === 0;
  }

  /** Goes on at the next turn of the loop, unless the output is held back. */
  #plan(): void {
    if (this.#planned || this.#held || this.#idle) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      if (this.#held || this.#idle) return;
      this.#step();
      if (!this.#idle) return this.#plan();
      this.#settle();
      this.#drained();
    });
  }

  #step(): void {
    const first = this.#waiting[0]!;
    const piece = first.subarray(0, STEP);
    if (piece.length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(STEP);
    try {
      this.#frames.push(piece);
      this.failed ||= this.#frames.refused;
      if (!this.failed) this.#stream.push(piece);
    } catch {
      this.failed = true;
    }
  }
}
