import type { Bytes, TokenCount } from './token-count.ts';

/** A question before its turn: of a body nothing is copied yet. */
export type Queued =
  | { model: string | null; texts: readonly string[] }
  | { model: string | null; body: Bytes }
  | { warm: true };

export interface Waiting {
  readonly question: Queued;
  /** Bytes or UTF-16 units. */
  readonly size: number;
  settle(count: TokenCount): void;
  timer: NodeJS.Timeout;
}

/** Questions up to this size are answered before others are looked at, bytes or UTF-16 units. */
export const SHORT = 64 * 1024;
/** How many are with the thread at a time: of the short ones some, so that it never waits for the next, of the long ones one. */
const MOST_SHORT = 64;
const MOST_LONG = 1;
/** What may wait at a time; what comes then goes by length. */
const MOST_WAITING = 1024;
const MOST_WAITING_SIZE = 64 * 1024 * 1024;

/** Questions that wait for their turn: the shortest goes first, and of equal ones the first. */
export class Line {
  readonly #waiting: Waiting[] = [];
  #size = 0;
  #short = 0;
  #long = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  hasRoomFor(size: number): boolean {
    return this.#waiting.length < MOST_WAITING && this.#size + size <= MOST_WAITING_SIZE;
  }

  add(waiting: Waiting): void {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.size > waiting.size) at--;
    this.#waiting.splice(at, 0, waiting);
    this.#size += waiting.size;
  }

  /** Takes the next that the thread may have now. */
  next(): Waiting | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const isShort = first.size <= SHORT;
    if (isShort ? this.#short >= MOST_SHORT : this.#long >= MOST_LONG) return undefined;
    this.remove(first);
    if (isShort) this.#short++;
    else this.#long++;
    return first;
  }

  /** One that was taken is answered. */
  done({ size }: Waiting): void {
    if (size <= SHORT) this.#short--;
    else this.#long--;
  }

  /** False when it does not wait any more. */
  remove(waiting: Waiting): boolean {
    const at = this.#waiting.indexOf(waiting);
    if (at === -1) return false;
    this.#waiting.splice(at, 1);
    this.#size -= waiting.size;
    return true;
  }

  /** Takes all that wait. */
  clear(): Waiting[] {
    this.#size = 0;
    return this.#waiting.splice(0);
  }
}
