import {
  AnswerMeter,
  type AnswerReader,
  type JsonMembers,
  JsonSequence,
  type LateBill,
  type LateHead,
  type LateMeter,
  membersOf,
  type TakeShare,
} from '../../src/adapter.ts';

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

/** Gives what one whole answer in JSON has used, as a share of a batch. */
export function takeAnswer(head: LateHead, reader: AnswerReader, json: Buffer, take: TakeShare): void {
  const meter = new AnswerMeter({ ...head, contentType: 'application/json' }, reader, true);
  meter.push(json);
  take({ reading: { ...meter.end(true), serviceTier: BATCH_TIER }, answers: 1, at: null });
}

/** The service tier of all that a batch has used. */
export const BATCH_TIER = 'batch';
