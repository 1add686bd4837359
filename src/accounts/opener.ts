import { mayComeAgain, type Once } from './once.ts';
import type { Rows } from './rows.ts';
import type { Charge } from './series.ts';
import { plus, type Sheet } from './sheet.ts';
import type { Sheets } from './sheets.ts';
import { pause } from './within.ts';

/** Rows that wait for the database are looked through in portions of so many: it may be a hundred thousand. */
const PORTION = 1000;

export interface OpenerOptions {
  rows: Rows;
  sheets: Sheets;
  once: Once;
  clock: () => number;
  /** Pause after the database did not answer, milliseconds. */
  pauseMs: number;
}

interface Waiter {
  readonly sheets: readonly Sheet[];
  settle(open: boolean): void;
}

/** Gets from the database what sheets begin with: many at once, one time after the other, until it answers. */
export class Opener {
  readonly #options: OpenerOptions;
  readonly #wanted = new Set<Sheet>();
  readonly #waiters = new Set<Waiter>();
  #running = false;
  #closed = false;
  /** Since when sheets are asked for which the database does not tell; epoch milliseconds. */
  failingSince: number | null = null;

  constructor(options: OpenerOptions) {
    this.#options = options;
  }

  /** Resolves when all of these are open; false when the database fails, or takes longer than so many milliseconds. */
  open(sheets: readonly Sheet[], milliseconds: number): Promise<boolean> {
    for (const sheet of sheets) if (!sheet.open) this.#wanted.add(sheet);
    const result = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => {
        this.#fail();
        waiter.settle(false);
      }, milliseconds);
      const waiter: Waiter = {
        sheets,
        settle: (open) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(open);
        },
      };
      this.#waiters.add(waiter);
    });
    if (!this.#running) void this.#run();
    return result;
  }

  /** Asks for these as soon as the database answers; nobody waits. */
  want(sheets: readonly Sheet[]): void {
    for (const sheet of sheets) if (!sheet.open) this.#wanted.add(sheet);
    if (!this.#running && this.#wanted.size > 0) void this.#run();
  }

  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiters]) waiter.settle(false);
  }

  #fail(): void {
    this.failingSince ??= this.#options.clock();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#wanted.size > 0 && !this.#closed) {
      const batch = [...this.#wanted];
      await this.#load(batch).catch(() => undefined);
      const missing = batch.filter((sheet) => !sheet.open && !sheet.forgotten);
      for (const sheet of batch) if (!missing.includes(sheet)) this.#wanted.delete(sheet);
      if (missing.length > 0) this.#fail();
      else if (this.#wanted.size === 0) this.failingSince = null;
      for (const waiter of [...this.#waiters]) {
        if (waiter.sheets.every((sheet) => sheet.open)) waiter.settle(true);
        else if (waiter.sheets.some((sheet) => missing.includes(sheet))) waiter.settle(false);
      }
      if (missing.length > 0) await pause(this.#options.pauseMs);
    }
    this.#running = false;
  }

  /** Rows that are taken while this runs are in no sum of the database, and not among those that waited. */
  async #load(sheets: readonly Sheet[]): Promise<void> {
    const { rows, once } = this.#options;
    try {
      await rows.still(async (waiting) => {
        for (const sheet of sheets) sheet.gather();
        const charges = eachOnce(waiting, once);
        this.#options.sheets.saw(charges);
        const asked = Promise.allSettled(sheets.map((sheet) => this.#ask(sheet)));
        const onTheWay = await sumUp(charges, sheets);
        const told = await asked;
        sheets.forEach((sheet, i) => {
          const sums = told[i]!;
          if (sums.status === 'fulfilled') sheet.fill(sums.value, onTheWay.get(sheet)!);
        });
      });
    } finally {
      for (const sheet of sheets) sheet.giveUp();
    }
  }

  async #ask({ series, window }: Sheet): Promise<ReadonlyMap<string, bigint>> {
    const { rows, sheets } = this.#options;
    const ahead = sheets.aheadOf(series);
    if (ahead) sheets.foundAhead(series, (await rows.sums(series, ahead)).size > 0);
    return rows.sums(series, window);
  }
}

/** Rows that were told twice wait twice; from now on they are known here, too. */
function eachOnce(waiting: readonly Charge[], once: Once): Charge[] {
  const here = new Set<string>();
  return waiting.filter(({ id }) => {
    if (!mayComeAgain(id)) return true;
    once.first(id);
    const isFirst = !here.has(id);
    here.add(id);
    return isFirst;
  });
}

/** Sums of rows by sheet and subject. */
async function sumUp(
  charges: readonly Charge[],
  sheets: readonly Sheet[],
): Promise<ReadonlyMap<Sheet, ReadonlyMap<string, bigint>>> {
  const sums = new Map(sheets.map((sheet) => [sheet, new Map<string, bigint>()]));
  for (let i = 0; i < charges.length; i++) {
    if (i % PORTION === PORTION - 1) await new Promise(setImmediate);
    const { at, fact, amounts } = charges[i]!;
    for (const [sheet, bySubject] of sums) {
      if (!sheet.has(at)) continue;
      const subject = sheet.series.subjectOf(fact);
      if (subject !== null) plus(bySubject, subject, amounts[sheet.series.measure]);
    }
  }
  return sums;
}
