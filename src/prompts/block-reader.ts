import type { JsonWalk } from '../bytes/json-walk.ts';
import type { Block, Blocks, Mark } from './blocks.ts';
import { readMark, withComma } from './cache-mark.ts';
import { Seen } from './seen.ts';
import { KINDS, Kind, MIME, PART, Part } from './vocabulary.ts';

const QUOTE = 34;
const BRACKET = 91;
const BRACE = 123;
const LETTER_T = 116;
const PICTURE = Buffer.from('image/');

/** What a block without `type` is, by the member it has. */
const NAMED: Readonly<Record<number, number>> = {
  [Part.call]: Kind.call,
  [Part.result]: Kind.result,
  [Part.image]: Kind.image,
  [Part.document]: Kind.document,
  [Part.inline]: Kind.document,
  [Part.reasoning]: Kind.thinking,
  [Part.point]: Kind.point,
};

/** Reads the content of messages into blocks, whichever API it is for. */
export class BlockReader {
  /** Results of tools, so far. */
  results = 0;
  isCompacted = false;

  readonly #walk: JsonWalk;
  readonly #blocks: Blocks;
  /** A block may hold blocks, such as a tool's result; what those hold is theirs as JSON. */
  readonly #seen = [new Seen(), new Seen()] as const;
  #depth: 0 | 1 = 0;
  /** A mark that came before any block of its message. */
  #stray: Mark = null;

  constructor(walk: JsonWalk, blocks: Blocks) {
    this.#walk = walk;
    this.#blocks = blocks;
  }

  /** Gives the mark that belongs to what came before the last message, once. */
  takeStray(): Mark {
    const stray = this.#stray;
    this.#stray = null;
    return stray;
  }

  /** Reads the next value: a text, blocks, or one of them. `kind` is what texts are, and blocks of no known type. */
  content(kind: number): void {
    const walk = this.#walk;
    const first = walk.peek();
    if (first === QUOTE) {
      walk.string();
      this.#blocks.addText(kind, walk);
    } else if (first === BRACE) this.#block(kind);
    else if (first === BRACKET) this.#list(kind);
    else walk.skip();
  }

  #list(kind: number): void {
    const walk = this.#walk;
    const blocks = this.#blocks;
    const from = blocks.count;
    const start = walk.at++;
    let isPlain = true;
    while (walk.nextElement()) {
      const first = walk.peek();
      if (first !== QUOTE && first !== BRACE) walk.skip();
      else if (blocks.isFull) this.#rest(kind, from);
      else {
        isPlain = false;
        if (first === BRACE) this.#block(kind);
        else this.content(kind);
      }
    }
    // Tokens, as numbers.
    if (isPlain && walk.at - start > 2) blocks.addJson(kind, start, walk.at);
  }

  /** All further elements are one block, with the one before them. */
  #rest(kind: number, from: number): void {
    const walk = this.#walk;
    const blocks = this.#blocks;
    let start = walk.at;
    let end = start;
    do {
      walk.skip();
      end = walk.at;
    } while (walk.nextElement());
    // The array was left: its bracket is to be met once more.
    walk.at = end;
    if (blocks.count > from) {
      const last = blocks.get(blocks.count - 1);
      blocks.remove(blocks.count - 1, blocks.count);
      start = last.isText ? last.start - 1 : last.start;
    }
    blocks.addJson(kind, start, end);
  }

  #block(kind: number): void {
    const walk = this.#walk;
    const seen = this.#seen[this.#depth];
    const start = walk.at++;
    seen.clear();
    for (let name = walk.nextMember(PART); name !== -1; name = walk.nextMember(PART)) this.#member(seen, name);
    this.#finish(seen, kind, start, walk.at);
  }

  #member(seen: Seen, name: number): void {
    const walk = this.#walk;
    const { keyStart } = walk;
    const first = walk.peek();
    const at = walk.at;
    if (name === Part.type && first === QUOTE) seen.type = this.type();
    else if (name === Part.text && first === QUOTE) {
      walk.string();
      seen.text.keep(walk);
    } else if (name === Part.content) {
      seen.contentAt = at;
      seen.body.isThere = first === QUOTE;
      walk.skip();
      if (first === QUOTE) seen.body.keep(walk);
    } else if (name === Part.mark) {
      seen.mark = readMark(walk);
      seen.markStart = keyStart;
      seen.markEnd = walk.at;
    } else {
      walk.skip();
      if (name === Part.name && first === QUOTE) seen.keepName(at + 1, walk.at - 1);
      else if (name === Part.asked) seen.keepAsked(at, walk.at);
      else if (name === Part.thought) seen.isThought = first === LETTER_T;
      else if (name === Part.sealed) seen.sealed = walk.at - at;
      else if (name >= Part.call && first !== -1) {
        seen.named = name;
        seen.namedAt = at;
      }
    }
  }

  /** Walks over a `type`; what ends in words of a kind is of it. */
  type(): number {
    const walk = this.#walk;
    const known = walk.word(KINDS);
    if (known !== 0) return known;
    const { bytes, textStart, textEnd } = walk;
    const ends = (word: string): boolean =>
      textEnd - textStart >= word.length && bytes.toString('latin1', textEnd - word.length, textEnd) === word;
    if (ends('_call')) return Kind.call;
    return ends('_output') || ends('tool_result') ? Kind.result : Kind.other;
  }

  #finish(seen: Seen, kind: number, start: number, end: number): void {
    const blocks = this.#blocks;
    const from = blocks.count;
    const byName = NAMED[seen.named] ?? (seen.text.isThere ? Kind.text : Kind.other);
    const said = seen.type === 0 ? byName : seen.type;
    const what = said === Kind.other && kind === Kind.call ? kind : said;
    if (what === Kind.point) {
      this.#point(seen);
      return;
    }
    if (what === Kind.result && this.#depth === 0) this.#result(seen);
    else if (what === Kind.text || what === Kind.thinking || what === Kind.compaction) this.#spoken(seen, what, kind);
    if (blocks.count === from) this.#json(seen, what, kind, start, end);
    if (seen.mark !== null) blocks.mark(seen.mark, from);
  }

  /** Bedrock's mark stands behind what it is for. */
  #point(seen: Seen): void {
    const walk = this.#walk;
    const back = walk.at;
    walk.at = seen.namedAt;
    const mark = readMark(walk);
    walk.at = back;
    if (!this.#blocks.mark(mark, 0)) this.#stray = mark;
  }

  #spoken(seen: Seen, what: number, kind: number): void {
    this.isCompacted ||= what === Kind.compaction;
    const isThinking = what === Kind.thinking || seen.isThought;
    if (seen.text.isThere) {
      const block = this.#blocks.addText(isThinking ? Kind.thinking : kind, seen.text);
      if (seen.text.chars === 0) block.sealed = seen.sealed;
    } else if (what === Kind.compaction && seen.contentAt !== -1 && this.#depth === 0)
      this.#inside(seen.contentAt, kind);
  }

  #result(seen: Seen): void {
    this.results++;
    if (seen.contentAt !== -1) this.#body(seen, Kind.result);
    else {
      const at = this.#contentIn(seen.namedAt);
      if (at !== -1) this.#inside(at, Kind.result);
    }
  }

  /** Where the `content` of an object lies; -1: nowhere. */
  #contentIn(at: number): number {
    const walk = this.#walk;
    if (at === -1 || walk.bytes[at] !== BRACE) return -1;
    const back = walk.at;
    let found = -1;
    walk.at = at + 1;
    for (let name = walk.nextMember(PART); name !== -1; name = walk.nextMember(PART)) {
      if (name === Part.content) found = walk.at;
      walk.skip();
    }
    walk.at = back;
    return found;
  }

  /** A text was counted when it was passed; blocks are read now that it is known whose they are. */
  #body(seen: Seen, kind: number): void {
    if (seen.body.isThere) this.#blocks.addText(kind, seen.body);
    else this.#inside(seen.contentAt, kind);
  }

  #inside(at: number, kind: number): void {
    const walk = this.#walk;
    const back = walk.at;
    walk.at = at;
    this.#depth = 1;
    this.content(kind);
    this.#depth = 0;
    walk.at = back;
  }

  #json(seen: Seen, what: number, kind: number, start: number, end: number): void {
    const isOwn = what === Kind.call || what === Kind.thinking || what === Kind.image || what === Kind.document;
    const isPicture = seen.named === Part.inline && seen.type === 0 && this.#isPicture(seen.namedAt);
    const block = this.#blocks.addJson(
      isPicture ? Kind.image : isOwn || what === Kind.result ? what : kind,
      start,
      end,
    );
    if (what === Kind.call) this.#call(seen, block);
    block.sealed = what === Kind.thinking ? Math.max(seen.sealed, seen.named === 0 ? 0 : end - start) : 0;
    if (seen.mark === null) return;
    const cut = withComma(this.#walk.bytes, seen.markStart, seen.markEnd);
    block.cutStart = cut.start;
    block.cutEnd = cut.end;
  }

  /** What a call is made of stands beside its type, or one level below. */
  #call(seen: Seen, block: Block): void {
    const walk = this.#walk;
    if (seen.nameStart === -1 && seen.namedAt !== -1 && walk.bytes[seen.namedAt] === BRACE) {
      const back = walk.at;
      const { namedAt } = seen;
      walk.at = namedAt + 1;
      for (let name = walk.nextMember(PART); name !== -1; name = walk.nextMember(PART))
        if (name < Part.call) this.#member(seen, name);
        else walk.skip();
      walk.at = back;
    }
    seen.handCall(block);
  }

  #isPicture(at: number): boolean {
    const walk = this.#walk;
    if (walk.bytes[at] !== BRACE) return false;
    const back = walk.at;
    let isPicture = false;
    walk.at = at + 1;
    for (let name = walk.nextMember(MIME); name !== -1; name = walk.nextMember(MIME)) {
      const value = walk.at;
      walk.skip();
      if (name === 1) isPicture = walk.bytes.compare(PICTURE, 0, 6, value + 1, Math.min(value + 7, walk.end)) === 0;
    }
    walk.at = back;
    return isPicture;
  }
}
