import { SseCutter, type SseEvent } from '../bytes/sse.ts';
import type { EventMapper } from './response.ts';

/**
 * Runs the events of a stream through mappers on their way to the client.
 *
 * An event leaves when its blank line is here; what no mapper changes leaves byte for byte.
 */
export class MappedStream {
  readonly #mappers: readonly EventMapper[];
  readonly #cutter = new SseCutter();
  #out: Uint8Array[] = [];

  constructor(mappers: readonly EventMapper[]) {
    this.#mappers = mappers;
  }

  /** What may leave now; empty while an event is still incomplete. */
  push(chunk: Uint8Array): Uint8Array {
    this.#cutter.push(chunk, this.#map);
    return this.#take();
  }

  end(): Uint8Array {
    this.#cutter.end(this.#map);
    return this.#take();
  }

  readonly #map = (event: SseEvent): void => {
    let current = event;
    for (const mapper of this.#mappers) {
      const verdict = mapper(current);
      if (verdict === false) return;
      if (verdict === true) continue;
      current = { raw: Buffer.from(verdict), data: current.data } as SseEvent;
    }
    this.#out.push(current.raw);
  };

  #take(): Uint8Array {
    const out = this.#out;
    this.#out = [];
    return out.length === 1 ? out[0]! : Buffer.concat(out);
  }
}
