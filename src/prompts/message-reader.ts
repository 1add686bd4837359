import type { JsonWalk } from '../bytes/json-walk.ts';
import { BlockReader } from './block-reader.ts';
import { Blocks, type Mark } from './blocks.ts';
import { readMark, withComma } from './cache-mark.ts';
import type { History } from './history.ts';
import { Kind, ROLES, Role, SAID, Said } from './vocabulary.ts';

const QUOTE = 34;
const BRACKET = 91;
const BRACE = 123;

/** Members of a message that hold blocks: where theirs are, so that the last of a name can take the place of those before. */
interface Held {
  keyStart: number;
  keyEnd: number;
  from: number;
  to: number;
}

/** Reads messages, and items of a history, of all APIs. */
export class MessageReader {
  /** Not all of the history is in the body. */
  isElsewhere = false;

  readonly #walk: JsonWalk;
  readonly #history: History;
  readonly #blocks = new Blocks();
  readonly #reader: BlockReader;
  #held: Held[] = [];
  #role: number = Role.none;
  #kind: number = Kind.other;
  #mark: Mark = null;
  #markStart = 0;
  #markEnd = 0;
  #nameStart = -1;
  #nameEnd = -1;
  #askedStart = -1;
  #askedEnd = -1;

  constructor(walk: JsonWalk, history: History) {
    this.#walk = walk;
    this.#history = history;
    this.#reader = new BlockReader(walk, this.#blocks);
  }

  get toolResults(): number {
    return this.#reader.results;
  }

  get isCompacted(): boolean {
    return this.#reader.isCompacted || this.#history.isCompacted;
  }

  /** Reads the next value: messages, one of them, or a text, which is a user's. */
  read(): void {
    const walk = this.#walk;
    const first = walk.peek();
    if (first === BRACE) this.#message();
    else if (first === QUOTE) this.plain();
    else if (first !== BRACKET) walk.skip();
    else this.#list();
  }

  #list(): void {
    const walk = this.#walk;
    walk.at++;
    while (walk.nextElement()) {
      const first = walk.peek();
      if (first === BRACE) this.#message();
      else if (first === QUOTE) this.plain();
      else walk.skip();
    }
  }

  /** Reads the next value as all that one user says. */
  plain(): void {
    this.#blocks.clear();
    this.#reader.content(Kind.text);
    if (this.#blocks.count > 0) this.#history.close(Role.user, this.#blocks);
  }

  #message(): void {
    const walk = this.#walk;
    const blocks = this.#blocks;
    const start = walk.at++;
    blocks.clear();
    this.#held = [];
    this.#role = this.#kind = 0;
    this.#mark = null;
    this.#nameStart = this.#askedStart = -1;
    for (let name = walk.nextMember(SAID); name !== -1; name = walk.nextMember(SAID)) this.#member(name);
    this.#finish(start, walk.at);
  }

  #member(name: number): void {
    const walk = this.#walk;
    const { keyStart } = walk;
    const keyEnd = walk.textEnd;
    const first = walk.peek();
    const at = walk.at;
    if (name === Said.role && first === QUOTE) this.#role = walk.word(ROLES);
    else if (name === Said.type && first === QUOTE) this.#kind = this.#reader.type();
    else if (name === Said.mark) {
      this.#mark = readMark(walk);
      this.#markStart = keyStart;
      this.#markEnd = walk.at;
    } else if (name === Said.content || (name >= Said.calls && name <= Said.images)) {
      const from = this.#blocks.count;
      this.#hold(name, first);
      this.#replace(keyStart, keyEnd, from);
    } else {
      walk.skip();
      if (name === Said.name && first === QUOTE) {
        this.#nameStart = at + 1;
        this.#nameEnd = walk.at - 1;
      } else if (name === Said.asked) {
        this.#askedStart = at;
        this.#askedEnd = walk.at;
      }
    }
  }

  #hold(name: number, first: number): void {
    if (name === Said.calls || name === Said.call) this.#reader.content(Kind.call);
    else if (name === Said.thinking) this.#reader.content(Kind.thinking);
    else if (name === Said.images) this.#images(first);
    else this.#reader.content(Kind.text);
  }

  /** Ollama's: a list of base64. */
  #images(first: number): void {
    const walk = this.#walk;
    if (first !== BRACKET) {
      walk.skip();
      return;
    }
    walk.at++;
    while (walk.nextElement()) {
      const at = walk.at;
      walk.skip();
      if (!this.#blocks.isFull) this.#blocks.addJson(Kind.image, at, walk.at);
    }
  }

  /** Where a member comes twice, the last counts. */
  #replace(keyStart: number, keyEnd: number, from: number): void {
    const { bytes } = this.#walk;
    const held = this.#held.find(
      (one) =>
        one.keyEnd - one.keyStart === keyEnd - keyStart &&
        bytes.compare(bytes, one.keyStart, one.keyEnd, keyStart, keyEnd) === 0,
    );
    if (held === undefined) {
      this.#held.push({ keyStart, keyEnd, from, to: this.#blocks.count });
      return;
    }
    const removed = held.to - held.from;
    this.#blocks.remove(held.from, held.to);
    for (const one of this.#held) {
      if (one.from < held.to) continue;
      one.from -= removed;
      one.to -= removed;
    }
    held.from = from - removed;
    held.to = this.#blocks.count;
  }

  #finish(start: number, end: number): void {
    const blocks = this.#blocks;
    const history = this.#history;
    const kind = this.#kind;
    const isItem = this.#role === Role.none && kind !== Kind.other && kind !== Kind.message;
    if (isItem && kind === Kind.elsewhere) {
      this.isElsewhere = true;
      return;
    }
    if (isItem && kind !== Kind.result && kind !== Kind.text) blocks.clear();
    const isEmpty = blocks.count === 0 && (isItem || this.#held.length === 0);
    if (isEmpty) this.#whole(start, end);
    if (this.#mark !== null) blocks.mark(this.#mark, 0);
    const stray = this.#reader.takeStray();
    if (stray !== null) history.mark(stray);
    const role = this.#role === Role.none ? roleOf(kind) : this.#role;
    if (role === Role.tool) this.#reader.results++;
    if (kind === Kind.compaction) this.#reader.isCompacted = true;
    history.close(role, blocks);
  }

  /** An item that is all JSON: a call, a thought. */
  #whole(start: number, end: number): void {
    const block = this.#blocks.addJson(this.#kind, start, end);
    if (this.#kind === Kind.thinking) block.sealed = end - start;
    if (this.#kind === Kind.call) {
      block.nameStart = this.#nameStart;
      block.nameEnd = this.#nameEnd;
      block.askedStart = this.#askedStart;
      block.askedEnd = this.#askedEnd;
    }
    if (this.#mark === null) return;
    const cut = withComma(this.#walk.bytes, this.#markStart, this.#markEnd);
    block.cutStart = cut.start;
    block.cutEnd = cut.end;
  }
}

/** Whose an item is that names nobody. */
function roleOf(kind: number): number {
  if (kind === Kind.result) return Role.tool;
  const isModels = kind === Kind.call || kind === Kind.thinking || kind === Kind.compaction;
  return isModels ? Role.assistant : Role.user;
}
