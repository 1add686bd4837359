import type { TurnRelation } from '../pipeline/prompt.ts';
import type { PriorTurn, Turn } from '../pipeline/turn.ts';
import type { Line, SessionName, Tip } from './line.ts';
import type { Lines } from './lines.ts';

/** How a request ended. */
export interface TurnEnd {
  readonly answered: boolean;
  /** Characters of the answer's text; null: unknown. */
  readonly outputChars: number | null;
  /** The answer's id, where requests may name it to go on from. */
  readonly answerId: string | null;
  /** What the next turn wants to know of it; null: nothing. */
  readonly prior: PriorTurn | null;
}

export interface Placing {
  readonly line: Line;
  readonly tip: Tip | null;
  readonly relation: TurnRelation;
  readonly session: SessionName;
  readonly parent: string | null;
  /** The answer that it names to go on from. */
  readonly answerBefore?: number | null;
}

/** Takes the id of an answer, its line, and the answer that it went on from. */
type NoteAnswer = (id: string, line: Line, before: number | null) => void;

/** Where a request stands: its session, and its turn. */
export class Place {
  readonly session: SessionName;
  readonly turn: Turn;
  readonly #placing: Placing;
  readonly #lines: Lines;
  readonly #note: NoteAnswer;
  readonly #from: number;

  /** @param from epoch milliseconds: when it was asked */
  constructor(lines: Lines, placing: Placing, from: number, note: NoteAnswer) {
    const { line, relation, session, parent } = placing;
    this.session = session;
    this.turn = { relation, parent, before: line.prior };
    this.#placing = placing;
    this.#lines = lines;
    this.#from = from;
    this.#note = note;
  }

  /** Says how it ended, once. */
  finish({ answered, outputChars, answerId, prior }: TurnEnd): void {
    const { line, tip, answerBefore = null } = this.#placing;
    if (tip) {
      tip.open--;
      if (answered) {
        tip.answered = true;
        tip.outputChars = outputChars;
      }
    }
    if (answered && answerId !== null) this.#note(answerId, line, answerBefore);
    // Of two that were under way together, the one that was asked later is what the next goes on from.
    if (prior === null || this.#from < line.priorFrom) return;
    line.priorFrom = this.#from;
    this.#lines.keepPrior(line, prior);
  }
}
