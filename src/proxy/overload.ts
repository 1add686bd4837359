import { getHeapStatistics } from 'node:v8';

const CHECK_MS = 500;
/** Share of the heap limit beyond which nothing new is taken: the kernel's way of refusing is worse. */
const HEAP_SHARE = 0.9;
/** A loop that is this late answers nobody in time. */
const LATE_MS = 1000;

/** Knows when the process has more to do than it can. */
export class Overload {
  #timer: NodeJS.Timeout;
  #expected = performance.now() + CHECK_MS;
  #reason: string | null = null;

  constructor() {
    this.#timer = setInterval(() => this.#check(), CHECK_MS).unref();
  }

  /** Why new exchanges are refused just now; null while all is well. */
  get reason(): string | null {
    return this.#reason;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = performance.now();
    const late = now - this.#expected;
    this.#expected = now + CHECK_MS;
    const heap = getHeapStatistics();
    if (heap.used_heap_size > heap.heap_size_limit * HEAP_SHARE) this.#reason = 'memory';
    else this.#reason = late > LATE_MS && late < 10 * LATE_MS ? 'event loop' : null;
  }
}
