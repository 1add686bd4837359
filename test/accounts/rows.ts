/** Rows without a database: it is asked in turns, may be slow, and may be gone. */
import type { Rows } from '../../src/accounts/rows.ts';
import { type Charge, type Dimension, type Measure, Series, type Window } from '../../src/accounts/series.ts';

export interface RowSpec {
  id: string;
  at: number;
  facts?: Partial<Record<Dimension, string>>;
  usd?: bigint;
}

export function chargeOf({ id, at, facts = {}, usd = 0n }: RowSpec): Charge {
  const amounts: Record<Measure, bigint> = { usd, tokens: usd * 2n, requests: 1n };
  return { id, at, fact: (dimension) => facts[dimension] ?? null, amounts };
}

export const seriesOf = (per: readonly Dimension[] = [], where: Series['where'] = {}, measure: Measure = 'usd') =>
  new Series({ measure, where, per });

export const everywhere: Window = { from: 0, to: null };

export class TestRows implements Rows {
  stored: Charge[] = [];
  waiting: Charge[] = [];
  /** Questions to the database so far. */
  asked = 0;
  /** How the database is: it answers, it says no, or it says nothing until it is better. */
  state: 'ok' | 'failing' | 'silent' = 'ok';
  /** Runs in the middle of a sum. */
  meanwhile: () => void = () => undefined;
  readonly #listeners = new Set<(charge: Charge) => void>();
  #still = 0;
  #better: (() => void)[] = [];

  onTaken(listener: (charge: Charge) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get followers(): number {
    return this.#listeners.size;
  }

  take(row: RowSpec): void {
    const charge = chargeOf(row);
    this.waiting.push(charge);
    for (const listener of this.#listeners) listener(charge);
  }

  /** Writes what waits, unless somebody wants it still; an id is kept once. */
  flush(): void {
    if (this.#still > 0 || this.state !== 'ok') return;
    for (const charge of this.waiting) if (!this.stored.some(({ id }) => id === charge.id)) this.stored.push(charge);
    this.waiting = [];
  }

  /** The database answers again. */
  mend(): void {
    this.state = 'ok';
    for (const go of this.#better.splice(0)) go();
  }

  async still<T>(work: (waiting: readonly Charge[]) => Promise<T>): Promise<T> {
    await this.#turn();
    this.#still++;
    try {
      return await work([...this.waiting]);
    } finally {
      this.#still--;
    }
  }

  async sums(series: Series, window: Window): Promise<ReadonlyMap<string, bigint>> {
    this.asked++;
    await this.#turn();
    const sums = this.sumsOf(series, window, this.stored);
    this.meanwhile();
    await this.#turn();
    return sums;
  }

  /** What all rows come to, by the definition of an account. */
  truth(series: Series, window: Window, subject = ''): bigint {
    const all = new Map([...this.stored, ...this.waiting].map((charge) => [charge.id, charge]));
    return this.sumsOf(series, window, [...all.values()]).get(subject) ?? 0n;
  }

  sumsOf(series: Series, { from, to }: Window, charges: readonly Charge[]): Map<string, bigint> {
    const sums = new Map<string, bigint>();
    for (const { at, fact, amounts } of charges) {
      const subject = series.subjectOf(fact);
      if (subject === null || at < from || (to !== null && at >= to)) continue;
      sums.set(subject, (sums.get(subject) ?? 0n) + amounts[series.measure]);
    }
    return sums;
  }

  async #turn(): Promise<void> {
    await new Promise(setImmediate);
    if (this.state === 'silent') await new Promise<void>((resolve) => this.#better.push(resolve));
    if (this.state === 'failing') throw new Error('no answer');
  }
}
