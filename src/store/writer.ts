/**
 * Takes rows from the backlog to the database, behind the traffic.
 *
 * A database that is locked, slow or gone makes rows wait, never an exchange. One flush is
 * in flight at a time, so rows arrive in order; each arrives once, whatever is repeated.
 */
import type { Backlog } from './backlog.ts';
import type { Database } from './database.ts';
import { isAboutTheRows, lineOf } from './faults.ts';
import type { StoreHealth, StoreLog } from './health.ts';
import { insert } from './insert.ts';
import type { Journal } from './journal.ts';
import type { Waiting } from './waiting.ts';

/** How long rows gather before they are written, milliseconds. */
const FLUSH_MS = 250;
/** Largest pause between two tries, milliseconds: after an outage all is stored within ten seconds. */
const MAX_PAUSE_MS = 2500;
/** Size of one statement: SQLite and Postgres take it in some tens of milliseconds. */
const BATCH_ROWS = 1000;
const BATCH_CHARACTERS = 1024 * 1024;
/** A flush that takes longer shows in the health, milliseconds. */
const SLOW_MS = 2000;
const DOWN_MS = 10_000;
/** An outage is logged at most this often, milliseconds. */
const LOG_MS = 5000;
/** How often an idle Postgres is asked whether it is there, milliseconds. */
const PROBE_MS = 3000;

export interface WriterOptions {
  database: Database;
  backlog: Backlog;
  journal: Journal;
  log: StoreLog;
  /** Rings after each commit; must not throw. */
  onStored: (rows: number) => void;
}

export class Writer {
  readonly #options: WriterOptions;
  #timer: NodeJS.Timeout | undefined;
  #flight: Promise<void> | undefined;
  #flightSince = 0;
  #failingSince: number | null = null;
  #pause = FLUSH_MS;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  /** The oldest rows of the backlog, so many, may be in the database already. */
  #doubtful = 0;
  /** The last of those who want that nothing is written; how many there are. */
  #quiet: Promise<unknown> = Promise.resolve();
  #listening = 0;
  /** A flight was to begin while somebody wanted that nothing is written. */
  #overdue = false;
  readonly #probe: NodeJS.Timeout | undefined;
  lastError: string | null = null;
  /** Rows that the database refuses for good. */
  refused = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    if (options.database.dialect === 'postgres') this.#probe = setInterval(() => this.#ask(), PROBE_MS).unref();
  }

  /** Hears that a row waits. */
  wake(): void {
    if (!this.#timer && !this.#flight && !this.#closed) this.#schedule(this.#pause);
  }

  /** Hears that an earlier life has left so many rows, and perhaps stored them. */
  doubt(rows: number): void {
    this.#doubtful = rows;
  }

  /**
   * Runs work between two flights, while the backlog is exactly what is not in the database.
   * Rejects when that cannot be had, because the database takes no rows.
   */
  still<T>(work: () => Promise<T>): Promise<T> {
    this.#listening++;
    const result = this.#quiet.then(async () => {
      await this.#settle();
      return work();
    });
    this.#quiet = result
      .catch(() => {})
      .then(() => {
        this.#listening--;
        if (this.#overdue && !this.#closed) this.#start();
        else if (this.#options.backlog.size > 0) this.wake();
      });
    return result;
  }

  /** Tells how the database takes rows. */
  get state(): StoreHealth['database'] {
    const now = performance.now();
    const flight = this.#flight ? now - this.#flightSince : 0;
    const failing = this.#failingSince === null ? 0 : now - this.#failingSince;
    if (failing > DOWN_MS || flight > DOWN_MS) return 'down';
    return this.#failingSince !== null || flight > SLOW_MS ? 'degraded' : 'ok';
  }

  /** Writes until nothing waits or the time, in milliseconds, is over; true when nothing waits. */
  async drain(milliseconds: number): Promise<boolean> {
    const end = performance.now() + milliseconds;
    const { backlog } = this.#options;
    while (backlog.size > 0 && performance.now() < end) {
      this.#start();
      await Promise.race([this.#flight ?? this.#quiet, sleep(end - performance.now())]);
      if (this.#failingSince !== null && backlog.size > 0) await sleep(Math.min(100, end - performance.now()));
    }
    return backlog.size === 0;
  }

  /** Stops; what still waits is in the journal. */
  async close(milliseconds: number): Promise<boolean> {
    const done = await this.drain(milliseconds);
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#probe);
    return done;
  }

  #schedule(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#start(), milliseconds);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#overdue = this.#listening > 0;
    if (!this.#flight && !this.#overdue) this.#fly(this.#flush());
  }

  /** Waits for the flight under way, and writes what may be in the database or not. */
  async #settle(): Promise<void> {
    await this.#flight;
    while (this.#doubtful > 0) {
      this.#fly(this.#flush());
      await this.#flight;
      if (this.#failingSince !== null) throw new Error(`the database takes no rows: ${this.lastError}`);
    }
  }

  #fly(work: Promise<void>): void {
    this.#flightSince = performance.now();
    this.#flight = work.finally(() => {
      this.#flight = undefined;
      if (this.#options.backlog.size > 0) this.wake();
    });
  }

  async #flush(): Promise<void> {
    const { backlog } = this.#options;
    let tried = 0;
    try {
      for (;;) {
        const batch = backlog.peek(BATCH_ROWS, BATCH_CHARACTERS);
        tried = batch.length;
        if (tried === 0) break;
        this.#flightSince = performance.now();
        await this.#put(batch);
        this.#recovered();
        if (tried < BATCH_ROWS / 2 || this.#listening > 0) break;
      }
    } catch (error) {
      // A commit whose answer was lost has stored them all the same.
      this.#doubtful = Math.max(this.#doubtful, Math.min(tried, backlog.size));
      this.#failed(error);
    }
  }

  /** Stores a batch; when the database refuses a row of it for good, finds that row and drops it alone. */
  async #put(batch: Waiting[]): Promise<void> {
    const { database, backlog, journal, log } = this.#options;
    try {
      await insert(
        database,
        batch.map((row) => row.text),
      );
    } catch (error) {
      if (!isAboutTheRows(error)) throw error;
      if (batch.length > 1) {
        const half = batch.length >> 1;
        await this.#put(batch.slice(0, half));
        return this.#put(batch.slice(half));
      }
      this.refused++;
      this.lastError = lineOf(error);
      log.error('the database refuses a row; it is dropped', { error: this.lastError });
    }
    backlog.drop(batch.length);
    this.#doubtful = Math.max(0, this.#doubtful - batch.length);
    journal.settle(batch);
    this.#options.onStored(batch.length);
  }

  #recovered(): void {
    if (this.#failingSince !== null) {
      const seconds = Math.round((performance.now() - this.#failingSince) / 1000);
      this.#options.log.info('the database takes rows again', { after_seconds: seconds });
      this.lastError = null;
    }
    this.#failingSince = null;
    this.#pause = FLUSH_MS;
  }

  #failed(error: unknown): void {
    const now = performance.now();
    this.#failingSince ??= now;
    this.lastError = lineOf(error);
    this.#pause = Math.min(this.#pause * 2, MAX_PAUSE_MS);
    this.#options.database.cutWriter();
    if (now - this.#loggedAt < LOG_MS) return;
    this.#loggedAt = now;
    const waiting = this.#options.backlog.size;
    this.#options.log.error('the database does not take rows; they wait', { waiting, error: this.lastError });
  }

  #ask(): void {
    if (this.#flight || this.#timer || this.#closed || this.#listening > 0) return;
    const asked = this.#options.database.write('select 1');
    this.#fly(
      asked.then(
        () => this.#recovered(),
        (error: unknown) => this.#failed(error),
      ),
    );
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
