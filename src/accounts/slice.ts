import { type Claim, NO_ANSWER, type Standing, shortOf, type Taken } from './accounts.ts';
import { Holds } from './holds.ts';
import { Once } from './once.ts';
import type { Charge } from './series.ts';
import { Sheets } from './sheets.ts';

export interface SliceOptions {
  clock: () => number;
  /** How long after its end the row of an exchange may come, milliseconds. */
  rowMs: number;
  /** Hears of holds whose row did not come. */
  onLost: (id: string) => void;
}

/**
 * What one of several processes knows by itself: what the database has told of each account, and what its own
 * requests have held and spent since. Alone it goes by that, so it spends no more than what was left, once.
 */
export class Slice {
  readonly holds: Holds;
  readonly #clock: () => number;
  readonly #sheets = new Sheets();
  readonly #once = new Once();

  constructor({ clock, rowMs, onLost }: SliceOptions) {
    this.#clock = clock;
    this.holds = new Holds(rowMs, onLost);
  }

  /** Hears what the database says of accounts; it counts our own holds, of which we know better. */
  learn(claims: readonly Claim[], standings: readonly Standing[]): void {
    const now = this.#clock();
    claims.forEach((claim, i) => {
      const { spent, held } = standings[i]!;
      const sheet = this.#sheets.find(claim, now);
      const account = sheet.account(claim.subject);
      account.spent = spent;
      account.beside = held > account.held ? held - account.held : 0n;
      sheet.tidy(claim.subject);
    });
  }

  /** Counts what the database has let an exchange hold. */
  put(id: string, claims: readonly Claim[]): void {
    const now = this.#clock();
    this.holds.drop(id);
    this.holds.put(
      id,
      claims.map((claim) => ({ sheet: this.#sheets.find(claim, now), subject: claim.subject, amount: claim.amount })),
    );
  }

  /** Checks and holds without the database; without an id it only checks. */
  take(id: string | null, claims: readonly Claim[], apart: 'slice' | 'refuse'): Taken {
    if (id !== null) this.holds.drop(id);
    if (apart === 'refuse') return NO_ANSWER;
    const now = this.#clock();
    const standings = claims.map((claim) => this.#sheets.find(claim, now).standing(claim.subject));
    const short = shortOf(claims, standings);
    if (short.length > 0) return { taken: false, standings, short };
    if (id !== null) this.put(id, claims);
    return { taken: true, standings, apart: true };
  }

  /** Counts a row of ours; false: it was counted before. */
  add(charge: Charge): boolean {
    if (!this.#once.first(charge.id)) return false;
    this.#sheets.add(charge);
    return true;
  }

  sweep(): void {
    this.#sheets.forget(this.#clock());
  }
}
