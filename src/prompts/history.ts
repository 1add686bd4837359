import type { Message, PastCall, Piece } from '../pipeline/prompt.ts';
import type { Block, Blocks, Mark } from './blocks.ts';
import { saysCompacted } from './compaction.ts';
import type { Hasher } from './hasher.ts';
import { labelAt } from './label.ts';
import type { Raw } from './raw.ts';
import { Kind, Role } from './vocabulary.ts';
import { weighBlock } from './weigh.ts';

type Draft = { -readonly [K in keyof Piece]: Piece[K] };

/** Messages that are told apart, and their pieces; what follows is put together by who speaks. */
const MOST_MESSAGES = 2000;
const MOST_PIECES = 6000;
/** Of calls, the newest are kept. */
const MOST_CALLS = 4000;

const ROLE_NAMES: readonly Message['role'][] = ['user', 'system', 'user', 'assistant', 'tool'];
const BY_ROLE: readonly string[] = ['user', 'system', 'user', 'assistant', 'tool_results'];
const BY_KIND: Readonly<Record<number, string>> = {
  [Kind.thinking]: 'thinking',
  [Kind.call]: 'assistant',
  [Kind.result]: 'tool_results',
  [Kind.image]: 'images',
  [Kind.document]: 'documents',
};
/** Bytes before a text that is hashed: a text and JSON that look alike are not. */
const TEXT_HASH = 1;
const JSON_HASH = 0;

/** A stretch of the system prompt, where it lies in the body. */
export interface SystemBlock {
  readonly start: number;
  readonly end: number;
  readonly isText: boolean;
  mark: Mark;
}

/** The messages of a prompt as they come in, one after the other. */
export class History {
  readonly messages: Message[] = [];
  readonly calls: PastCall[] = [];
  /** System messages before the first other one. */
  readonly system: SystemBlock[] = [];
  images = 0;
  isCompacted = false;

  readonly #raw: Raw;
  readonly #hasher: Hasher;
  readonly #pieces: Draft[] = [];
  /** Beyond what is told apart: what came since the model spoke last, and before. */
  readonly #restNew = new Map<string, Draft>();
  readonly #restOld = new Map<string, Draft>();
  #count = 0;
  #lastAssistant = -1;
  #newest: Draft | null = null;

  constructor(raw: Raw, hasher: Hasher) {
    this.#raw = raw;
    this.#hasher = hasher;
  }

  /** Takes in a message whose blocks were read; `role` is a number of `Role`. */
  close(role: number, blocks: Blocks): void {
    if (role === Role.system && this.#count === 0) {
      for (let n = 0; n < blocks.count; n++) {
        const { start, end, isText, mark } = blocks.get(n);
        this.system.push({ start, end, isText, mark });
      }
      return;
    }
    const message = Math.min(this.#count++, MOST_MESSAGES - 1);
    if (role === Role.assistant) this.#lastAssistant = this.#count - 1;
    const hashes = [role];
    for (let n = 0; n < blocks.count; n++) hashes.push(this.#piece(blocks.get(n), role, message));
    this.#message(message, { role: ROLE_NAMES[role]!, hash: this.#hasher.fold(hashes) });
    if (role === Role.assistant && this.#restNew.size > 0) this.#age();
  }

  /** A mark that stands behind what came last. */
  mark(mark: Mark): void {
    const system = this.system.at(-1);
    if (this.#newest !== null) this.#newest.mark = mark;
    else if (this.#count === 0 && system !== undefined) system.mark = mark;
  }

  /** All pieces, those of before and those that are new. */
  pieces(): readonly Piece[] {
    for (const piece of this.#pieces) piece.kind = this.#kindOf(piece.message);
    for (const piece of this.#restOld.values()) piece.kind = 'history';
    return [...this.#pieces, ...this.#restOld.values(), ...this.#restNew.values()];
  }

  #kindOf(message: number): Piece['kind'] {
    return message > this.#lastAssistant ? 'new' : 'history';
  }

  #message(at: number, message: Message): void {
    const before = this.messages[at];
    if (before === undefined) this.messages.push(message);
    else this.messages[at] = { role: message.role, hash: this.#hasher.fold([before.hash, message.hash]) };
  }

  /** Makes a piece of a block; gives its hash. */
  #piece(block: Block, role: number, message: number): number {
    const { bytes } = this.#raw;
    const { kind, isText, start, end, mark } = block;
    const hash = this.#hashOf(block, message);
    const chars = isText ? block.chars : this.#raw.chars(start, end);
    const name = BY_KIND[kind] ?? BY_ROLE[role]!;
    if (kind === Kind.image) this.images++;
    const isSpoken = isText && kind !== Kind.result && role !== Role.tool;
    if (isSpoken && !this.isCompacted) this.isCompacted = saysCompacted(bytes, start, end, this.#count === 1);
    this.#add({ kind: 'new', name, hash, chars, weight: weighBlock(block, bytes, chars), message, mark });
    return hash;
  }

  #hashOf(block: Block, message: number): number {
    const { bytes } = this.#raw;
    const { start, end, nameStart, nameEnd, askedStart, askedEnd } = block;
    if (block.isText) return this.#hasher.of(bytes, start, end, TEXT_HASH);
    if (block.kind !== Kind.call || nameStart === -1 || askedStart === -1)
      return this.#hasher.without(bytes, start, end, JSON_HASH, block.cutStart, block.cutEnd);
    const hash = this.#hasher.pair(bytes, nameStart, nameEnd, askedStart, askedEnd);
    if (this.calls.length === MOST_CALLS) this.calls.splice(0, MOST_CALLS / 2);
    this.calls.push({ name: labelAt(bytes, nameStart, nameEnd), hash, message });
    return hash;
  }

  #add(piece: Draft): void {
    if (this.#count <= MOST_MESSAGES && this.#pieces.length < MOST_PIECES) {
      this.#pieces.push(piece);
      this.#newest = piece;
      return;
    }
    this.#newest = this.#merge(this.#restNew, piece);
  }

  #merge(rest: Map<string, Draft>, piece: Draft): Draft {
    const known = rest.get(piece.name);
    if (known === undefined) {
      rest.set(piece.name, piece);
      return piece;
    }
    known.hash = this.#hasher.fold([known.hash, piece.hash]);
    known.chars += piece.chars;
    known.weight += piece.weight;
    known.mark = piece.mark;
    known.message = piece.message;
    return known;
  }

  /** The model spoke: what was new is history. */
  #age(): void {
    for (const piece of this.#restNew.values()) this.#merge(this.#restOld, piece);
    this.#restNew.clear();
    this.#newest = null;
  }
}
