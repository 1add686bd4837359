import { SseCutter, type SseEvent } from '../bytes/sse.ts';
import type { BodyMapper, EventMapper } from './response.ts';

/**
 * Runs an answer through what changes it on its way to the client, one behind the other.
 *
 * An event leaves when its blank line is here; what nobody changes leaves byte for byte.
 */
export class MappedStream implements BodyMapper {
  readonly #stages: readonly BodyMapper[];

  constructor(mappers: readonly (EventMapper | BodyMapper)[]) {
    this.#stages = stagesOf(mappers);
  }

  /** What may leave now; empty while an event is still incomplete. */
  push(chunk: Uint8Array): Uint8Array {
    return this.#pass(chunk, 0);
  }

  end(): Uint8Array {
    const out = this.#stages.map((stage, n) => this.#pass(stage.end(), n + 1));
    return joined(out.filter(({ length }) => length > 0));
  }

  /** What comes out at the other end of bytes that go into the stage of this number. */
  #pass(bytes: Uint8Array, from: number): Uint8Array {
    let current = bytes;
    for (let n = from; n < this.#stages.length && current.length > 0; n++) current = this.#stages[n]!.push(current);
    return current;
  }
}

/** Those who map events and follow one another share one cutter. */
function stagesOf(mappers: readonly (EventMapper | BodyMapper)[]): BodyMapper[] {
  const stages: BodyMapper[] = [];
  let events: EventMapper[] | null = null;
  for (const mapper of mappers) {
    if (typeof mapper !== 'function') {
      stages.push(mapper);
      events = null;
    } else if (events === null) {
      events = [mapper];
      stages.push(new MappedEvents(events));
    } else events.push(mapper);
  }
  return stages;
}

class MappedEvents implements BodyMapper {
  readonly #mappers: readonly EventMapper[];
  readonly #cutter = new SseCutter();
  #out: Uint8Array[] = [];

  constructor(mappers: readonly EventMapper[]) {
    this.#mappers = mappers;
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#cutter.push(chunk, this.#map);
    return this.#take();
  }

  end(): Uint8Array {
    this.#cutter.end(this.#map);
    for (const [n, mapper] of this.#mappers.entries()) {
      const rest = mapper.end?.();
      if (rest !== undefined && rest.length > 0) this.#mapAgain(rest, n + 1);
    }
    return this.#take();
  }

  readonly #map = (event: SseEvent): void => this.#mapFrom(event, 0);

  #mapFrom(event: SseEvent, from: number): void {
    for (let n = from; n < this.#mappers.length; n++) {
      const verdict = this.#mappers[n]!(event);
      if (verdict === false) return;
      if (verdict === true) continue;
      this.#mapAgain(verdict, n + 1);
      return;
    }
    this.#out.push(event.raw);
  }

  /** What a mapper made may be several events: the next one sees each of them. */
  #mapAgain(bytes: Uint8Array, from: number): void {
    if (from === this.#mappers.length) {
      this.#out.push(bytes);
      return;
    }
    const cutter = new SseCutter();
    const map = (event: SseEvent): void => this.#mapFrom(event, from);
    cutter.push(bytes, map);
    cutter.end(map);
  }

  #take(): Uint8Array {
    const out = this.#out;
    this.#out = [];
    return joined(out);
  }
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => (parts.length === 1 ? parts[0]! : Buffer.concat(parts));
