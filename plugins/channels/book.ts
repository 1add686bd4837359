import type { Documents, Json } from '../../src/plugin.ts';
import { bodyOf, type Delivery, readDelivery, type State } from './delivery.ts';

/** Deliveries that are over and still shown. */
export const MOST_DONE = 500;
/** Deliveries that wait, of all channels. */
export const MOST_WAITING = 1000;

export interface DeliveryQuestion {
  readonly channel?: string | undefined;
  readonly state?: State | undefined;
}

/**
 * All deliveries as this process knows them. The database has them for all processes and for the time after a restart;
 * while it does not answer, what happens here is remembered here.
 */
export class DeliveryBook {
  readonly #documents: Documents;
  readonly #unsaved: Map<string, Delivery>;
  readonly #stop: () => void;
  /** By id, those of the database. */
  readonly #parsed = new Map<string, { body: Json; delivery: Delivery | null }>();
  #known: Map<string, Delivery> | null = null;
  #saving = false;

  /**
   * @param unsaved what the database has not taken yet; outlives a change of the configuration
   * @param changed hears of every change, wherever it was made
   */
  constructor(documents: Documents, unsaved: Map<string, Delivery>, changed: () => void) {
    this.#documents = documents;
    this.#unsaved = unsaved;
    this.#stop = documents.onChange(() => {
      this.#known = null;
      changed();
    });
  }

  get(id: string): Delivery | null {
    return this.#all().get(id) ?? null;
  }

  /** Those that wait, the oldest first. */
  waiting(): Delivery[] {
    const list = [...this.#all().values()].filter(({ state }) => state === 'waiting');
    return list.sort((one, other) => order(one.made, other.made) || order(one.id, other.id));
  }

  /** How many wait for a channel. */
  waitingAt(name: string): number {
    let count = 0;
    for (const { channel, state } of this.#all().values()) if (state === 'waiting' && channel === name) count++;
    return count;
  }

  /** The newest first. */
  list({ channel, state }: DeliveryQuestion = {}): Delivery[] {
    const list = [...this.#all().values()].filter(
      (one) => (channel === undefined || one.channel === channel) && (state === undefined || one.state === state),
    );
    return list.sort((one, other) => order(other.made, one.made) || order(other.id, one.id));
  }

  /** Whether it was this process that changed it, or made it: of several that try, one does. Never rejects. */
  async put(delivery: Delivery): Promise<boolean> {
    try {
      const done = await this.#documents.putUnchanged(delivery.id, bodyOf(delivery));
      this.#unsaved.delete(delivery.id);
      this.#known = null;
      return done;
    } catch {
      this.#remember(delivery);
      return true;
    }
  }

  /** Writes down what could not be written before. Never rejects. */
  async save(): Promise<void> {
    if (this.#saving || this.#unsaved.size === 0) return;
    this.#saving = true;
    try {
      for (const [id, delivery] of [...this.#unsaved]) {
        const done = await this.#documents.putUnchanged(id, bodyOf(delivery));
        // Somebody else has gone on with it meanwhile, or it has gone on here.
        if (done || this.#unsaved.get(id) === delivery) this.#unsaved.delete(id);
        this.#known = null;
      }
    } catch {
      // The health of the store tells that the database is away.
    } finally {
      this.#saving = false;
    }
  }

  /** Forgets the oldest of what is over. Never rejects. */
  async prune(): Promise<void> {
    const done = this.list().filter(({ state }) => state !== 'waiting');
    for (const { id } of done.slice(MOST_DONE)) {
      this.#unsaved.delete(id);
      await this.#documents.delete(id).catch(() => false);
    }
    this.#known = null;
  }

  close(): void {
    this.#stop();
  }

  /** Most of them are as they were the last time. */
  #read(id: string, body: Json): Delivery | null {
    const known = this.#parsed.get(id);
    if (known?.body === body) return known.delivery;
    const delivery = readDelivery(id, body);
    this.#parsed.set(id, { body, delivery });
    return delivery;
  }

  #remember(delivery: Delivery): void {
    this.#unsaved.delete(delivery.id);
    this.#unsaved.set(delivery.id, delivery);
    const [oldest] = this.#unsaved.keys();
    if (this.#unsaved.size > MOST_WAITING + MOST_DONE && oldest !== undefined) this.#unsaved.delete(oldest);
    this.#known = null;
  }

  #all(): Map<string, Delivery> {
    if (this.#known) return this.#known;
    const all = new Map<string, Delivery>();
    for (const [id, body] of this.#documents.all()) {
      const delivery = this.#read(id, body);
      if (delivery) all.set(id, delivery);
    }
    for (const id of this.#parsed.keys()) if (!this.#documents.all().has(id)) this.#parsed.delete(id);
    for (const [id, delivery] of this.#unsaved) all.set(id, delivery);
    this.#known = all;
    return all;
  }
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
