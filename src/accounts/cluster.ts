import type { Accounts, Claim, Pending, Standing, Taken } from './accounts.ts';
import { Errands } from './errands.ts';
import { Homecoming } from './homecoming.ts';
import { LEASE_MS, type Rows, type SharedHolds } from './rows.ts';
import type { AccountKey, Charge, Series, Window } from './series.ts';
import { Slice } from './slice.ts';
import { within } from './within.ts';

/** Orders in one transaction: it has to be over long before somebody loses patience. */
const MOST = 100;
const SWEEP_MS = 60_000;

export interface ClusterOptions {
  clock?: () => number;
  /** How long a request waits for the database, milliseconds. */
  takeMs?: number;
  /** The same as long as the database has never answered: there is nothing yet that a guess could rest on. */
  firstMs?: number;
  leaseMs?: number;
  /** How long after its end the row of an exchange may come, milliseconds. */
  rowMs?: number;
  /** How often the database is asked whether it is there again, milliseconds. */
  probeMs?: number;
}

/** A hold on its way to the database. */
interface Asked {
  readonly id: string;
  readonly claims: readonly Claim[];
  readonly apart: 'slice' | 'refuse';
  resolve(taken: Taken): void;
  amounts: readonly bigint[] | null;
  ended: boolean;
  /** Its row was taken: there is nothing to hold any more. */
  over: boolean;
}

/**
 * The accounts of several processes with one database, in which holds are checked and taken. What comes while
 * one take is under way goes together in the next. When the database does not answer, this process
 * counts for itself, and tells what it holds when the database is back.
 */
export class ClusterAccounts implements Accounts {
  readonly #rows: Rows;
  readonly #shared: SharedHolds;
  readonly #clock: () => number;
  readonly #takeMs: number;
  readonly #firstMs: number;
  readonly #slice: Slice;
  readonly #errands: Errands;
  readonly #homecoming: Homecoming;
  #queue: Asked[] = [];
  /** Those that have no answer yet, by id. */
  readonly #asked = new Map<string, Asked>();
  #flying = false;
  #known = false;
  #state: 'together' | 'apart' | 'threshold' = 'together';
  #unfollow: (() => void) | null = null;
  readonly #sweep: NodeJS.Timeout;
  apartSince: number | null = null;

  constructor(rows: Rows, shared: SharedHolds, options: ClusterOptions = {}) {
    const {
      clock = Date.now,
      // Whoever gives up too early counts for itself, and spends what others have: a server that is busy is not away.
      takeMs = 3000,
      firstMs = 5000,
      leaseMs = LEASE_MS,
      rowMs = 5000,
      probeMs = 1000,
    } = options;
    this.#rows = rows;
    this.#shared = shared;
    this.#clock = clock;
    this.#takeMs = takeMs;
    this.#firstMs = firstMs;
    this.#slice = new Slice({ clock, rowMs, onLost: (id) => this.#letGo(id) });
    const alive = (): Iterable<string> => this.#homecoming.known(this.#slice.holds.ids());
    this.#errands = new Errands({ shared, everyMs: leaseMs / 4, alive });
    this.#homecoming = new Homecoming({
      rows,
      shared,
      slice: this.#slice,
      errands: this.#errands,
      leaseMs,
      probeMs,
      thresholdMs: takeMs,
      wait: () => this.#turn('threshold'),
      stay: () => this.#turn('apart'),
      back: () => this.#turn('together'),
    });
    this.#sweep = setInterval(() => this.#slice.sweep(), SWEEP_MS).unref();
  }

  hold(id: string, claims: readonly Claim[], apart: 'slice' | 'refuse'): Pending<Taken> {
    if (claims.length === 0) return { taken: true, standings: [], apart: false };
    this.#unfollow ??= this.#rows.onTaken((charge) => this.#add(charge));
    if (this.#state === 'apart') return this.#takeApart(id, claims, apart);
    return new Promise((resolve) => {
      const asked = { id, claims, apart, resolve, amounts: null, ended: false, over: false };
      this.#queue.push(asked);
      this.#asked.set(id, asked);
      void this.#fly();
    });
  }

  adjust(id: string, amounts: readonly bigint[]): void {
    const asked = this.#asked.get(id);
    if (asked) asked.amounts = amounts;
    else if (this.#slice.holds.adjust(id, amounts) && this.#homecoming.knows(id)) this.#errands.adjust(id, amounts);
  }

  end(id: string): void {
    const asked = this.#asked.get(id);
    if (asked) asked.ended = true;
    else this.#slice.holds.end(id);
  }

  standings(keys: readonly AccountKey[]): Promise<readonly Standing[]> {
    return this.#shared.standings(keys);
  }

  list(series: Series, window: Window, most: number): Promise<readonly (AccountKey & Standing)[]> {
    return this.#shared.list(series, window, most);
  }

  close(): void {
    this.#unfollow?.();
    clearInterval(this.#sweep);
    this.#homecoming.close();
    this.#errands.close();
    this.#slice.holds.close();
  }

  /** One take after the other, as long as somebody waits. */
  async #fly(): Promise<void> {
    if (this.#flying) return;
    this.#flying = true;
    while (this.#queue.length > 0 && this.#state === 'together') {
      const batch = this.#queue.splice(0, MOST);
      const take = this.#shared.take(batch.map(({ id, claims }) => ({ id, claims })));
      const answers = await within(take, this.#known ? this.#takeMs : this.#firstMs);
      if (answers === null) this.#lose(batch, take);
      else for (let i = 0; i < batch.length; i++) this.#settle(batch[i]!, answers[i]!);
    }
    this.#flying = false;
  }

  #settle(asked: Asked, taken: Taken): void {
    const { id, claims } = asked;
    this.#known = true;
    if (taken.standings !== null) this.#slice.learn(claims, taken.standings);
    if (taken.taken && asked.over) this.#errands.release(id);
    else if (taken.taken) this.#slice.put(id, claims);
    if (taken.taken && asked.amounts !== null && !asked.over) this.#errands.adjust(id, asked.amounts);
    this.#answer(asked, taken);
  }

  /** The database did not answer: from here on this process counts for itself. */
  #lose(batch: readonly Asked[], take: Promise<readonly Taken[]>): void {
    this.#queue.unshift(...batch);
    this.#turn('apart');
    this.#homecoming.begin(batch, take);
  }

  #turn(state: 'together' | 'apart' | 'threshold'): void {
    this.#state = state;
    this.apartSince = state === 'together' ? null : (this.apartSince ?? this.#clock());
    if (state === 'together') void this.#fly();
    if (state !== 'apart') return;
    for (const asked of this.#queue.splice(0)) {
      const taken = this.#takeApart(asked.over ? null : asked.id, asked.claims, asked.apart);
      this.#answer(asked, taken);
    }
  }

  #takeApart(id: string | null, claims: readonly Claim[], apart: 'slice' | 'refuse'): Taken {
    if (id === null) return this.#slice.take(id, claims, apart);
    const held = this.#slice.holds.has(id);
    const taken = this.#slice.take(id, claims, apart);
    if (taken.taken) this.#homecoming.owe(id);
    else if (held) this.#letGo(id);
    return taken;
  }

  #answer(asked: Asked, taken: Taken): void {
    const { id, amounts, ended, over } = asked;
    if (this.#asked.get(id) === asked) this.#asked.delete(id);
    if (!over && amounts !== null) this.#slice.holds.adjust(id, amounts);
    if (!over && ended) this.#slice.holds.end(id);
    asked.resolve(taken);
  }

  #letGo(id: string): void {
    if (this.#homecoming.knows(id)) this.#errands.release(id);
    this.#homecoming.forget(id);
  }

  /** A row of ours: the database ends its hold when it gets it. */
  #add(charge: Charge): void {
    if (!this.#slice.add(charge)) return;
    const { id } = charge;
    const asked = this.#asked.get(id);
    if (asked) asked.over = true;
    if (!this.#slice.holds.drop(id)) return;
    if (this.#homecoming.knows(id)) this.#errands.leave(id);
    this.#homecoming.forget(id);
  }
}
