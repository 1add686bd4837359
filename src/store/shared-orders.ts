/** Decides orders one after the other, each by what those before it have left. */
import { type Claim, type Standing, shortOf, type Taken } from '../accounts/accounts.ts';
import type { Order } from '../accounts/rows.ts';
import type { SheetName } from './shared-sheets.ts';
import type { Place } from './shared-standings.ts';

/** A claim of an order that is to be held. */
export interface HoldLine extends Place {
  readonly id: string;
  /** Which claim of its order it is. */
  readonly place: number;
  readonly amount: string;
}

/** The sheets of accounts, by id. */
export function namesOf(names: readonly SheetName[], ids: readonly string[]): Map<string, SheetName> {
  return new Map(names.map(({ series, window }, at) => [ids[at]!, { series, window }]));
}

/** The accounts of claims, each once. */
export class Board {
  readonly places: readonly Place[];
  readonly #keys: readonly string[];
  readonly #standings = new Map<string, Standing>();

  /** @param ids of the sheets, in the order of the claims */
  constructor(claims: readonly Claim[], ids: readonly string[]) {
    this.#keys = claims.map(({ subject }, at) => `${ids[at]} ${subject}`);
    const places = new Map(claims.map(({ subject }, at) => [this.#keys[at]!, { sheet: ids[at]!, subject }]));
    this.places = [...places.values()];
  }

  /** Decides orders whose claims, one after the other, are those the board was made for. */
  decide(orders: readonly Order[], standings: readonly Standing[]): { taken: Taken[]; lines: HoldLine[] } {
    for (const [at, { sheet, subject }] of this.places.entries())
      this.#standings.set(`${sheet} ${subject}`, standings[at]!);
    const lines: HoldLine[] = [];
    let first = 0;
    const taken = orders.map((order): Taken => {
      const keys = this.#keys.slice(first, first + order.claims.length);
      first += order.claims.length;
      const before = keys.map((key) => this.#standings.get(key)!);
      const short = shortOf(order.claims, before);
      if (short.length > 0) return { taken: false, standings: before, short };
      lines.push(...this.#hold(order, keys));
      return { taken: true, standings: before, apart: false };
    });
    return { taken, lines };
  }

  /** An account that two claims of an order are on is held once: they mean the same amount. */
  #hold({ id, claims }: Order, keys: readonly string[]): HoldLine[] {
    return claims.flatMap(({ subject, amount }, place) => {
      const key = keys[place]!;
      if (keys.indexOf(key) < place) return [];
      const { spent, held } = this.#standings.get(key)!;
      this.#standings.set(key, { spent, held: held + amount });
      return [{ id, place, sheet: key.slice(0, key.indexOf(' ')), subject, amount: String(amount) }];
    });
  }
}
