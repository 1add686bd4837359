/** How long an alert is remembered, milliseconds: one that nobody heeded comes again the next day. */
const DAY_MS = 86_400_000;
/** Made-up names are models too: whoever sends them must fill neither memory nor the log. */
const MOST = 200;

/** Remembers what was alerted, so that it is said once. */
export class Alerted {
  readonly #most: number;
  /** When each was said, epoch milliseconds; the oldest first. */
  readonly #said = new Map<string, number>();

  constructor(most = MOST) {
    this.#most = most;
  }

  get size(): number {
    return this.#said.size;
  }

  /** `first`: it has to be said now. `full`: this and all further ones are not said until old ones are forgotten. */
  note(name: string, now: number): 'first' | 'known' | 'full' | 'silent' {
    for (const [old, at] of this.#said) {
      if (now - at < DAY_MS) break;
      this.#said.delete(old);
    }
    if (this.#said.has(name)) return 'known';
    if (this.#said.size > this.#most) return 'silent';
    this.#said.set(name, now);
    return this.#said.size > this.#most ? 'full' : 'first';
  }

  forget(name: string): void {
    this.#said.delete(name);
  }
}
