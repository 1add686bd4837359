/** Figures that plugins know and others look at: how far budgets are used, how many sessions are not well. */

export interface FigureReading {
  /** What it is of, such as `{ budget: 'company', agent: 'coder' }`; null: of all. */
  readonly subject: Readonly<Record<string, string>> | null;
  readonly value: number;
}

export interface FigureName {
  readonly name: string;
  /** One line: what it counts, and in what. */
  readonly help: string;
}

type Read = () => Promise<readonly FigureReading[]>;

/** As one plugin uses them. */
export interface Figures {
  /** Offers a figure under this name until the plugin closes. `read` is called when somebody asks; it may reject. */
  offer(name: string, help: string, read: Read): void;
  /** Null: nobody offers it. Rejects as its plugin does. */
  read(name: string): Promise<readonly FigureReading[] | null>;
  /** What is offered now, by name. */
  names(): readonly FigureName[];
}

interface Offer extends FigureName {
  readonly holder: object;
  readonly read: Read;
}

/** All figures of a gateway. A changed plugin offers anew before the one before it closes: the newest offer is in force. */
export class FigureBook {
  readonly #offers = new Map<string, Offer[]>();

  offer(holder: object, name: string, help: string, read: Read): void {
    if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) throw new TypeError(`${name} is no name of a figure: a-z, 0-9 and _`);
    const others = (this.#offers.get(name) ?? []).filter((offer) => offer.holder !== holder);
    this.#offers.set(name, [...others, { holder, name, help, read }]);
  }

  async read(name: string): Promise<readonly FigureReading[] | null> {
    return (await this.#offers.get(name)?.at(-1)?.read()) ?? null;
  }

  names(): readonly FigureName[] {
    const newest = [...this.#offers.values()].map((offers) => offers.at(-1)!);
    return newest.map(({ name, help }) => ({ name, help })).sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Takes back what a holder offers. */
  release(holder: object): void {
    for (const [name, offers] of this.#offers) {
      const left = offers.filter((offer) => offer.holder !== holder);
      if (left.length > 0) this.#offers.set(name, left);
      else this.#offers.delete(name);
    }
  }
}
