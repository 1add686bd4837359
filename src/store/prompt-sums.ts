/**
 * Sums up what the parts of prompts came to, behind the traffic: reads rows that are new, adds them to the lines
 * of their hours, and forgets parts that are too old.
 *
 * It is exact: a row is in the sums once, whatever fails in between and however many processes have the database.
 */
import { randomUUID } from 'node:crypto';
import type { Cell } from './columns.ts';
import type { Database } from './database.ts';
import { isAboutTheRows, lineOf } from './faults.ts';
import type { StoreLog } from './health.ts';
import { HourLines } from './hour-lines.ts';
import { HourSums, type SummedRow } from './hour-sums.ts';
import { MODEL } from './queries/filters.ts';

/** How long rows gather before they are summed up, milliseconds. */
const GATHER_MS = 1000;
/** Largest pause between two tries, milliseconds. */
const MAX_PAUSE_MS = 30_000;
/** Rows of one step: a few milliseconds of this process, a few more of the database. */
const STEP_ROWS = 200;
/** Lines of one step. Where prompts have less in common, a step has fewer rows. */
const STEP_LINES = 2000;
/** How long the loop is held at a time, milliseconds: requests are under way. */
const HOLD_MS = 4;
/** Pause between two steps, milliseconds: rows that wait to be written go first. */
const BETWEEN_MS = 5;
/** How long a stop waits for the step under way, milliseconds. */
const CLOSE_MS = 1000;

/**
 * How long the parts of single prompts are kept, milliseconds. They are for people who look at one exchange, which
 * is of this week; the sums of the hours stay. Kept for ever, they would be most of the database.
 */
export const KEPT_MS = 7 * 86_400_000;
/** How often old parts are looked for, milliseconds. */
const SWEEP_MS = 3_600_000;
const SWEEP_ROWS = 500;

const READ = `select exchanges.seq, time_ms, tenant, project, agent, provider, ${MODEL} as model, called, parts
from exchanges left join exchange_parts on exchange_parts.seq = exchanges.seq
where exchanges.seq > $1 order by exchanges.seq limit $2`;

// The oldest are looked at, in the order in which they came. A row may tell of a time long ago; its turn comes, too.
const SWEEP = `with oldest as materialized (select exchange_parts.seq, time_ms
  from exchange_parts join exchanges on exchanges.seq = exchange_parts.seq
  where exchange_parts.seq <= $1 order by exchange_parts.seq limit ${SWEEP_ROWS})
delete from exchange_parts where seq in (select seq from oldest where time_ms < $2) returning seq`;

export class PromptSums {
  readonly #database: Database;
  readonly #lines: HourLines;
  readonly #log: StoreLog;
  #timer: NodeJS.Timeout | undefined;
  readonly #hourly: NodeJS.Timeout;
  #work: Promise<void> | undefined;
  /** Rows came while it was at work. */
  #woken = false;
  #pause = GATHER_MS;
  #rows = STEP_ROWS;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(database: Database, log: StoreLog) {
    this.#database = database;
    this.#lines = new HourLines(database, randomUUID());
    this.#log = log;
    this.#hourly = setInterval(() => this.wake(), SWEEP_MS).unref();
  }

  /** Hears that rows were stored. */
  wake(): void {
    if (this.#work) this.#woken = true;
    else if (!this.#timer && !this.#closed) this.#timer = setTimeout(() => this.#start(), this.#pause).unref();
  }

  /** Sums up now, at most so many milliseconds long; true when all rows of the database are in the sums. */
  async settle(milliseconds: number): Promise<boolean> {
    const end = performance.now() + milliseconds;
    while (!this.#closed) {
      this.#start();
      const isDone = this.#work!.then(() => this.#lines.state()).then(
        ({ isNew }) => !isNew,
        () => false,
      );
      if (await Promise.race([isDone, sleep(end - performance.now())])) return true;
      if (performance.now() >= end) return false;
      await sleep(Math.min(BETWEEN_MS * 4, end - performance.now()));
    }
    return false;
  }

  /** Stops. What is not summed up by then is so after the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#hourly);
    await Promise.race([this.#work, sleep(CLOSE_MS)]);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed) return;
    this.#work ??= this.#run().then(
      (isDone) => this.#ended(isDone),
      (error: unknown) => this.#failed(error),
    );
  }

  #ended(isDone: boolean): void {
    if (this.#pause > GATHER_MS) this.#log.info('prompts are summed up again');
    this.#pause = GATHER_MS;
    this.#rest(isDone && !this.#woken);
  }

  #failed(error: unknown): void {
    if (this.#pause === GATHER_MS && !this.#closed)
      this.#log.warn('prompts are not summed up now; it is tried again', { error: lineOf(error) });
    this.#pause = Math.min(this.#pause * 2, MAX_PAUSE_MS);
    this.#rest(false);
  }

  #rest(isDone: boolean): void {
    this.#work = undefined;
    this.#woken = false;
    if (!isDone) this.wake();
  }

  /** Works until nothing is new. False: another process is at it, or this one stops. */
  async #run(): Promise<boolean> {
    const { mark, isNew } = await this.#lines.state();
    if (!isNew) {
      await this.#sweep(mark);
      return true;
    }
    let isDone = false;
    try {
      for (let from = await this.#lines.claim(); from !== null; from = await this.#lines.claim()) {
        isDone = !(await this.#step(from));
        if (isDone || this.#closed) break;
        await sleep(BETWEEN_MS);
      }
    } finally {
      await this.#lines.leave().catch(() => {}); // the lease ends by itself
    }
    return isDone;
  }

  /** Sums up some rows; false when there are none. */
  async #step(from: Cell): Promise<boolean> {
    const rows = await this.#database.select<SummedRow>(READ, [from, this.#rows]);
    if (rows.length === 0) return false;
    const sums = new HourSums();
    let to = from;
    let since = performance.now();
    for (const row of rows) {
      if (performance.now() - since > HOLD_MS) {
        await new Promise(setImmediate);
        since = performance.now();
      }
      sums.add(row);
      to = row.seq;
      if (sums.size >= STEP_LINES) break;
    }
    try {
      await this.#lines.add(sums.lines(), from, to);
      this.#rows = STEP_ROWS;
    } catch (error) {
      if (!isAboutTheRows(error)) throw error;
      await this.#pass(error, from, to);
    }
    return true;
  }

  /** Finds the row that the database refuses to have in the sums, and passes it over: it must not stand before all others. */
  async #pass(error: unknown, from: Cell, to: Cell): Promise<void> {
    if (this.#rows === 1) {
      this.#log.error('a prompt cannot be summed up; it is passed over', { error: lineOf(error) });
      await this.#lines.add([], from, to);
    }
    this.#rows = 1;
  }

  async #sweep(mark: Cell): Promise<void> {
    if (performance.now() - this.#sweptAt < SWEEP_MS) return;
    const before = Date.now() - KEPT_MS;
    while (!this.#closed && (await this.#database.change(SWEEP, [mark, before])).length > 0) await sleep(BETWEEN_MS);
    this.#sweptAt = performance.now();
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
