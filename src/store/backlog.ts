import type { Waiting } from './waiting.ts';

/** 100,000 rows or 64 MiB: what an outage may cost in memory. */
export const MAX_ROWS = 100_000;
export const MAX_BYTES = 64 * 1024 * 1024;
/** Characters that a row may have and still count as one like others. */
const ROW_BYTES = 16 * 1024;

/** The rows that wait for the database, oldest first and bounded. */
export class Backlog {
  #rows: Waiting[] = [];
  #head = 0;
  #bytes = 0;
  readonly #maxRows: number;
  readonly #maxBytes: number;

  constructor(maxRows = MAX_ROWS, maxBytes = MAX_BYTES) {
    this.#maxRows = maxRows;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#rows.length - this.#head;
  }

  /** No row is sure to be taken any more. */
  get full(): boolean {
    return this.size >= this.#maxRows || this.#bytes + ROW_BYTES > this.#maxBytes;
  }

  get oldest(): Waiting | undefined {
    return this.#rows[this.#head];
  }

  /** Puts a row at the end; false when the bound is reached and the row is not taken. */
  push(row: Waiting): boolean {
    if (this.size >= this.#maxRows || this.#bytes + row.text.length > this.#maxBytes) return false;
    this.restore(row);
    return true;
  }

  /** Puts a row of an earlier life at the end. It was within the bound then, so it is not refused now. */
  restore(row: Waiting): void {
    this.#rows.push(row);
    this.#bytes += row.text.length;
  }

  /** Finds the first row of which that holds. It looks at all of them: for questions that are rare. */
  find(holds: (row: Waiting) => boolean): Waiting | undefined {
    for (let at = this.#head; at < this.#rows.length; at++) if (holds(this.#rows[at]!)) return this.#rows[at];
    return undefined;
  }

  all(): Waiting[] {
    return this.#rows.slice(this.#head);
  }

  /** Shows the oldest rows, at most so many and about so many characters, at least one. */
  peek(rows: number, characters: number): Waiting[] {
    let end = this.#head;
    for (let taken = 0; end < this.#rows.length && end - this.#head < rows; end++) {
      taken += this.#rows[end]!.text.length;
      if (taken > characters && end > this.#head) break;
    }
    return this.#rows.slice(this.#head, end);
  }

  /** Forgets the oldest rows. */
  drop(count: number): void {
    for (let left = count; left > 0; left--) {
      this.#bytes -= this.#rows[this.#head]!.text.length;
      this.#head++;
    }
    if (this.#head === this.#rows.length || this.#head > 4096) {
      this.#rows = this.#rows.slice(this.#head);
      this.#head = 0;
    }
  }
}
