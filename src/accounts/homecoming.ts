import type { Claim, Taken } from './accounts.ts';
import type { Errands } from './errands.ts';
import type { Order, Rows, SharedHolds } from './rows.ts';
import type { AccountKey } from './series.ts';
import type { Slice } from './slice.ts';
import { pause, within } from './within.ts';

/** Holds in one call. */
const MOST = 100;

/** Pause between two looks at what waits for the database, milliseconds. */
const LOOK_MS = 50;

export interface HomecomingOptions {
  rows: Rows;
  shared: SharedHolds;
  slice: Slice;
  errands: Errands;
  leaseMs: number;
  /** How often the database is asked whether it is there, milliseconds. */
  probeMs: number;
  /** How long requests may wait on the threshold, milliseconds. */
  thresholdMs: number;
  /** Requests wait from now on, so that nothing more is held that the database does not know. */
  wait: () => void;
  /** They waited for nothing: the database is still away, or too slow. */
  stay: () => void;
  /** The database is there, and knows all that this process holds and has spent. */
  back: () => void;
}

/** What the database was not told, or may not have heard, while it was away; and how it learns of it. */
export class Homecoming {
  readonly #options: HomecomingOptions;
  /** Live holds that the database does not know. */
  readonly #owed = new Set<string>();
  /** What it may know without having said so: a hold of these could outlive its exchange. */
  readonly #doubtful = new Set<string>();
  /** Takes whose answer may still come. */
  #strays = 0;
  #running = false;
  /** Requests have waited long enough on the threshold. */
  #stayed = false;
  #closed = false;
  /** An account to ask for when there is nothing to tell. */
  #probe: readonly AccountKey[] = [];

  constructor(options: HomecomingOptions) {
    this.#options = options;
  }

  /** Whether the database has the hold of this exchange, if there is one. */
  knows(id: string): boolean {
    return !this.#owed.has(id);
  }

  /** Those of these ids that the database has a hold of. */
  *known(ids: Iterable<string>): Iterable<string> {
    for (const id of ids) if (!this.#owed.has(id)) yield id;
  }

  /** A hold was taken without the database. */
  owe(id: string): void {
    this.#owed.add(id);
  }

  /** A hold is no more. */
  forget(id: string): void {
    this.#owed.delete(id);
  }

  /** A take failed, or is late. What it held goes, unless this process has come to hold the same meanwhile. */
  begin(orders: readonly Order[], take: Promise<readonly Taken[]>): void {
    const { leaseMs } = this.#options;
    this.#probe = orders[0]!.claims.slice(0, 1);
    this.#strays++;
    void within(take, leaseMs).then((answers) => {
      this.#strays--;
      orders.forEach(({ id }, i) => {
        if (answers === null) this.#doubtful.add(id);
        else if (answers[i]!.taken) this.#told(id);
      });
    });
    if (!this.#running) void this.#run();
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    do await pause(this.#options.probeMs);
    while (!this.#closed && !(await this.#goHome()));
  }

  /** False: the database is still away. */
  async #goHome(): Promise<boolean> {
    // What comes late would undo what is told now.
    if (this.#strays > 0) return false;
    this.#stayed = false;
    const { wait, stay, back, thresholdMs } = this.#options;
    this.#doubtLapsed();
    // Most of it is told while requests go on; the rest is what they have left behind meanwhile.
    if (!(await this.#tell(MOST)) || !(await this.#haveWritten())) return false;
    const turnBack = (): void => {
      this.#stayed = true;
      stay();
    };
    wait();
    const timer = setTimeout(turnBack, thresholdMs);
    const told = (await this.#tell(0)) && (await this.#haveWritten());
    clearTimeout(timer);
    if (this.#stayed) return false;
    if (!told) {
      turnBack();
      return false;
    }
    // From here on the next take may fail.
    this.#running = false;
    back();
    return true;
  }

  /** Tells what the database does not know, until no more than so much of it is left. */
  async #tell(left: number): Promise<boolean> {
    do {
      if (!(await this.#tellSome())) return false;
    } while (this.#owed.size + this.#doubtful.size > left && !this.#stayed);
    return true;
  }

  /** Waits until the rows that were taken by now are in the database: it must not let us spend again what they came to. */
  async #haveWritten(): Promise<boolean> {
    const { rows, leaseMs } = this.#options;
    const look = (): Promise<string[] | null> =>
      within(
        rows.still(async (waiting) => waiting.map(({ id }) => id)),
        leaseMs,
      );
    let left = await look();
    while (left !== null && left.length > 0 && !this.#closed) {
      await pause(LOOK_MS);
      const waiting = await look();
      const still: ReadonlySet<string> = new Set(waiting);
      left = waiting && left.filter((id) => still.has(id));
    }
    return left !== null;
  }

  /** Leases that nobody could renew may have ended. */
  #doubtLapsed(): void {
    const { errands, leaseMs, slice } = this.#options;
    if (performance.now() - errands.renewedAt < leaseMs / 2) return;
    for (const id of slice.holds.ids()) this.#owed.add(id);
  }

  async #tellSome(): Promise<boolean> {
    const { shared, leaseMs, slice } = this.#options;
    const over = first(this.#doubtful, (id) => !slice.holds.has(id));
    if (over.length > 0 && (await within(shared.release(over).then(Boolean), leaseMs)) === null) return false;
    for (const id of over) this.#doubtful.delete(id);
    const orders = first(this.#owed, (id) => slice.holds.has(id)).map((id) => ({ id, claims: this.#claimsOf(id) }));
    if (orders.length === 0) return (await within(shared.standings(this.#probe), leaseMs)) !== null;
    const answers = await within(shared.take(orders), leaseMs);
    for (const { id, claims } of orders) {
      if (answers === null) this.#doubtful.add(id);
      else this.#told(id, claims);
    }
    return answers !== null;
  }

  /** What is held is held: it was checked when it was taken. */
  #claimsOf(id: string): Claim[] {
    const parts = this.#options.slice.holds.partsOf(id) ?? [];
    return parts.map(({ sheet: { series, window }, subject, amount }) => ({
      series,
      window,
      subject,
      amount,
      limit: null,
    }));
  }

  /** The database has this hold now. The exchange may be over, or come to want another amount. */
  #told(id: string, claims?: readonly Claim[]): void {
    const { slice, errands } = this.#options;
    const parts = slice.holds.partsOf(id);
    this.#doubtful.delete(id);
    if (parts === null) {
      errands.release(id);
      return;
    }
    this.#owed.delete(id);
    if (!claims || parts.some(({ amount }, i) => amount !== claims[i]?.amount))
      errands.adjust(
        id,
        parts.map(({ amount }) => amount),
      );
  }
}

function first(ids: ReadonlySet<string>, fits: (id: string) => boolean): string[] {
  const some: string[] = [];
  for (const id of ids) {
    if (some.length === MOST) break;
    if (fits(id)) some.push(id);
  }
  return some;
}
