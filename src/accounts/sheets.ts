import type { AccountKey, Charge, Series, Window } from './series.ts';
import { Sheet } from './sheet.ts';

const MINUTE = 60_000;
/** How long after its end, and after the last question, a window is kept: rows of long requests still come. */
const ENDED_MS = 10 * MINUTE;
/** How long a window is kept that has not ended and that nobody asks for: it was reset, or its budget is gone. */
const IDLE_MS = 24 * 60 * MINUTE;
/** Windows of one series, as many as subjects that were started anew each at its own time: each row is held against all of them. */
const MOST = 64;

interface Followed {
  readonly series: Series;
  /** No row is known that is later: a window that begins after it has none. Epoch milliseconds. */
  latest: number;
  /** Whether the database was asked for later ones: a clock that was set back leaves them behind. */
  sure: boolean;
  sheets: Sheet[];
}

/** All sheets that were asked for, and the rows that belong into them. */
export class Sheets {
  readonly #followed = new Map<string, Followed>();

  /** Finds the sheet of an account. One that begins in the sight of this process is whole from the start. */
  find({ series, window }: Pick<AccountKey, 'series' | 'window'>, now: number): Sheet {
    let followed = this.#followed.get(series.key);
    if (!followed) {
      // A row of a request that began later can only be taken from now on.
      followed = { series, latest: now, sure: false, sheets: [] };
      this.#followed.set(series.key, followed);
    }
    for (const sheet of followed.sheets)
      if (sheet.window.from === window.from && sheet.window.to === window.to) {
        sheet.askedAt = now;
        return sheet;
      }
    const sheet = new Sheet(series, window, followed.sure && window.from > followed.latest, now);
    if (followed.sheets.length >= MOST) this.#makeRoom(followed, now);
    followed.sheets.push(sheet);
    return sheet;
  }

  /** Counts a row in all sheets that it belongs to, in one step. */
  add({ at, fact, amounts }: Charge): void {
    for (const followed of this.#followed.values()) {
      const amount = amounts[followed.series.measure];
      if (amount === 0n) continue;
      const subject = followed.series.subjectOf(fact);
      if (subject === null) continue;
      if (at > followed.latest) followed.latest = at;
      for (const sheet of followed.sheets) if (sheet.has(at)) sheet.add(subject, amount);
    }
  }

  /** The time after the latest row of a series, as long as nobody has asked the database about it. */
  aheadOf(series: Series): Window | null {
    const followed = this.#followed.get(series.key);
    return followed && !followed.sure ? { from: followed.latest + 1, to: null } : null;
  }

  /** Hears whether there are such rows: then no window of the series is whole from the start. */
  foundAhead(series: Series, found: boolean): void {
    const followed = this.#followed.get(series.key);
    if (!followed) return;
    followed.sure = true;
    if (found) followed.latest = Number.POSITIVE_INFINITY;
  }

  /** Hears of rows on their way to the database: a clock that was set back leaves late ones there, too. */
  saw(charges: readonly Charge[]): void {
    let last = 0;
    for (const { at } of charges) if (at > last) last = at;
    for (const followed of this.#followed.values()) if (last > followed.latest) followed.latest = last;
  }

  /** Forgets what is over and what nobody asks for; never a sheet that somebody holds something on. */
  forget(now: number): void {
    for (const [key, followed] of this.#followed) {
      followed.sheets = followed.sheets.filter((sheet) => {
        const idle = now - sheet.askedAt;
        const stays = sheet.users > 0 || idle <= (ended(sheet, now - ENDED_MS) ? ENDED_MS : IDLE_MS);
        if (!stays) sheet.forgotten = true;
        return stays;
      });
      if (followed.sheets.length === 0) this.#followed.delete(key);
    }
  }

  get size(): number {
    let size = 0;
    for (const { sheets } of this.#followed.values()) size += sheets.length;
    return size;
  }

  /** Lets the sheet go that will be missed least. */
  #makeRoom(followed: Followed, now: number): void {
    let least: Sheet | null = null;
    for (const sheet of followed.sheets)
      if (sheet.users === 0 && (!least || rank(sheet, now) < rank(least, now))) least = sheet;
    if (!least) return;
    least.forgotten = true;
    followed.sheets = followed.sheets.filter((sheet) => sheet !== least);
  }
}

const ended = ({ window }: Sheet, now: number): boolean => window.to !== null && window.to <= now;

/** When it was asked for; a window that is over counts as if that was long ago. */
const rank = (sheet: Sheet, now: number): number => sheet.askedAt - (ended(sheet, now) ? IDLE_MS : 0);
