/** Holds that several processes share, by their definition: a database that may be slow or away. */
import { type Claim, type Standing, shortOf, type Taken } from '../../src/accounts/accounts.ts';
import type { Order, SharedHolds } from '../../src/accounts/rows.ts';
import type { AccountKey, Series, Window } from '../../src/accounts/series.ts';
import { TestRows } from './rows.ts';

interface Kept {
  claims: readonly Claim[];
  amounts: bigint[];
  renewed: number;
}

export class TestShared implements SharedHolds {
  readonly holds = new Map<string, Kept>();
  readonly nodes: TestRows[] = [];
  /** What was called, with how many ids. */
  readonly calls: string[] = [];
  state: 'ok' | 'failing' | 'silent' = 'ok';
  /** Answers get lost, after what was asked is done. */
  deaf = false;
  #waiting: (() => void)[] = [];

  /** The rows of one more process. */
  node(): TestRows {
    const rows = new TestRows();
    this.nodes.push(rows);
    return rows;
  }

  mend(): void {
    this.state = 'ok';
    for (const go of this.#waiting.splice(0)) go();
  }

  spent({ series, window, subject }: AccountKey): bigint {
    const stored = this.nodes.flatMap((rows) => rows.stored);
    return this.nodes[0]!.sumsOf(series, window, stored).get(subject) ?? 0n;
  }

  standing(key: AccountKey, without: string | null = null): Standing {
    let held = 0n;
    for (const [id, { claims, amounts }] of this.holds) {
      if (id === without || this.#isStored(id)) continue;
      claims.forEach((claim, i) => {
        if (
          claim.series.key === key.series.key &&
          claim.subject === key.subject &&
          claim.window.from === key.window.from
        )
          held += amounts[i]!;
      });
    }
    return { spent: this.spent(key), held };
  }

  take(orders: readonly Order[]): Promise<readonly Taken[]> {
    return this.#call(`take ${orders.length}`, () =>
      orders.map(({ id, claims }): Taken => {
        this.holds.delete(id);
        const standings = claims.map((claim) => this.standing(claim));
        const short = shortOf(claims, standings);
        if (short.length > 0) return { taken: false, standings, short };
        this.holds.set(id, { claims, amounts: claims.map(({ amount }) => amount), renewed: 0 });
        return { taken: true, standings, apart: false };
      }),
    );
  }

  adjust(changes: readonly { readonly id: string; readonly amounts: readonly bigint[] }[]): Promise<void> {
    return this.#call(`adjust ${changes.length}`, () => {
      for (const { id, amounts } of changes) {
        const kept = this.holds.get(id);
        if (kept) kept.amounts = [...amounts];
      }
    });
  }

  renew(ids: readonly string[]): Promise<void> {
    return this.#call(`renew ${ids.length}`, () => {
      for (const id of ids) {
        const kept = this.holds.get(id);
        if (kept) kept.renewed++;
      }
    });
  }

  release(ids: readonly string[]): Promise<void> {
    return this.#call(`release ${ids.length}`, () => {
      for (const id of ids) this.holds.delete(id);
    });
  }

  standings(keys: readonly AccountKey[]): Promise<readonly Standing[]> {
    return this.#call('standings', () => keys.map((key) => this.standing(key)));
  }

  list(series: Series, window: Window, most: number): Promise<readonly (AccountKey & Standing)[]> {
    const key = { series, window, subject: '' };
    return this.#call('list', () => [{ ...key, ...this.standing(key) }].slice(0, most));
  }

  #isStored(id: string): boolean {
    return this.nodes.some((rows) => rows.stored.some((row) => row.id === id));
  }

  async #call<T>(name: string, work: () => T): Promise<T> {
    this.calls.push(name);
    await new Promise(setImmediate);
    if (this.state === 'silent') await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.state === 'failing') throw new Error('no answer');
    const result = work();
    if (this.deaf) throw new Error('the answer is lost');
    return result;
  }
}
