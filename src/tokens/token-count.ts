/** How many tokens a text or a prompt has, and how sure that is. */
export interface TokenCount {
  tokens: number;
  /**
   * What the truth will hardly exceed, of all that can be seen: `tokens`, and a few for framing,
   * where it was counted; otherwise more by what is stated in most.ts.
   */
  most: number;
  /**
   * A part of it cannot be seen: a history that lies with the provider, a file it was given before,
   * a document whose text is packed. `most` does not know of it; the model's context window bounds it.
   */
  hasUnseen: boolean;
  /**
   * - `counted`: the model's own tokenizer went over all of it, and its framing is documented
   * - `estimated`: anything else: another tokenizer, parts that are no text, length
   */
  source: 'counted' | 'estimated';
  /** `high`: counted. `medium`: a tokenizer went over the text, and what is no text has a formula. `low`: some of it goes by length or by a flat figure. */
  confidence: 'high' | 'medium' | 'low';
}

/** Bytes of which parts can be had: a Buffer, or a body that lies in pieces. */
export interface Bytes {
  readonly length: number;
  slice(start: number, end: number): Uint8Array;
}

/** What the counter's thread is asked. `warm`: nothing, but to be ready. */
export type Question =
  | { model: string | null; texts: readonly string[] }
  | { model: string | null; body: Uint8Array<ArrayBuffer> }
  /** A body that is short: a text is handed over for less than a piece of memory. */
  | { model: string | null; json: string }
  | { warm: true };

/** What it answers: nothing of the text, not even in a problem. */
export type Answer = TokenCount | { problem: string };

/** A question or its answer: several are under way at a time. */
export interface Numbered<T> {
  readonly id: number;
  readonly asked: T;
}

/** What a prompt has at most, of all that can be seen. */
export type MostTokens = Pick<TokenCount, 'hasUnseen'> & { tokens: number };

/** What is lent to plugins. It never throws and never rejects; what it cannot count goes by length. */
export interface Tokens {
  /** Counts texts off the main thread. `model` null: of no known model. */
  count(model: string | null, texts: readonly string[]): Promise<TokenCount>;
  /** Counts what the model reads of a request in JSON, of any known API: messages, system, tools, with their framing. */
  prompt(model: string | null, body: Bytes): Promise<TokenCount>;
  /** Estimates by length alone, here and now. Bytes are the body of a request; a text of any size takes the same time. */
  byLength(text: string | Bytes): TokenCount;
  /** What a request has at most, without a tokenizer, here and now: mostly far more than the truth. Without a model: with any. */
  mostByLength(body: Bytes, model?: string | null): MostTokens;
  /** Makes ready to count each request without a delay, and stays so until what it returns is called. */
  warm(): () => void;
}
