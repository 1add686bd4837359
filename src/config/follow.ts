import { type Watch, type Watched, watch } from './watch.ts';

/** Watches what a configuration is made of, while that changes: price files and what plugins import come and go. */
export class Follow {
  readonly #changed: () => void;
  #watch: Watch | null = null;
  #followed = '';

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** From now on these, and no others. */
  follow({ files, folders }: Omit<Watched, 'changed'>): void {
    const list = [...files, ...folders].join('\n');
    if (list === this.#followed) return;
    this.#followed = list;
    void this.#watch?.close();
    this.#watch = watch({ files, folders, changed: this.#changed });
  }

  /** From here on every change is seen at once. */
  get ready(): Promise<void> {
    return this.#watch?.ready ?? Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#watch?.close();
  }
}
