interface Held {
  value: Promise<unknown>;
  holders: number;
  close: (value: never) => unknown;
}

/**
 * Shares what may outlive a configuration: pools, the database, ports, plugin instances.
 *
 * Two generations that need the same thing say the same key and get the same object, with
 * its connections and caches; it is closed when the last holder has let go. A plain cache
 * would not do: it never learns that nobody needs a thing any more.
 */
export class Resources {
  readonly #held = new Map<string, Held>();

  /** Returns what is held under `key`, opening it first if nobody holds it yet. What fails to open is not held. */
  async hold<T>(key: string, open: () => T | Promise<T>, close: (value: T) => unknown): Promise<T> {
    let held = this.#held.get(key);
    if (!held) {
      held = { value: Promise.resolve().then(open), holders: 0, close };
      this.#held.set(key, held);
    }
    held.holders++;
    try {
      return (await held.value) as T;
    } catch (error) {
      if (--held.holders === 0) this.#held.delete(key);
      throw error;
    }
  }

  /** Lets go of `key` once; the last one to let go closes it. Resolves when it is closed, or at once if others hold it. */
  async release(key: string): Promise<void> {
    const held = this.#held.get(key);
    if (!held || --held.holders > 0) return;
    this.#held.delete(key);
    await held.close((await held.value) as never);
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }
}
