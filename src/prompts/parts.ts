/** Pieces of one kind and name put together: the parts of a row. */
import type { CutPrompt, Piece, PromptPart } from '../pipeline/prompt.ts';
import { addFate, type Stretch, walk } from './fates.ts';

/** One reading of the prompt by a model. Most answers have one; several where several models worked on it. */
export interface Run {
  /** Of each piece. */
  readonly tokens: ArrayLike<number>;
  readonly stretches: readonly Stretch[];
  /** What one token of each stretch costs, in a unit that all runs share; null where that is unknown. */
  readonly prices: readonly bigint[] | null;
}

/** A part on its way: money as a whole number of the runs' unit, null where it is unknown. */
interface Sum {
  readonly part: PromptPart;
  readonly hashes: number[];
  cost: bigint | null;
}

/** More parts than anybody reads. */
const MOST = 256;
/** One for each kind takes in what does not fit. */
const KINDS = 8;
const REST = 'other';

/**
 * Sums pieces up by kind and name, in the order in which these come first. Of more than 256 parts, the largest are
 * kept and the rest of a kind is one part, named `other`.
 *
 * @param runs empty: nobody counted, and there are sizes only
 * @param money writes a whole number of the runs' unit as US dollars
 */
export function partsOf({ pieces }: CutPrompt, runs: readonly Run[], money: (units: bigint) => string): PromptPart[] {
  const nameOf = namesOf(pieces);
  const sums = new Map<string, Sum>();
  const sumOfPiece = pieces.map((piece) => {
    const name = nameOf(piece);
    const key = keyOf(piece.kind, name);
    const sum = sums.get(key) ?? emptySum(piece, name, runs);
    sums.set(key, sum);
    sum.hashes.push(piece.hash);
    sum.part.pieces++;
    sum.part.chars += piece.chars;
    return sum;
  });
  for (const run of runs) addRun(sumOfPiece, run);
  for (const { part, hashes, cost } of sums.values()) {
    part.hash = hashOf(hashes);
    part.cost_usd = cost === null ? null : money(cost);
  }
  return [...sums.values()].map(({ part }) => part);
}

function emptySum({ kind }: Piece, name: string, runs: readonly Run[]): Sum {
  const isCounted = runs.length > 0;
  const isPriced = isCounted && runs.every(({ prices }) => prices !== null);
  const fate = { read: 0, write: 0, write_1h: 0, uncached: 0 };
  const part = { kind, name, hash: '', pieces: 0, chars: 0, tokens: isCounted ? 0 : null, cost_usd: null, ...fate };
  return { part, hashes: [], cost: isPriced ? 0n : null };
}

function addRun(sumOfPiece: readonly Sum[], { tokens, stretches, prices }: Run): void {
  const lies = walk(tokens, stretches);
  for (const [at, sum] of sumOfPiece.entries()) {
    for (const [index, stretch] of stretches.entries()) {
      const count = lies[at]![index]!;
      if (count === 0) continue;
      sum.part.tokens = (sum.part.tokens ?? 0) + count;
      addFate(sum.part, stretch, count);
      if (sum.cost !== null && prices !== null) sum.cost += prices[index]! * BigInt(count);
    }
  }
}

/** Tells the name under which a piece is summed up: its own, or that of the rest. */
function namesOf(pieces: readonly Piece[]): (piece: Piece) => string {
  // Most prompts have fewer pieces than that.
  if (pieces.length <= MOST) return ({ name }) => name;
  const weights = new Map<string, number>();
  for (const { kind, name, weight } of pieces) {
    const key = keyOf(kind, name);
    weights.set(key, (weights.get(key) ?? 0) + weight);
  }
  if (weights.size <= MOST) return ({ name }) => name;
  const largest = [...weights].sort(([, one], [, other]) => other - one).slice(0, MOST - KINDS);
  const kept = new Set(largest.map(([key]) => key));
  return ({ kind, name }) => (kept.has(keyOf(kind, name)) ? name : REST);
}

/** Kinds have no space in them, so no two parts have one key. */
const keyOf = (kind: string, name: string): string => `${kind} ${name}`;

/** 12 hex digits: of one piece its own hash, of several a mixture of theirs in their order. */
function hashOf(hashes: readonly number[]): string {
  return (hashes.length === 1 ? hashes[0]! : mixed(hashes)).toString(16).padStart(12, '0');
}

/** 48 bits. The hashes are salted, so it need not be hard to find two lists with one mixture. */
function mixed(hashes: readonly number[]): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (const hash of hashes) {
    const [upper, lower] = [Math.floor(hash / 2 ** 24), hash % 2 ** 24];
    high = Math.imul(high ^ upper, 2654435761) ^ Math.imul(low, 1597334677);
    low = Math.imul(low ^ lower, 1597334677) ^ Math.imul(high ^ (high >>> 15), 2246822507);
  }
  return ((high ^ (high >>> 13)) >>> 8) * 2 ** 24 + ((low ^ (low >>> 16)) >>> 8);
}
