import type { JsonWalk } from '../bytes/json-walk.ts';
import type { Piece } from '../pipeline/prompt.ts';
import type { Mark } from './blocks.ts';
import { readMark, withComma } from './cache-mark.ts';
import type { Hasher } from './hasher.ts';
import { labelAt } from './label.ts';
import type { Raw } from './raw.ts';
import { TOOL, TOOL_LIST, Tool } from './vocabulary.ts';
import { weighJson } from './weigh.ts';

type Draft = { -readonly [K in keyof Piece]: Piece[K] };

/** Tools that are told apart; those behind are one with the last. */
const MOST = 512;
const QUOTE = 34;
const BRACKET = 91;
const BRACE = 123;
const LETTER_N = 110;
const JSON_HASH = 0;

/** What the members of a tool say. */
interface Seen {
  name: string;
  type: string;
  server: string;
  first: string;
  mark: Mark;
  markStart: number;
  markEnd: number;
  isPoint: boolean;
  /** It is a list of tools itself, which were read. */
  isList: boolean;
}

/**
 * The tools of a prompt, one after the other. A piece reaches from the end of the one before to the end of its tool,
 * so that brackets and commas are in them and the pieces of a list are as long as the list.
 */
export class Tools {
  readonly pieces: Draft[] = [];
  readonly names: string[] = [];

  readonly #walk: JsonWalk;
  readonly #raw: Raw;
  readonly #hasher: Hasher;
  /** Where the next piece begins. */
  #from = 0;

  constructor(walk: JsonWalk, raw: Raw, hasher: Hasher) {
    this.#walk = walk;
    this.#raw = raw;
    this.#hasher = hasher;
  }

  /** Of all, salted; null where there are none. */
  get hash(): number | null {
    return this.pieces.length === 0 ? null : this.#hasher.fold(this.pieces.map(({ hash }) => hash));
  }

  /** Reads the next value: a list of tools, or something that is one piece; or an object that holds such a list. */
  read(isHeld: boolean): void {
    const walk = this.#walk;
    if (!isHeld) {
      this.#list();
      return;
    }
    if (walk.peek() !== BRACE) return;
    walk.at++;
    for (let name = walk.nextMember(TOOL_LIST); name !== -1; name = walk.nextMember(TOOL_LIST))
      if (name === 1) this.#list();
      else walk.skip();
  }

  #list(): void {
    const walk = this.#walk;
    const first = walk.peek();
    const start = walk.at;
    const count = this.pieces.length;
    this.#from = start;
    if (first === BRACKET) {
      walk.at++;
      while (walk.nextElement()) this.#element();
    } else {
      walk.skip();
      if (first !== LETTER_N && first !== -1) this.#add('', start, walk.at, null);
    }
    if (this.pieces.length > count) this.#stretch(walk.at);
  }

  #element(): void {
    const walk = this.#walk;
    const start = walk.at;
    if (walk.peek() !== BRACE) {
      walk.skip();
      this.#add('', start, walk.at, null);
      return;
    }
    const seen = blank();
    walk.at++;
    for (let name = walk.nextMember(TOOL); name !== -1; name = walk.nextMember(TOOL)) this.#member(seen, name);
    if (seen.isPoint) this.#point(seen.mark);
    else if (seen.isList) this.#stretch(walk.at);
    else this.#add(seen.name || seen.server || seen.type || seen.first, start, walk.at, seen);
  }

  #member(seen: Seen, name: number): void {
    const walk = this.#walk;
    const { keyStart, bytes } = walk;
    const keyEnd = walk.textEnd;
    const first = walk.peek();
    const at = walk.at;
    if (name === Tool.holder && first === BRACE) seen.name = this.#nameIn() || seen.name;
    else if (name === Tool.declarations && first === BRACKET) seen.isList = this.#declarations();
    else if (name === Tool.mark || name === Tool.point) {
      seen.mark = readMark(walk);
      seen.markStart = keyStart;
      seen.markEnd = walk.at;
      seen.isPoint = name === Tool.point;
    } else {
      walk.skip();
      if (name === 0) seen.first ||= labelAt(bytes, keyStart + 1, keyEnd);
      if (first !== QUOTE) return;
      if (name === Tool.name) seen.name = labelAt(bytes, at + 1, walk.at - 1);
      else if (name === Tool.type) seen.type = labelAt(bytes, at + 1, walk.at - 1);
      else if (name === Tool.server) seen.server = labelAt(bytes, at + 1, walk.at - 1);
    }
  }

  /** The name that stands one level below. */
  #nameIn(): string {
    const walk = this.#walk;
    let found = '';
    walk.at++;
    for (let name = walk.nextMember(TOOL); name !== -1; name = walk.nextMember(TOOL)) {
      const isName = name === Tool.name && walk.peek() === QUOTE;
      const at = walk.at;
      walk.skip();
      if (isName) found = labelAt(walk.bytes, at + 1, walk.at - 1);
    }
    return found;
  }

  /** Gemini's: several tools in one. */
  #declarations(): boolean {
    const walk = this.#walk;
    const count = this.pieces.length;
    walk.at++;
    while (walk.nextElement()) {
      const start = walk.at;
      if (walk.peek() === BRACE) {
        const name = this.#nameIn();
        this.#add(name, start, walk.at, null);
      } else walk.skip();
    }
    return this.pieces.length > count;
  }

  #add(name: string, start: number, end: number, seen: Seen | null): void {
    const { bytes } = this.#walk;
    const cut = seen === null || seen.mark === null ? NO_CUT : withComma(bytes, seen.markStart, seen.markEnd);
    const hash = this.#hasher.without(bytes, start, end, JSON_HASH, cut.start, cut.end);
    const mark = seen?.mark ?? null;
    const chars = this.#raw.chars(this.#from, end);
    const weight = weighJson(chars, end - this.#from);
    this.#from = end;
    const last = this.pieces.length >= MOST ? this.pieces.at(-1) : undefined;
    if (last === undefined) {
      this.pieces.push({ kind: 'tool', name, hash, chars, weight, message: -1, mark });
      this.names.push(name);
      return;
    }
    last.hash = this.#hasher.fold([last.hash, hash]);
    last.chars += chars;
    last.weight += weight;
    last.mark = mark;
  }

  /** A mark that stands behind the tools it is for. */
  #point(mark: Mark): void {
    const last = this.pieces.at(-1);
    if (last === undefined) return;
    last.mark = mark;
    this.#stretch(this.#walk.at);
  }

  /** Makes the last piece reach up to here. */
  #stretch(end: number): void {
    const last = this.pieces.at(-1);
    if (last === undefined || end <= this.#from) return;
    const chars = this.#raw.chars(this.#from, end);
    last.chars += chars;
    last.weight += weighJson(chars, end - this.#from);
    this.#from = end;
  }
}

const NO_CUT = { start: 0, end: 0 } as const;

const blank = (): Seen => ({
  name: '',
  type: '',
  server: '',
  first: '',
  mark: null,
  markStart: 0,
  markEnd: 0,
  isPoint: false,
  isList: false,
});
