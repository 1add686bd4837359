import type { ExchangeRecord } from './record.ts';

export type Prediction = NonNullable<ExchangeRecord['prediction']>;

/** The most a request may use, if its provider keeps to its own limits. */
export interface Bound {
  /** Input and output of all answers together. */
  readonly tokens: number;
  /** US dollars at the dearest of its targets; null where a price is unknown, or what is charged for cannot be foreseen. */
  readonly cost_usd: string | null;
}

/**
 * What can be said of a request before it leaves. Asked again after the request was changed,
 * it says what holds then.
 */
export interface Foresight {
  /** Here and now, by the length of the body: more than the truth, and mostly far more. */
  bound(): Bound;
  /** By the tokenizer. Sets `state.prediction`, unless there is none: of a form or a recording. Never rejects. */
  counted(): Promise<{ readonly prediction: Prediction | null; readonly bound: Bound }>;
  /** The same bound for each of its targets alone, in their order. Never rejects. */
  countedEach(): Promise<readonly Bound[]>;
  /** Output tokens of each answer that so many dollars, or so many tokens in all, would pay for; null where nobody can say, 0 where none. */
  affordable(limit: { usd?: string; tokens?: number }): Promise<number | null>;
  /** Says that the answer has at most so many tokens, in the words of the request's API. False: it has none for that. */
  clamp(outputTokens: number, by: string): boolean;
}
