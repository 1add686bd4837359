import { type JsonMembers, JsonSequence, type LateBill, type LateMeter, membersOf } from '../../src/adapter.ts';

/**
 * Reads a download of JSON lines, one request each, line by line: it may be gigabytes.
 *
 * A part of it is no bill. Neither is a file whose lines are something else.
 */
export class LinesMeter implements LateMeter {
  readonly #lines = new JsonSequence();
  readonly #bill: LateBill;
  readonly #read: (line: JsonMembers) => boolean;
  #found = false;

  /** @param read gives the line's share, if it has one; true when it has */
  constructor(bill: LateBill, read: (line: JsonMembers) => boolean) {
    this.#bill = bill;
    this.#read = read;
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk, (line) => {
      if (this.#read(membersOf(line))) this.#found = true;
    });
  }

  end(whole: boolean): LateBill | null {
    const { isWhole, overflow } = this.#lines;
    return whole && isWhole && !overflow && this.#found ? this.#bill : null;
  }
}
