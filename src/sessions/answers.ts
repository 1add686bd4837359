import type { Line } from './line.ts';
import { seedOf } from './mix.ts';

/** Answers that requests may still name; the oldest go. */
const MOST = 20_000;

interface Answer {
  readonly line: Line;
  /** The answer that this one went on from. */
  readonly before: number | null;
}

/** Which conversation an answer belongs to, by its id: for clients that name the answer they go on from, and not what was said. */
export class Answers {
  readonly #answers = new Map<number, Answer>();

  /** Ids are kept as numbers, so that their length is nobody's to choose. Of a tenant: others' ids are none of theirs. */
  static keyOf(tenant: string | null | undefined, id: string): number {
    return seedOf('answer', tenant, id);
  }

  note(key: number, answer: Answer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    answer.line.newestAnswer = key;
    answer.line.answerBefore = answer.before;
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MOST) return;
      this.#answers.delete(oldest);
    }
  }

  /**
   * - `next`: it is the newest of its line
   * - `again`: it is what the newest went on from: the last turn is asked once more
   * - `fork`: its line has gone on
   */
  find(key: number): { line: Line; place: 'next' | 'again' | 'fork' } | null {
    const line = this.#answers.get(key)?.line;
    if (!line) return null;
    return { line, place: line.newestAnswer === key ? 'next' : line.answerBefore === key ? 'again' : 'fork' };
  }
}
