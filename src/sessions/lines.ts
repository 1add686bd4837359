import type { PriorTurn } from '../pipeline/turn.ts';
import { isAssistant, type Line, type Tip } from './line.ts';
import { mix } from './mix.ts';

export interface LineBounds {
  readonly lines: number;
  /** Messages of all lines together. */
  readonly marks: number;
  /** Turns whose prompt is kept in pieces, and pieces of all of them together. */
  readonly priors: number;
  readonly pieces: number;
}

/** Some 30 MB at most: conversations are half of them, the pieces of prompts the rest. */
const BOUNDS: LineBounds = { lines: 5000, marks: 1_000_000, priors: 2000, pieces: 400_000 };
/** Requests that the same list may wait at, and lines that the same message may lead to; the oldest go. */
const MOST_ALIKE = 64;
const MOST_SHARING = 16;
/** Requests of one line that it went away from. */
const MOST_TIPS = 8;
/** Messages at the end of a list that lines are found by. */
const TAIL = 4;

/** All lines of a process, found by what they are asked for. The longest unused go when there are too many. */
export class Lines {
  readonly #bounds: LineBounds;
  /** The longest unused first. */
  readonly #lines = new Set<Line>();
  readonly #priors = new Set<Line>();
  readonly #tips = new Map<number, Tip[]>();
  readonly #landmarks = new Map<number, Line[]>();
  /** How many lines a session has here. */
  readonly #sessions = new Map<string, number>();
  readonly #newest = new Map<number, Line>();
  #marks = 0;
  #pieces = 0;

  constructor(bounds: Partial<LineBounds> = {}) {
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  get size(): number {
    return this.#lines.size;
  }

  get marks(): number {
    return this.#marks;
  }

  get priors(): number {
    return this.#priors.size;
  }

  /** Requests whose whole list has this hash, the oldest first. */
  tipsAt(hash: number): readonly Tip[] | undefined {
    return this.#tips.get(hash);
  }

  /** Lines of the scope that had this message among those they are found by, the oldest first. */
  sharing(scope: number, mark: number): readonly Line[] | undefined {
    return this.#landmarks.get(mix(scope, mark));
  }

  /** The line of a scope that was used last. */
  newestOf(scope: number): Line | null {
    return this.#newest.get(scope) ?? null;
  }

  /** All lines of a scope that were used since, those that were used last first. It looks at every line. */
  ofScope(scope: number, since: number): Line[] {
    return [...this.#lines].filter((line) => line.scope === scope && line.usedAt >= since).reverse();
  }

  hasSession(id: string): boolean {
    return this.#sessions.has(id);
  }

  add(line: Line): void {
    this.#sessions.set(line.session, (this.#sessions.get(line.session) ?? 0) + 1);
    this.#marks += line.marks.length;
    this.#landmark(line);
    this.use(line, line.usedAt);
  }

  /** Puts it at the end of those that go, and makes room. */
  use(line: Line, now: number): void {
    line.usedAt = now;
    this.#lines.delete(line);
    this.#lines.add(line);
    this.#newest.set(line.scope, line);
    for (const oldest of this.#lines) {
      if (this.#lines.size <= this.#bounds.lines && this.#marks <= this.#bounds.marks) return;
      if (oldest !== line) this.remove(oldest);
    }
  }

  /** Gives it another list. */
  grow(line: Line, marks: Float64Array): void {
    this.#marks += marks.length - line.marks.length;
    line.marks = marks;
    this.#landmark(line);
  }

  addTip(tip: Tip): void {
    const { tips } = tip.line;
    tips.push(tip);
    if (tips.length > MOST_TIPS) this.dropTip(tips[0]!);
    const alike = this.#tips.get(tip.hash);
    if (!alike) this.#tips.set(tip.hash, [tip]);
    else if (alike.push(tip) > MOST_ALIKE) alike.shift();
  }

  dropTip(tip: Tip): void {
    const { tips } = tip.line;
    const at = tips.indexOf(tip);
    if (at !== -1) tips.splice(at, 1);
    takeOut(this.#tips, tip.hash, tip);
  }

  /** Keeps a turn for the next one, and drops those that were kept the longest. */
  keepPrior(line: Line, prior: PriorTurn): void {
    if (!this.#lines.has(line)) return;
    this.#dropPrior(line);
    line.prior = prior;
    this.#priors.add(line);
    this.#pieces += prior.prompt.length;
    for (const oldest of this.#priors) {
      if (this.#priors.size <= this.#bounds.priors && this.#pieces <= this.#bounds.pieces) return;
      this.#dropPrior(oldest);
    }
  }

  /** Forgets what was not used since, and the prompts of what rests: epoch milliseconds. */
  sweep(unusedSince: number, restingSince: number): void {
    for (const line of this.#lines) {
      if (line.usedAt >= unusedSince) break;
      this.remove(line);
    }
    for (const line of this.#priors) if (line.usedAt < restingSince) this.#dropPrior(line);
  }

  remove(line: Line): void {
    if (!this.#lines.delete(line)) return;
    this.#marks -= line.marks.length;
    for (const tip of [...line.tips]) this.dropTip(tip);
    for (const landmark of line.landmarks) takeOut(this.#landmarks, landmark, line);
    if (this.#newest.get(line.scope) === line) this.#newest.delete(line.scope);
    const others = (this.#sessions.get(line.session) ?? 1) - 1;
    if (others > 0) this.#sessions.set(line.session, others);
    else this.#sessions.delete(line.session);
    this.#dropPrior(line);
  }

  #dropPrior(line: Line): void {
    this.#priors.delete(line);
    this.#pieces -= line.prior?.prompt.length ?? 0;
    line.prior = null;
  }

  /**
   * The model's first words tell a beginning from others, which the user's first words do not; the end is what is
   * left of a conversation when its beginning is cut off.
   */
  #landmark(line: Line): void {
    for (const landmark of line.landmarks) takeOut(this.#landmarks, landmark, line);
    const { marks, scope } = line;
    const found = new Set<number>();
    const anchor = marks.findIndex(isAssistant);
    if (anchor !== -1) found.add(mix(scope, marks[anchor]!));
    for (let at = Math.max(0, marks.length - TAIL); at < marks.length; at++) found.add(mix(scope, marks[at]!));
    line.landmarks = [...found];
    for (const landmark of found) {
      const lines = this.#landmarks.get(landmark);
      if (!lines) this.#landmarks.set(landmark, [line]);
      else if (lines.push(line) > MOST_SHARING) lines.shift();
    }
  }
}

function takeOut<T>(map: Map<number, T[]>, key: number, value: T): void {
  const values = map.get(key);
  const at = values?.indexOf(value) ?? -1;
  if (!values || at === -1) return;
  if (values.length === 1) map.delete(key);
  else values.splice(at, 1);
}
