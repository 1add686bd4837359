import { Recent } from '../shared/recent.ts';

/** Output tokens of one answer: half of such answers have had no more, and 9 of 10 have had no more. */
export interface Expected {
  readonly half: number;
  readonly nine: number;
}

/** How many of the last answers are looked at, and how many it takes. */
const MOST = 200;
const LEAST = 20;
/** Keys, APIs and models told apart at a time; made-up names cannot fill the memory. */
const MOST_GROUPS = 2000;
/** 0.9 of 110 is a little more than 99 in doubles. */
const ROUNDING = 1e-9;

/**
 * What answers have really had: the last 200 of each key, API and model, and of each API and
 * model whoever asked.
 */
export class LearnedOutputs {
  readonly #groups: Recent<Group>;

  constructor(most = MOST_GROUPS) {
    this.#groups = new Recent(most);
  }

  /** @param tokens of one answer, where a request asks for several at once their average */
  add(key: string | null, api: string, model: string, tokens: number): void {
    if (!Number.isFinite(tokens) || tokens < 0) return;
    for (const name of namesOf(key, api, model)) {
      const group = this.#groups.get(name) ?? new Group();
      group.add(Math.ceil(tokens));
      // What was used last is forgotten last.
      this.#groups.delete(name);
      this.#groups.set(name, group);
    }
  }

  /** Null while fewer than 20 are known. */
  expect(key: string | null, api: string, model: string): Expected | null {
    for (const name of namesOf(key, api, model)) {
      const group = this.#groups.get(name);
      if (group && group.size >= LEAST) return { half: group.at(0.5), nine: group.at(0.9) };
    }
    return null;
  }
}

/** The narrower one first. */
const namesOf = (key: string | null, api: string, model: string): readonly string[] => [
  `${api}\n${model}\n${key ?? ''}`,
  `${api}\n${model}`,
];

/** The last values, in the order in which they came and in the order of their size. */
class Group {
  readonly #came: number[] = [];
  readonly #sorted: number[] = [];
  #oldest = 0;

  get size(): number {
    return this.#came.length;
  }

  add(value: number): void {
    if (this.size < MOST) this.#came.push(value);
    else {
      this.#sorted.splice(placeOf(this.#sorted, this.#came[this.#oldest]!), 1);
      this.#came[this.#oldest] = value;
      this.#oldest = (this.#oldest + 1) % MOST;
    }
    this.#sorted.splice(placeOf(this.#sorted, value), 0, value);
  }

  /** The smallest value that at least that share of all stay at or below. */
  at(share: number): number {
    return this.#sorted[Math.ceil(share * this.size - ROUNDING) - 1]!;
  }
}

/** Where the first value lies that is not smaller. */
function placeOf(sorted: readonly number[], value: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
