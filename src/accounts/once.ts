/** How the ids of rows begin that may be told several times: they are made of names, and have no time. */
const NO_TIME = '0'.repeat(12);
/** More than can wait for the database, beyond which the database knows them. */
const MOST = 120_000;

/** Whether a row of this id may come again. */
export const mayComeAgain = (id: string): boolean => id.startsWith(NO_TIME);

/** Tells rows that come again from those that come first. All other ids are made for one row, and cost nothing here. */
export class Once {
  readonly #known = new Set<string>();
  readonly #most: number;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Whether this is the first time that the id is seen. */
  first(id: string): boolean {
    if (!mayComeAgain(id)) return true;
    if (this.#known.has(id)) return false;
    this.#known.add(id);
    if (this.#known.size > this.#most) {
      for (const oldest of this.#known) {
        this.#known.delete(oldest);
        break;
      }
    }
    return true;
  }
}
