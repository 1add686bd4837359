interface Held {
  value: unknown;
  holders: Set<object>;
}

/**
 * What instances of a plugin have in common: a changed one goes on with what the one before it knew.
 *
 * It is there as long as somebody holds it. A new instance is made before the old one is
 * closed, so that between the two nothing is forgotten.
 */
export class Shared {
  readonly #held = new Map<string, Held>();

  /** Gives what is held under the key, made first if nobody holds it. */
  hold<T>(key: string, make: () => T, holder: object): T {
    let held = this.#held.get(key);
    if (!held) {
      held = { value: make(), holders: new Set() };
      this.#held.set(key, held);
    }
    held.holders.add(holder);
    return held.value as T;
  }

  /** Lets go of all that a holder had; what nobody else holds is forgotten. */
  release(holder: object): void {
    for (const [key, { holders }] of this.#held) {
      if (holders.delete(holder) && holders.size === 0) this.#held.delete(key);
    }
  }
}
