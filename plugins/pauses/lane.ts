/** Where requests of what is slowed down wait for their turn. */
import { LONGEST_WAIT_MS, stepOf, type Throttle } from './throttle.ts';

/** - `mine`: it may go - `gone`: it has left by itself - `changed`: what slowed it down is another now, or over */
export type Turn = 'mine' | 'gone' | 'changed';

/** Why it may not wait: too many do, or its turn is too far off. Milliseconds after which another try makes sense. */
export interface Overflow {
  readonly reason: 'full' | 'late';
  readonly again: number;
}

/** Most that wait in one lane. */
export const MOST_WAITING = 100;

interface Waiter {
  readonly timer: NodeJS.Timeout | null;
  readonly resolve: (turn: Turn) => void;
}

/**
 * The lane of one scope: first come, first served, one each so many milliseconds; or each waits so
 * long, whoever else does.
 */
export class Lane {
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>();
  #throttle: Throttle;
  #step: number;
  /** When the last one was let go, milliseconds of a clock that never goes back. */
  #lastAt = Number.NEGATIVE_INFINITY;
  #next: NodeJS.Timeout | null = null;

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
    this.#step = stepOf(throttle);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get throttle(): Throttle {
    return this.#throttle;
  }

  /**
   * What a request that comes now has to do: go (`null`), wait (milliseconds), or come again.
   *
   * @param waited milliseconds that it has waited elsewhere
   */
  ahead(waited: number): number | null | Overflow {
    const isDelay = 'delay' in this.#throttle;
    const first = Math.max(0, this.#lastAt + this.#step - performance.now());
    if (!isDelay && first === 0 && this.#waiting.size === 0) {
      this.#lastAt = performance.now();
      return null;
    }
    if (this.#waiting.size >= MOST_WAITING) return { reason: 'full', again: isDelay ? this.#step : first };
    const wait = isDelay ? this.#step : first + this.#waiting.size * this.#step;
    const over = waited + wait - LONGEST_WAIT_MS;
    return over > 0 ? { reason: 'late', again: over } : wait;
  }

  /**
   * Waits for a turn. `whenGone` takes what is called when the one who waits leaves.
   *
   * @param ends milliseconds until what slows it down is over by itself
   */
  wait(whenGone: (leave: () => void) => void, ends: number): Promise<Turn> {
    return new Promise((resolve) => {
      const isDelay = 'delay' in this.#throttle;
      const mine = isDelay && this.#step <= ends;
      const after = isDelay ? Math.min(this.#step, ends) : ends;
      const timer =
        after > LONGEST_WAIT_MS ? null : setTimeout(() => this.#end(waiter, mine ? 'mine' : 'changed'), after);
      const waiter: Waiter = { timer, resolve };
      this.#waiting.add(waiter);
      whenGone(() => this.#end(waiter, 'gone'));
      this.#plan();
    });
  }

  /** Goes on with another throttle: all who wait look anew, in their order. */
  follow(throttle: Throttle): void {
    this.#throttle = throttle;
    this.#step = stepOf(throttle);
    this.release();
  }

  /** Nobody waits here any more. */
  release(): void {
    for (const waiter of this.#waiting) this.#end(waiter, 'changed');
  }

  #end(waiter: Waiter, turn: Turn): void {
    if (!this.#waiting.delete(waiter)) return;
    if (waiter.timer !== null) clearTimeout(waiter.timer);
    waiter.resolve(turn);
    if (this.#waiting.size > 0 || this.#next === null) return;
    clearTimeout(this.#next);
    this.#next = null;
  }

  /** One timer lets the first one go, and then the next. */
  #plan(): void {
    if (this.#next !== null || this.#waiting.size === 0 || 'delay' in this.#throttle) return;
    const after = Math.max(0, this.#lastAt + this.#step - performance.now());
    this.#next = setTimeout(() => {
      this.#next = null;
      this.#lastAt = performance.now();
      const [first] = this.#waiting;
      if (first) this.#end(first, 'mine');
      this.#plan();
    }, after);
  }
}

/** The lanes of all that is slowed down, by the ids of their pauses. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  of(id: string, throttle: Throttle): Lane {
    let lane = this.#lanes.get(id);
    if (!lane) {
      lane = new Lane(throttle);
      this.#lanes.set(id, lane);
    }
    return lane;
  }

  /** How many wait in one of them. */
  waitingIn(id: string): number {
    return this.#lanes.get(id)?.waiting ?? 0;
  }

  get waiting(): number {
    let sum = 0;
    for (const lane of this.#lanes.values()) sum += lane.waiting;
    return sum;
  }

  /** Lets those go on who wait for what does not slow them down any more, or otherwise. */
  follow(throttles: ReadonlyMap<string, Throttle>): void {
    for (const [id, lane] of this.#lanes) {
      const throttle = throttles.get(id);
      if (throttle === undefined) {
        this.#lanes.delete(id);
        lane.release();
      } else if (JSON.stringify(throttle) !== JSON.stringify(lane.throttle)) lane.follow(throttle);
    }
  }
}
