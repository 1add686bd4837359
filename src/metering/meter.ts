import type { KeptText } from './kept-text.ts';
import type { Reading } from './usage.ts';

/** An answer as far as its headers tell. */
export interface AnswerHead {
  api: string;
  status: number;
  /** Lower case, without parameters; '' when absent. */
  contentType: string;
  /** The request asked for a stream; the answer may think otherwise. */
  streamAsked: boolean;
  /** The model as it was asked for. */
  model: string | null;
  /** A header of the answer by its lower-case name: some providers count there. */
  header(name: string): string | undefined;
}

/** Reads one answer beside its way to the client. */
export interface Meter {
  /** Decoded bytes, split anywhere. Must not keep the chunk's memory longer than needed; must not throw. */
  push(chunk: Uint8Array): void;
  /** True from the first event that carries content (not a comment, a ping or a role). */
  readonly started: boolean;
  /** True once a finish reason was seen: what follows is only the bill. */
  readonly finishing: boolean;
  /** Type and code of an error that the answer tells under a good status; null as long as it tells none. */
  readonly problem: Reading['error'];
  /** What was generated, as far as it was kept: to be counted, never to be stored. */
  readonly text: KeptText;
  /** Called once, after the last byte; `whole` is false when the transport broke. */
  end(whole: boolean): Reading;
}
