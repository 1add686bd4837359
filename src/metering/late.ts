/**
 * Usage that a later call tells: batches, and answers that were made in the background.
 *
 * Such a call generates nothing and is not billed by itself; it may come often, and each
 * time its answer says the same.
 */
import type { AnswerHead } from './meter.ts';
import type { Reading } from './usage.ts';

/** The call, as far as it is known when its answer begins. */
export interface LateHead extends AnswerHead {
  method: string;
  /** Without prefix and query. */
  path: string;
}

/** What one answer has used, or several in one sum. */
export interface LateShare {
  reading: Reading;
  /** How many answers it sums up: the price tier is that of one prompt. */
  answers: number;
  /** When it was generated, for its price; null where the provider does not say. */
  at: Date | null;
}

export interface LateBill {
  /**
   * - `batch`: many requests, sent as one
   * - `response`: one answer, whose request was answered before it was made
   */
  kind: 'batch' | 'response';
  /** What the provider calls it: the same whoever asks, and however often. */
  id: string;
  /** What it is found by at the provider. */
  responseId: string;
  /** Name of its API in the record. */
  api: string;
  at: Date | null;
  /** Of a response: it says of itself that it was made in the background. */
  background: boolean;
}

/** Reads the answer of such a call beside its way to the client, and gives shares as it finds them. */
export interface LateMeter {
  /** Decoded bytes, split anywhere. */
  push(chunk: Uint8Array): void;
  /** Called once, after the last byte. Null where there is no bill, or not all of it: then the shares mean nothing. */
  end(whole: boolean): LateBill | null;
}

export type TakeShare = (share: LateShare) => void;
