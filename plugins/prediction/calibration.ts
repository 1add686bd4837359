import type { Prediction } from '../../src/plugin.ts';
import { Recent } from '../shared/recent.ts';

export type Confidence = Prediction['confidence'];

/** How many of the last answers are looked at, and how many it takes. */
const MOST = 100;
const LEAST = 30;
/** Share of answers that have to stay at or below what 9 of 10 were to stay below. */
const HIGH = 0.9;
const MEDIUM = 0.75;
/** Models and classes told apart at a time. */
const MOST_TALLIES = 2000;

/**
 * How often the cost that 9 of 10 answers were to stay below did hold, for each model and
 * each class of confidence as it was reckoned.
 *
 * It is kept for the class as reckoned, not as told: a class that was told as a lower one
 * could not prove itself otherwise.
 */
export class Calibration {
  readonly #tallies: Recent<Tally>;

  constructor(most = MOST_TALLIES) {
    this.#tallies = new Recent(most);
  }

  note(model: string, reckoned: Confidence, held: boolean): void {
    const name = nameOf(model, reckoned);
    const tally = this.#tallies.get(name) ?? new Tally();
    tally.add(held);
    this.#tallies.delete(name);
    this.#tallies.set(name, tally);
  }

  /** The class that may be told: the reckoned one, or the highest one below it whose share it has kept. */
  tell(model: string, reckoned: Confidence): Confidence {
    const tally = reckoned === 'low' ? undefined : this.#tallies.get(nameOf(model, reckoned));
    if (tally === undefined || tally.size < LEAST) return reckoned;
    if (reckoned === 'high' && tally.share >= HIGH) return 'high';
    return tally.share >= MEDIUM ? 'medium' : 'low';
  }
}

const nameOf = (model: string, reckoned: Confidence): string => `${reckoned}\n${model}`;

class Tally {
  readonly #held: boolean[] = [];
  #oldest = 0;
  #count = 0;

  get size(): number {
    return this.#held.length;
  }

  get share(): number {
    return this.#count / this.size;
  }

  add(held: boolean): void {
    if (this.size < MOST) this.#held.push(held);
    else {
      if (this.#held[this.#oldest]) this.#count--;
      this.#held[this.#oldest] = held;
      this.#oldest = (this.#oldest + 1) % MOST;
    }
    if (held) this.#count++;
  }
}
