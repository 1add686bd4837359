/** The way of a request past what is slowed down. */
import type { Exchange, Lent, Verdict } from '../../src/plugin.ts';
import type { PauseBook } from './book.ts';
import type { Lanes, Overflow } from './lane.ts';
import { firstOf, type Slowed } from './pause.ts';

const BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60];
const NONE: ReadonlySet<string> = new Set();

/** What those are told who do not pass. */
export interface Refusals {
  /** Whether it is stopped by now. */
  stop(exchange: Exchange): Verdict | undefined;
  /** It cannot wait. */
  turnAway(exchange: Exchange, slowed: Slowed, overflow: Overflow, waiting: number): Verdict;
}

/**
 * Makes requests wait for their turn, in one lane after the other where several slow them down.
 *
 * Nobody waits longer than a minute in all: who would is told to come again. Each time that it had to
 * wait, a request is looked at anew, because it may have been stopped or let go in between.
 */
export class Passage {
  readonly #book: PauseBook;
  readonly #lanes: Lanes;
  readonly #refusals: Refusals;
  readonly #waited: ReturnType<Lent['metrics']['histogram']>;
  readonly #turnedAway: ReturnType<Lent['metrics']['counter']>;

  constructor(book: PauseBook, lanes: Lanes, refusals: Refusals, metrics: Lent['metrics']) {
    this.#book = book;
    this.#lanes = lanes;
    this.#refusals = refusals;
    const labels = ['dimension'];
    metrics.gauge('waiting', 'Requests of what is slowed down that wait for their turn.', () => lanes.waiting);
    this.#waited = metrics.histogram('waited_seconds', 'Time in which slowed requests waited.', BUCKETS, labels);
    this.#turnedAway = metrics.counter('overflows', 'Slowed requests that could not wait for their turn.', labels);
  }

  /** At once, where nothing slows the request down. */
  pass(exchange: Exchange): Verdict | undefined | Promise<Verdict | undefined> {
    const slowed = this.#book.slows(exchange, NONE);
    return slowed === null ? undefined : this.#slow(exchange, slowed);
  }

  async #slow(exchange: Exchange, first: Slowed): Promise<Verdict | undefined> {
    const since = performance.now();
    const passed = new Set<string>();
    let leave = (): void => {};
    let isGone = false;
    exchange.onGone(() => {
      isGone = true;
      leave();
    });
    let waited = 0;
    for (let slowed: Slowed | null = first; slowed !== null && !isGone; slowed = this.#book.slows(exchange, passed)) {
      const lane = this.#lanes.of(slowed.id, slowed.throttle);
      const ahead = lane.ahead(waited);
      if (ahead === null) {
        passed.add(slowed.id);
        continue;
      }
      const dimension = firstOf(slowed.scope);
      if (typeof ahead === 'object') {
        this.#turnedAway.add(1, { dimension });
        return this.#refusals.turnAway(exchange, slowed, ahead, lane.waiting);
      }
      const turn = await lane.wait((whenLeaving) => (leave = whenLeaving), endOf(slowed));
      waited = performance.now() - since;
      exchange.note('pauses', 'waited', { throttle: slowed.id, ms: Math.round(waited), turn });
      exchange.setHeader('x-token-spy-throttled', `${Math.round(waited)}ms`);
      if (turn === 'mine') {
        passed.add(slowed.id);
        this.#waited.observe(waited / 1000, { dimension });
      }
      const verdict = this.#refusals.stop(exchange);
      if (verdict) return verdict;
    }
    return undefined;
  }
}

/** Milliseconds until it is over by itself. */
const endOf = ({ until }: Slowed): number =>
  until === null ? Number.POSITIVE_INFINITY : Math.max(1, Date.parse(until) - Date.now());
