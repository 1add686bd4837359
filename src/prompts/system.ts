import type { Piece } from '../pipeline/prompt.ts';
import type { OperatorComponents } from './components.ts';
import type { Hasher } from './hasher.ts';
import type { SystemBlock } from './history.ts';
import type { Raw } from './raw.ts';
import { fill, overlay, type Stretch } from './stretches.ts';
import { weighText } from './weigh.ts';
import { workspaceOf } from './workspace.ts';

type Draft = { -readonly [K in keyof Piece]: Piece[K] };

/** System prompts that are remembered, those used last; and the pieces that all of them may have. */
const MOST_PROMPTS = 500;
const MOST_KEPT = 50_000;
/** Pieces of a system prompt that are told apart; of what follows those of one name are one. */
const MOST_PIECES = 1000;

/** A system prompt taken apart. Marks are not in it: they wander while the text stays. */
interface Apart {
  readonly pieces: readonly Piece[];
  /** The last piece of each block; -1: it has none. */
  readonly lastOf: readonly number[];
}

/**
 * Takes system prompts apart, with some components or none. What comes of one is remembered, since the same text
 * comes with every request of a session; only a text that was not seen is decoded.
 */
export class SystemPrompts {
  readonly #components: OperatorComponents | null;
  readonly #known = new Map<string, Apart>();
  #kept = 0;

  constructor(components: OperatorComponents | null) {
    this.#components = components;
  }

  /** @param key `Hasher.key` of the blocks */
  pieces(raw: Raw, blocks: readonly SystemBlock[], key: string, hasher: Hasher): readonly Piece[] {
    const known = this.#known.get(key);
    const apart =
      known ??
      this.#takeApart(
        blocks.map((block) => textOf(raw.bytes, block)),
        hasher,
      );
    if (known) this.#known.delete(key);
    else this.#kept += apart.pieces.length + 1;
    this.#known.set(key, apart);
    this.#forget();
    return withMarks(apart, blocks);
  }

  #forget(): void {
    for (const [key, { pieces }] of this.#known) {
      if (this.#known.size <= MOST_PROMPTS && this.#kept <= MOST_KEPT) return;
      this.#known.delete(key);
      this.#kept -= pieces.length + 1;
    }
  }

  #takeApart(texts: readonly string[], hasher: Hasher): Apart {
    const text = texts.join('\n');
    const begins = beginsOf(texts);
    const own = this.#components?.find(text) ?? [];
    const stretches = fill(overlay(own, workspaceOf(text)), text.length, 'system', begins.slice(1));
    const pieces: Draft[] = [];
    const rest = new Map<string, Draft>();
    const lastOf = texts.map(() => -1);
    let block = 0;
    for (const stretch of stretches) {
      while (block + 1 < begins.length && begins[block + 1]! <= stretch.start) block++;
      const isJoined = block + 1 < begins.length && stretch.end === begins[block + 1];
      const piece = pieceOf(text, stretch, isJoined, hasher);
      if (pieces.length < MOST_PIECES) lastOf[block] = pieces.push(piece) - 1;
      else merge(rest, piece, hasher);
    }
    return { pieces: [...pieces, ...rest.values()], lastOf };
  }
}

function beginsOf(texts: readonly string[]): number[] {
  let at = 0;
  return texts.map(({ length }) => {
    const begin = at;
    at += length + 1;
    return begin;
  });
}

/** Its hash leaves out the line feed that joins its block to the next: that one may be new. */
function pieceOf(text: string, { start, end, kind, name }: Stretch, isJoined: boolean, hasher: Hasher): Draft {
  const own = text.slice(start, isJoined ? end - 1 : end);
  const chars = codePointsOf(own) + (isJoined ? 1 : 0);
  const continued = Math.max(0, Buffer.byteLength(own) - own.length);
  return {
    kind,
    name,
    hash: hasher.ofText(own),
    chars,
    weight: weighText(chars, continued, 0),
    message: -1,
    mark: null,
  };
}

function merge(rest: Map<string, Draft>, piece: Draft, hasher: Hasher): void {
  const key = `${piece.kind} ${piece.name}`;
  const known = rest.get(key);
  if (known === undefined) {
    rest.set(key, piece);
    return;
  }
  known.hash = hasher.fold([known.hash, piece.hash]);
  known.chars += piece.chars;
  known.weight += piece.weight;
}

function withMarks({ pieces, lastOf }: Apart, blocks: readonly SystemBlock[]): readonly Piece[] {
  if (blocks.every(({ mark }) => mark === null)) return pieces;
  const marked = [...pieces];
  let last = -1;
  for (const [n, { mark }] of blocks.entries()) {
    last = Math.max(last, lastOf[n]!);
    if (mark !== null && last !== -1) marked[last] = { ...pieces[last]!, mark };
  }
  return marked;
}

/** The text of a block; where it is not the string it should be, as it lies. */
function textOf(bytes: Buffer, { start, end, isText }: SystemBlock): string {
  const raw = bytes.toString('utf8', start, end);
  if (!isText || !raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}

/** Characters, half pairs among them. */
function codePointsOf(text: string): number {
  let pairs = 0;
  for (let at = 0; at + 1 < text.length; at++) {
    if ((text.charCodeAt(at) & 0xfc00) !== 0xd800 || (text.charCodeAt(at + 1) & 0xfc00) !== 0xdc00) continue;
    pairs++;
    at++;
  }
  return text.length - pairs;
}
