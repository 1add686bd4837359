import type { Log } from '../../src/plugin.ts';
import type { Notice } from '../shared/notice.ts';
import { type DeliveryBook, MOST_WAITING } from './book.ts';
import { type Channel, wants } from './channel.ts';
import { after, again, claimed, type Delivery, deliveryOf, idOf } from './delivery.ts';
import { failed } from './outcome.ts';

/** A claim outlives the longest try by that, milliseconds: so late an answer may be written down. */
const CLAIM_MS = 3000;
/** A channel that nobody knows may be known to the other processes, or after the next change of gateway.yaml. */
const STRANGER_MS = 900_000;
/** Tries under way when a courier ends are given so long, milliseconds; then others take them over. */
const LAST_MS = 300;

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** From 0 to 1. */
  random(): number;
}

export interface CourierParts {
  readonly channels: ReadonlyMap<string, Channel>;
  readonly book: DeliveryBook;
  readonly log: Log;
  readonly clock: Clock;
  /** Where people open the dashboard. */
  readonly dashboard: string | null;
  /** Until when a channel wants to be left alone, epoch milliseconds; outlives a change of the configuration. */
  readonly quiet: Map<string, number>;
  /** False while another configuration is in force. */
  isInForce(): boolean;
  count(delivery: Pick<Delivery, 'type'>, state: 'sent' | 'failed' | 'retried' | 'dropped'): void;
  /** Something was given up. */
  givenUp(delivery: Delivery): void;
}

/**
 * Takes notices for channels and tries to deliver them: one at a time for each channel, those of one incident in their
 * order, again and again after growing pauses, and then no more. Nothing waits for it.
 */
export class Courier {
  readonly #parts: CourierParts;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #end = new AbortController();
  readonly #adding = new Map<string, number>();
  #dropped = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** How many there was no room for. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a notice for all channels that want it. Never rejects. */
  async take(notice: Notice, except: string | null = null): Promise<void> {
    const { channels, log } = this.#parts;
    const known = [...channels.values()].filter((channel) => channel.name !== except && wants(channel, notice));
    const unknown = notice.notify.filter((name) => !channels.has(name));
    if (unknown.length > 0) log.warn('a notice names channels that are not there', { event: notice.event, unknown });
    const added = await Promise.all(known.map((channel) => this.#add(channel, notice)));
    if (added.some((delivery) => delivery !== null)) this.tick();
  }

  /** Takes a notice for one channel, to be tried once, and resolves with what came of it; null: there was no room. */
  async test(channel: Channel, notice: Notice): Promise<Delivery | null> {
    const delivery = await this.#add(channel, notice, true);
    if (delivery === null) return null;
    await this.#queueUp(channel, delivery);
    return this.#parts.book.get(delivery.id);
  }

  /** Begins anew with one that was given up, or does not wait any longer. False: somebody else was faster. */
  async retry(delivery: Delivery): Promise<boolean> {
    const { book, clock, quiet } = this.#parts;
    const done = await book.put(again(delivery, clock.now()));
    quiet.delete(delivery.channel);
    this.tick();
    return done;
  }

  /** Begins all tries that are due. */
  readonly tick = (): void => {
    const { book, clock, quiet, isInForce, channels } = this.#parts;
    if (!isInForce() || this.#end.signal.aborted) return;
    void book.save();
    const now = clock.now();
    const incidents = new Set<string>();
    for (const delivery of book.waiting()) {
      const incident = `${delivery.channel}\n${delivery.notice.key}`;
      const isFirst = !incidents.has(incident);
      incidents.add(incident);
      const channel = channels.get(delivery.channel);
      if (channel === undefined) this.#leave(delivery, now);
      else if (
        isFirst &&
        isDue(delivery, now) &&
        !this.#busy.has(channel.name) &&
        (quiet.get(channel.name) ?? 0) <= now
      )
        void this.#begin(channel, delivery);
    }
  };

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy.values());
  }

  /** Gives tries under way a moment, then puts them back. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#end.abort(), LAST_MS);
    await this.idle();
    clearTimeout(timer);
    this.#end.abort();
  }

  async #add(channel: Channel, notice: Notice, once = false): Promise<Delivery | null> {
    const { book, clock, channels } = this.#parts;
    const { name } = channel;
    if (book.get(idOf(notice.id, name)) !== null) return null;
    const adding = this.#adding.get(name) ?? 0;
    // Each channel has its share: one that hangs must not take the room of the others.
    const room = Math.floor(MOST_WAITING / Math.max(1, channels.size));
    const waiting = book.waitingAt(name) + adding;
    if (waiting >= room) return this.#drop(channel);
    this.#adding.set(name, adding + 1);
    const delivery = deliveryOf(notice, channel, clock.now(), once);
    const isMine = await book.put(delivery);
    this.#adding.set(name, this.#adding.get(name)! - 1);
    return isMine ? delivery : null;
  }

  #drop(channel: Channel): null {
    const { log, count, clock } = this.#parts;
    this.#dropped++;
    count(channel, 'dropped');
    const now = clock.now();
    if (now - this.#toldAt >= 60_000) {
      this.#toldAt = now;
      log.warn('too many deliveries wait; new ones are left out', { channel: channel.name, left_out: this.#dropped });
    }
    return null;
  }

  /** Waits until the channel is free, and tries. */
  async #queueUp(channel: Channel, delivery: Delivery): Promise<void> {
    for (;;) {
      const before = this.#busy.get(channel.name);
      if (before === undefined) break;
      await before;
    }
    // It may have had its turn meanwhile.
    if (this.#parts.book.get(delivery.id)?.state === 'waiting') await this.#begin(channel, delivery);
  }

  #begin(channel: Channel, delivery: Delivery): Promise<void> {
    const { name } = channel;
    const work = this.#try(channel, delivery).then((again) => {
      this.#busy.delete(name);
      if (again) this.tick();
    });
    this.#busy.set(name, work);
    return work;
  }

  /** Resolves whether the next one may come at once. */
  async #try(channel: Channel, delivery: Delivery): Promise<boolean> {
    const { book, clock, dashboard, quiet } = this.#parts;
    const { id, notice } = delivery;
    const mine = claimed(delivery, clock.now() + channel.timeout + CLAIM_MS);
    if (!(await book.put(mine))) return false;
    const outcome = await channel
      .send({ id, notice, at: clock.now(), dashboard }, this.#end.signal)
      .catch((error: unknown) => failed(`the gateway failed (${(error as Error).name})`));
    if (this.#end.signal.aborted && !outcome.sent) {
      await book.put({ ...delivery, claim: null });
      return false;
    }
    const now = clock.now();
    if (!outcome.sent && outcome.after !== null) quiet.set(channel.name, now + outcome.after);
    const done = after(mine, outcome, now, clock.random());
    if (await book.put(done)) this.#tell(done);
    if (done.state !== 'waiting') await book.prune();
    return true;
  }

  #tell(delivery: Delivery): void {
    const { log, count, givenUp } = this.#parts;
    const { channel, state, attempts, status, error, next } = delivery;
    const facts = { channel, event: delivery.notice.event, attempts, status, error };
    count(delivery, state === 'waiting' ? 'retried' : state);
    if (state === 'sent') return;
    if (state === 'waiting') log.info('a delivery failed and is tried again', { ...facts, next });
    else {
      log.warn('a delivery failed and is given up', facts);
      givenUp(delivery);
    }
  }

  /** Gives up what is for a channel that is not there. */
  #leave(delivery: Delivery, now: number): void {
    const { book, channels } = this.#parts;
    if (channels.has(delivery.channel) || now - Date.parse(delivery.made) < STRANGER_MS || !isDue(delivery, now))
      return;
    const outcome = failed('the channel is not in gateway.yaml any more', { again: false });
    const done = { ...after(delivery, outcome, now, 0), attempts: delivery.attempts };
    void book.put(done).then((isMine) => isMine && this.#tell(done));
  }
}

/** Whether it is its time, and nobody tries it. */
const isDue = ({ next, claim }: Delivery, now: number): boolean =>
  Date.parse(next ?? '') <= now && (claim === null || Date.parse(claim) <= now);
