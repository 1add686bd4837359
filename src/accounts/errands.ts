import type { SharedHolds } from './rows.ts';
import { pause } from './within.ts';

/** Ids in one call. */
const MOST = 1000;
/** Pause after the database did not answer, milliseconds. */
const PAUSE_MS = 1000;
/** Releases that wait; beyond this many the leases end the holds. */
const MOST_WAITING = 50_000;

export interface ErrandsOptions {
  shared: SharedHolds;
  /** How often holds are said to be alive, milliseconds. */
  everyMs: number;
  /** Ids of what the database holds for this process. */
  alive: () => Iterable<string>;
}

/** What the database is told of holds while nobody waits for it: changes, releases, and that they are alive. */
export class Errands {
  readonly #options: ErrandsOptions;
  readonly #timer: NodeJS.Timeout;
  #changed = new Map<string, readonly bigint[]>();
  #released = new Set<string>();
  /** Whose row was taken: they are said to be alive once more, so that they outlive its way to the database. */
  #going = new Set<string>();
  #running = false;
  #closed = false;
  /** When the database heard last that holds are alive. */
  renewedAt = performance.now();

  constructor(options: ErrandsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#renew(), options.everyMs).unref();
  }

  adjust(id: string, amounts: readonly bigint[]): void {
    this.#changed.set(id, amounts);
    this.#go();
  }

  release(id: string): void {
    this.#changed.delete(id);
    if (this.#released.size < MOST_WAITING) this.#released.add(id);
    this.#go();
  }

  /** The row of a hold is on its way, and will end it. */
  leave(id: string): void {
    this.#changed.delete(id);
    this.#going.add(id);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  /** One at a time: what comes meanwhile goes together. */
  #go(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
    });
  }

  async #run(): Promise<void> {
    const { shared } = this.#options;
    // What one tick has to say is said at once.
    await Promise.resolve();
    while (!this.#closed && this.#changed.size + this.#released.size > 0) {
      const changed = cut(this.#changed);
      const released = [...this.#released].slice(0, MOST);
      for (const id of released) this.#released.delete(id);
      try {
        if (changed.length > 0) await shared.adjust(changed.map(([id, amounts]) => ({ id, amounts })));
        changed.length = 0;
        if (released.length > 0) await shared.release(released);
      } catch {
        for (const [id, amounts] of changed) if (!this.#changed.has(id)) this.#changed.set(id, amounts);
        for (const id of released) this.release(id);
        await pause(PAUSE_MS);
      }
    }
  }

  async #renew(): Promise<void> {
    const ids = [...this.#options.alive(), ...this.#going];
    this.#going = new Set();
    try {
      for (let i = 0; i < ids.length; i += MOST) await this.#options.shared.renew(ids.slice(i, i + MOST));
      this.renewedAt = performance.now();
    } catch {
      // The lease is four times as long as the time between two words of this.
    }
  }
}

/** Takes the first entries out. */
function cut<V>(map: Map<string, V>): [string, V][] {
  const entries: [string, V][] = [];
  for (const entry of map) {
    if (entries.length === MOST) break;
    entries.push(entry);
    map.delete(entry[0]);
  }
  return entries;
}
