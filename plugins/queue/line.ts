/** How long a line may be. */
export interface Rules {
  /** Most under way at a time. */
  readonly parallel: number;
  /** Most in line. */
  readonly waiting: number;
  /** Longest wait, milliseconds. */
  readonly wait: number;
}

/** - `mine`: it may go, and has to `leave` - `late`: the wait was over - `gone`: it has left the line by itself */
export type Turn = 'mine' | 'late' | 'gone';

interface Waiter {
  end(turn: Turn): void;
}

/** How much the newest one counts in the average. */
const WEIGHT = 0.2;

/** One line in front of one provider: first come, first served. */
export class Line {
  readonly #rules: () => Rules;
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiter>();
  #underWay = 0;
  /** How long one is under way, milliseconds; null before the first one has ended. */
  #usual: number | null = null;

  /** @param rules are asked each time: they may have changed */
  constructor(rules: () => Rules) {
    this.#rules = rules;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Milliseconds after which another place may be free; a second where nobody knows. */
  get pace(): number {
    return this.#usual === null ? 1000 : this.#usual / this.#rules().parallel;
  }

  /** Goes at once if nobody waits and there is a place; the one who went has to `leave`. */
  enter(): boolean {
    if (this.#waiting.size > 0 || this.#underWay >= this.#rules().parallel) return false;
    this.#underWay++;
    return true;
  }

  get full(): boolean {
    return this.#waiting.size >= this.#rules().waiting;
  }

  /** Waits in line. `whenGone` takes what is called when the one who waits leaves. */
  wait(whenGone: (leave: () => void) => void): Promise<Turn> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        end: (turn) => {
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          resolve(turn);
        },
      };
      const timer = setTimeout(() => waiter.end('late'), this.#rules().wait);
      this.#waiting.add(waiter);
      whenGone(() => {
        if (this.#waiting.has(waiter)) waiter.end('gone');
      });
    });
  }

  /** Frees a place that was taken so many milliseconds ago. */
  leave(after: number): void {
    this.#usual = this.#usual === null ? after : this.#usual + WEIGHT * (after - this.#usual);
    this.#underWay--;
    this.admit();
  }

  /** Lets go who may go now. */
  admit(): void {
    const { parallel } = this.#rules();
    for (const waiter of this.#waiting) {
      if (this.#underWay >= parallel) return;
      this.#underWay++;
      waiter.end('mine');
    }
  }
}

/**
 * The lines of all providers. Instances that follow each other share them, so that together
 * they let no more through than one; the rules are those of the newest.
 */
export class Lines {
  readonly #byProvider = new Map<string, Line>();
  readonly #rules: Rules[] = [];

  /** Puts rules in force, and lets go who may go by them. */
  follow(rules: Rules): void {
    this.#rules.push(rules);
    for (const line of this.#byProvider.values()) line.admit();
  }

  /** Takes rules back: those before them hold again, where these were the newest. */
  forget(rules: Rules): void {
    this.#rules.splice(this.#rules.indexOf(rules), 1);
  }

  of(provider: string): Line {
    let line = this.#byProvider.get(provider);
    if (!line) {
      line = new Line(() => this.#rules.at(-1)!);
      this.#byProvider.set(provider, line);
    }
    return line;
  }

  get waiting(): number {
    return this.#sum(({ waiting }) => waiting);
  }

  get underWay(): number {
    return this.#sum(({ underWay }) => underWay);
  }

  #sum(figure: (line: Line) => number): number {
    return [...this.#byProvider.values()].reduce((sum, line) => sum + figure(line), 0);
  }
}
