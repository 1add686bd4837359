/** How many tokens a text has, and how sure that is. */
export interface TokenCount {
  tokens: number;
  /**
   * - `counted`: the model's own tokenizer went over all of it, and its framing is documented
   * - `estimated`: anything else: another tokenizer, parts that are no text, length
   */
  source: 'counted' | 'estimated';
  /** `high`: counted. `medium`: a tokenizer went over the text. `low`: some of it goes by length or by a flat figure. */
  confidence: 'high' | 'medium' | 'low';
}

/** Bytes of which parts can be had: a Buffer, or a body that lies in pieces. */
export interface Bytes {
  readonly length: number;
  slice(start: number, end: number): Uint8Array;
}

/** What the counter's thread is asked. */
export type Question =
  | { model: string | null; texts: readonly string[] }
  | { model: string | null; body: Uint8Array<ArrayBuffer> };

/** What it answers: nothing of the text, not even in a problem. */
export type Answer = TokenCount | { problem: string };

/** What is lent to plugins. It never throws and never rejects; what it cannot count goes by length. */
export interface Tokens {
  /** Counts texts off the main thread. `model` null: of no known model. */
  count(model: string | null, texts: readonly string[]): Promise<TokenCount>;
  /** Counts what the model reads of a request in JSON, of any known API: messages, system, tools, with their framing. */
  prompt(model: string | null, body: Bytes): Promise<TokenCount>;
  /** Estimates by length alone, here and now; a large text takes no longer than a small one. */
  byLength(text: string | Bytes): TokenCount;
}
