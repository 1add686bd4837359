/** What is summed up: which rows, by what they are told apart, and which of their figures. */
import { compileGlobs } from '../bytes/glob.ts';

/** What a row says about its exchange; `tags.team` is the tag `team`. */
export type Dimension =
  | 'tenant'
  | 'project'
  | 'agent'
  | 'key'
  | 'user'
  | 'session'
  | 'provider'
  | 'model'
  | 'environment'
  | `tags.${string}`;

/** - `usd`: pico-dollars, 1e-12 of one - `tokens`: input and output together - `requests`: what was sent on. */
export type Measure = 'usd' | 'tokens' | 'requests';

/** Tells what an exchange or a row says; null: nothing. A project that nobody names is `default`. */
export type FactOf = (dimension: Dimension) => string | null;

export interface SeriesParts {
  measure: Measure;
  /** Globs of which one must match, by dimension; no member: all rows. */
  where: Readonly<Partial<Record<Dimension, readonly string[]>>>;
  /** One account for each value of these; none: one account for all. */
  per: readonly Dimension[];
}

/** Between the values of a subject: no header and no JSON text of a name can have it. */
export const BETWEEN = '\x1f';

/** Characters that rows keep of a value; what a client makes longer is the same account beyond them. */
export const CHARACTERS = { text: 512, tag: 400 } as const;
/** What no database takes as text: the zero character and halves of a surrogate pair. */
const UNSTORABLE = /[\0\ud800-\udfff]/;
const UNSTORABLE_CHARACTER = /[\0\p{Surrogate}]/gu;

/** Gives a value as the row of the exchange will have it. */
export function asKept(dimension: Dimension, value: string): string {
  let short = value;
  // Tags are cut by the database, which counts whole characters.
  if (dimension.startsWith('tags.')) {
    if (value.length > CHARACTERS.tag) short = [...value].slice(0, CHARACTERS.tag).join('');
  } else if (value.length > CHARACTERS.text) short = value.slice(0, CHARACTERS.text);
  return UNSTORABLE.test(short) ? short.replace(UNSTORABLE_CHARACTER, '\uFFFD') : short;
}

/**
 * A rule by which rows are summed up. Two of the same parts are the same series, whatever
 * the budgets are called that ask for it: `key` tells.
 */
export class Series implements SeriesParts {
  readonly measure: Measure;
  readonly where: SeriesParts['where'];
  readonly per: readonly Dimension[];
  readonly key: string;
  readonly #tests: readonly (readonly [Dimension, (text: string) => boolean])[];

  constructor({ measure, where, per }: SeriesParts) {
    const dimensions = (Object.keys(where) as Dimension[]).sort();
    this.measure = measure;
    this.where = Object.fromEntries(dimensions.map((name) => [name, [...where[name]!].sort()]));
    this.per = [...per];
    this.key = JSON.stringify([measure, Object.entries(this.where), this.per]);
    this.#tests = dimensions.map((name) => [name, compileGlobs(where[name]!)] as const);
  }

  /** Which account of the series it is: the values of `per`; '' where there is one for all. Null: it is in none. */
  subjectOf(fact: FactOf): string | null {
    for (const [dimension, fits] of this.#tests) {
      const value = fact(dimension);
      if (value === null || !fits(asKept(dimension, value))) return null;
    }
    const values: string[] = [];
    for (const dimension of this.per) {
      const value = fact(dimension);
      if (value === null) return null;
      values.push(asKept(dimension, value));
    }
    return values.join(BETWEEN);
  }

  /** The values of a subject, in the order of `per`. */
  valuesOf(subject: string): readonly string[] {
    return this.per.length === 0 ? [] : subject.split(BETWEEN);
  }
}

/** A stretch of time, epoch milliseconds: from the first to before the second; null: it has no end. */
export interface Window {
  readonly from: number;
  readonly to: number | null;
}

/** One sum: of a series, in a window, for a subject. */
export interface AccountKey {
  readonly series: Series;
  readonly window: Window;
  readonly subject: string;
}

/** What one row adds to the accounts it belongs to. */
export interface Charge {
  /** Id of the row, and of the hold that ends with it. */
  readonly id: string;
  /** Epoch milliseconds of the request: they decide the window. */
  readonly at: number;
  readonly fact: FactOf;
  readonly amounts: Readonly<Record<Measure, bigint>>;
}
