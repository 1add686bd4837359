import type { Sheet } from './sheet.ts';

/** One account that a hold is on. */
export interface Part {
  readonly sheet: Sheet;
  readonly subject: string;
  amount: bigint;
}

interface Hold {
  readonly parts: readonly Part[];
  ended: boolean;
}

/** What the requests under way hold, by the id of the exchange. */
export class Holds {
  readonly #holds = new Map<string, Hold>();
  /** Those that wait for their row, the oldest first. */
  readonly #ended = new Map<string, number>();
  readonly #patience: number;
  readonly #onLost: (id: string) => void;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param patience how long the row of an exchange may take after its end, milliseconds
   * @param onLost hears of holds whose row did not come
   */
  constructor(patience: number, onLost: (id: string) => void = () => undefined) {
    this.#patience = patience;
    this.#onLost = onLost;
  }

  has(id: string): boolean {
    return this.#holds.has(id);
  }

  ids(): IterableIterator<string> {
    return this.#holds.keys();
  }

  partsOf(id: string): readonly Part[] | null {
    return this.#holds.get(id)?.parts ?? null;
  }

  put(id: string, parts: readonly Part[]): void {
    for (const { sheet, subject, amount } of parts) {
      const account = sheet.account(subject);
      account.held += amount;
      account.holders++;
      sheet.users++;
    }
    this.#holds.set(id, { parts, ended: false });
  }

  /** False: there is no such hold. */
  adjust(id: string, amounts: readonly bigint[]): boolean {
    const hold = this.#holds.get(id);
    if (!hold) return false;
    hold.parts.forEach((part, i) => {
      const amount = amounts[i] ?? part.amount;
      part.sheet.account(part.subject).held += amount - part.amount;
      part.amount = amount;
    });
    return true;
  }

  /** Lets go of a hold, with its row or without; false: there is none. */
  drop(id: string): boolean {
    const hold = this.#holds.get(id);
    if (!hold) return false;
    this.#holds.delete(id);
    if (hold.ended) this.#ended.delete(id);
    for (const { sheet, subject, amount } of hold.parts) {
      const account = sheet.account(subject);
      account.held -= amount;
      account.holders--;
      sheet.users--;
      sheet.tidy(subject);
    }
    return true;
  }

  /** Gives the row of a hold a last while to come. */
  end(id: string): void {
    const hold = this.#holds.get(id);
    if (!hold || hold.ended) return;
    hold.ended = true;
    this.#ended.set(id, performance.now() + this.#patience);
    this.#timer ??= this.#wait(this.#patience);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#expire(), milliseconds).unref();
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [id, due] of this.#ended) {
      if (due > now) {
        this.#timer = this.#wait(Math.ceil(due - now));
        return;
      }
      this.drop(id);
      this.#onLost(id);
    }
  }
}
