import type { Rope } from '../bytes/rope.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { CutPrompt } from '../pipeline/prompt.ts';
import type { ComponentSpec, Components, Documents, Prompts } from '../plugin.ts';
import { cutBody } from './body.ts';
import { Hasher } from './hasher.ts';
import { Salt } from './salt.ts';

/** A body is looked at up to here, bytes: beyond it, taking it apart would hold the loop for others. */
const LOOKED_AT = 4 * 1024 * 1024;

interface Cuts {
  bare: CutPrompt | null | undefined;
}

/** Takes prompts apart, those of one database. */
export class PromptCutter implements Prompts {
  #hasher: Hasher;
  /** By what the bytes lie in: a changed request has another. */
  #cuts = new WeakMap<Rope, Cuts>();

  constructor(documents: Documents) {
    const salt = new Salt(documents, (bytes) => {
      this.#hasher = new Hasher(bytes);
      this.#cuts = new WeakMap();
    });
    this.#hasher = new Hasher(salt.bytes);
  }

  cut(exchange: Exchange, _components?: Components): CutPrompt | null {
    const rope = exchange.request.bytes;
    if (rope === null) return null;
    let cuts = this.#cuts.get(rope);
    if (!cuts) {
      cuts = { bare: undefined };
      this.#cuts.set(rope, cuts);
    }
    cuts.bare ??= this.#cut(rope);
    return cuts.bare;
  }

  components(specs: readonly ComponentSpec[]): Components {
    return { names: specs.map(({ name }) => name) };
  }

  #cut(rope: Rope): CutPrompt | null {
    const isWhole = rope.length <= LOOKED_AT;
    const bytes = isWhole ? rope.join() : rope.slice(0, LOOKED_AT);
    return cutBody(bytes, isWhole, this.#hasher);
  }
}
