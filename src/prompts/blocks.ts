import { Kind } from './vocabulary.ts';

export type Mark = '5m' | '1h' | null;

/** A stretch of a message, where its text lies in the body. The same objects are used for message after message. */
export interface Block {
  /** A number of `Kind`; `Kind.other` and `Kind.text` are named by who speaks. */
  kind: number;
  /** Its text lies between the quotes of a string at `[start, end)`; else all of its JSON does. */
  isText: boolean;
  start: number;
  end: number;
  /** Of a text: as `JsonWalk` counts them. */
  chars: number;
  continued: number;
  unicode: number;
  /** Bytes that only the provider can read. */
  sealed: number;
  mark: Mark;
  /** The member with the cache mark, and a comma: what is left out of the hash. */
  cutStart: number;
  cutEnd: number;
  /** Of a call: its name, and what it asks for; -1: unknown. */
  nameStart: number;
  nameEnd: number;
  askedStart: number;
  askedEnd: number;
}

/** A string that was walked over, as `JsonWalk` tells of it. */
export interface Spoken {
  readonly textStart: number;
  readonly textEnd: number;
  readonly chars: number;
  readonly continued: number;
  readonly unicode: number;
}

/** Blocks that a message has at most; what follows is one of them, as JSON. */
const MOST = 1000;

/** The blocks of one message. */
export class Blocks {
  count = 0;
  readonly #pool: Block[] = [];

  get(n: number): Block {
    return this.#pool[n]!;
  }

  get isFull(): boolean {
    return this.count >= MOST;
  }

  clear(): void {
    this.count = 0;
  }

  /** Adds a string. */
  addText(kind: number, { textStart, textEnd, chars, continued, unicode }: Spoken): Block {
    const block = this.#add(kind, textStart, textEnd, true);
    block.chars = chars;
    block.continued = continued;
    block.unicode = unicode;
    return block;
  }

  /** Adds a value as its JSON. */
  addJson(kind: number, start: number, end: number): Block {
    return this.#add(kind, start, end, false);
  }

  /** Marks the last block, from `from` on; false where there is none. */
  mark(mark: Mark, from: number): boolean {
    if (this.count <= from) return false;
    this.#pool[this.count - 1]!.mark = mark;
    return true;
  }

  /** Takes blocks out again: a later member of the same name counts instead. */
  remove(from: number, to: number): void {
    const removed = this.#pool.splice(from, to - from);
    this.#pool.push(...removed);
    this.count -= to - from;
  }

  #add(kind: number, start: number, end: number, isText: boolean): Block {
    this.#pool[this.count] ??= blank();
    const block = this.#pool[this.count++]!;
    block.kind = kind;
    block.isText = isText;
    block.start = start;
    block.end = end;
    block.chars = block.continued = block.unicode = block.sealed = 0;
    block.mark = null;
    block.cutStart = block.cutEnd = 0;
    block.nameStart = block.nameEnd = block.askedStart = block.askedEnd = -1;
    return block;
  }
}

const blank = (): Block => ({
  kind: Kind.other,
  isText: false,
  start: 0,
  end: 0,
  chars: 0,
  continued: 0,
  unicode: 0,
  sealed: 0,
  mark: null,
  cutStart: 0,
  cutEnd: 0,
  nameStart: -1,
  nameEnd: -1,
  askedStart: -1,
  askedEnd: -1,
});
