import { type Accounts, type Claim, NO_ANSWER, type Pending, type Standing, shortOf, type Taken } from './accounts.ts';
import { Holds } from './holds.ts';
import { largest } from './largest.ts';
import { Once } from './once.ts';
import { Opener } from './opener.ts';
import type { Rows } from './rows.ts';
import type { AccountKey, Charge, Series, Window } from './series.ts';
import type { Sheet } from './sheet.ts';
import { Sheets } from './sheets.ts';

/** How long a request waits for the sums that it is checked against, milliseconds. It is the first of its kind; the others find them here. */
const OPEN_MS = 2000;
/** How long after its end the row of an exchange may come, milliseconds. */
const ROW_MS = 5000;
/** Pause after the database did not answer, milliseconds. */
const PAUSE_MS = 500;
const SWEEP_MS = 60_000;

/** A hold that waits for its sheets. */
interface Waiting {
  readonly claims: readonly Claim[];
  amounts: readonly bigint[] | null;
  ended: boolean;
}

/**
 * The accounts of one process with a database of its own: sums are read once, and kept by
 * hearing of every row. A check and its hold are one step, because nothing else runs meanwhile.
 */
export class MemoryAccounts implements Accounts {
  readonly #rows: Rows;
  readonly #clock: () => number;
  readonly #openMs: number;
  readonly #sheets = new Sheets();
  readonly #once = new Once();
  readonly #holds: Holds;
  readonly #opener: Opener;
  readonly #waiting = new Map<string, Waiting>();
  #unfollow: (() => void) | null = null;
  #sweep: NodeJS.Timeout | undefined;

  constructor(
    rows: Rows,
    clock: () => number = Date.now,
    { openMs = OPEN_MS, rowMs = ROW_MS, pauseMs = PAUSE_MS } = {},
  ) {
    this.#rows = rows;
    this.#clock = clock;
    this.#openMs = openMs;
    this.#holds = new Holds(rowMs);
    this.#opener = new Opener({ rows, sheets: this.#sheets, once: this.#once, clock, pauseMs });
  }

  get apartSince(): number | null {
    return this.#opener.failingSince;
  }

  hold(id: string, claims: readonly Claim[], apart: 'slice' | 'refuse'): Pending<Taken> {
    const sheets = this.#sheetsOf(claims);
    if (this.#waiting.size > 0) this.#waiting.delete(id);
    if (sheets.every(isOpen)) return this.#take(id, claims, sheets, false);
    if (this.#opener.failingSince === null) return this.#takeLater(id, claims, sheets, apart);
    this.#opener.want(sheets);
    return apart === 'refuse' ? NO_ANSWER : this.#take(id, claims, sheets, true);
  }

  adjust(id: string, amounts: readonly bigint[]): void {
    if (this.#holds.adjust(id, amounts)) return;
    const waiting = this.#waiting.get(id);
    if (waiting) waiting.amounts = amounts;
  }

  end(id: string): void {
    this.#holds.end(id);
    const waiting = this.#waiting.get(id);
    if (waiting) waiting.ended = true;
  }

  async standings(keys: readonly AccountKey[]): Promise<readonly Standing[]> {
    const sheets = await this.#opened(keys);
    return keys.map(({ subject }, i) => sheets[i]!.standing(subject));
  }

  async list(series: Series, window: Window, most: number): Promise<readonly (AccountKey & Standing)[]> {
    const [sheet] = await this.#opened([{ series, window }]);
    return largest(sheet!, most);
  }

  close(): void {
    this.#unfollow?.();
    clearInterval(this.#sweep);
    this.#opener.close();
    this.#holds.close();
  }

  #sheetsOf(keys: readonly Pick<AccountKey, 'series' | 'window'>[]): readonly Sheet[] {
    if (this.#unfollow === null) {
      this.#unfollow = this.#rows.onTaken((charge) => this.#add(charge));
      this.#sweep = setInterval(() => this.#sheets.forget(this.#clock()), SWEEP_MS).unref();
    }
    const now = this.#clock();
    return keys.map((key) => this.#sheets.find(key, now));
  }

  async #opened(keys: readonly Pick<AccountKey, 'series' | 'window'>[]): Promise<readonly Sheet[]> {
    const sheets = this.#sheetsOf(keys);
    if (sheets.every(isOpen)) return sheets;
    const open = await this.#patiently(sheets);
    if (!open) throw new Error('the database does not answer, so nobody knows what was spent');
    return sheets;
  }

  /** Sheets that somebody waits for stay. */
  async #patiently(sheets: readonly Sheet[]): Promise<boolean> {
    for (const sheet of sheets) sheet.users++;
    const open = await this.#opener.open(sheets, this.#openMs);
    for (const sheet of sheets) sheet.users--;
    return open;
  }

  async #takeLater(
    id: string,
    claims: readonly Claim[],
    sheets: readonly Sheet[],
    apart: 'slice' | 'refuse',
  ): Promise<Taken> {
    const waiting: Waiting = { claims, amounts: null, ended: false };
    this.#waiting.set(id, waiting);
    const open = await this.#patiently(sheets);
    // Its row may have come, or another hold of the same exchange: then there is nothing to hold any more.
    const late = this.#waiting.get(id) !== waiting;
    if (!late) this.#waiting.delete(id);
    if (!open && apart === 'refuse') return NO_ANSWER;
    const taken = this.#take(late ? null : id, claims, sheets, !open);
    if (late) return taken;
    if (waiting.amounts) this.#holds.adjust(id, waiting.amounts);
    if (waiting.ended) this.#holds.end(id);
    return taken;
  }

  /** The check and the hold: one step. */
  #take(id: string | null, claims: readonly Claim[], sheets: readonly Sheet[], apart: boolean): Taken {
    if (id !== null) this.#holds.drop(id);
    const standings = claims.map(({ subject }, i) => sheets[i]!.standing(subject));
    const short = shortOf(claims, standings);
    if (short.length > 0) return { taken: false, standings, short };
    if (id !== null) {
      const parts = claims.map(({ subject, amount }, i) => ({ sheet: sheets[i]!, subject, amount }));
      this.#holds.put(id, parts);
    }
    return { taken: true, standings, apart };
  }

  /** A row counts, and its hold ends: one step. */
  #add(charge: Charge): void {
    if (!this.#once.first(charge.id)) return;
    this.#sheets.add(charge);
    this.#holds.drop(charge.id);
    this.#waiting.delete(charge.id);
  }
}

const isOpen = ({ open }: Sheet): boolean => open;
