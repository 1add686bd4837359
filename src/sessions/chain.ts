import type { CutPrompt, TurnRelation } from '../pipeline/prompt.ts';
import { beginsSession } from './boundary.ts';
import { type Kinship, kinshipOf, looksNext } from './kinship.ts';
import { likeliest } from './likeliest.ts';
import { charsOf, type Line, marksOf, openingOf, type SessionName, type Tip } from './line.ts';
import type { Lines } from './lines.ts';
import { mix } from './mix.ts';

export type Confidence = SessionName['confidence'];

/** A request's prompt, ready to be looked for. */
export interface Asked {
  readonly scope: number;
  /** An id says which session it is: what is found is within it, and what is not found belongs to it too. */
  readonly isNamed: boolean;
  readonly cut: CutPrompt;
  readonly marks: Float64Array;
  /** Hashes of its beginnings: of one message, of two, ... of all. */
  readonly chain: Float64Array;
  readonly opening: number;
  readonly chars: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The line that a request belongs to, or forks from. */
export interface Found {
  readonly line: Line;
  /** The request it goes on from, or repeats. */
  readonly tip: Tip | null;
  readonly relation: Extract<TurnRelation, 'next' | 'retry' | 'branch' | 'compacted' | 'joined'>;
  readonly confidence: Confidence;
  /** It begins a line of its own. */
  readonly forks: boolean;
}

/** A list of more messages is not looked for: its hashes would push out those of all others. */
const LONGEST = 10_000;
/** Messages of a list by which lines are looked for that it is akin to, at its beginning and at its end. */
const FIRST = 32;
const LAST = 224;
const MOST_KIN = 16;
const DAY_MS = 24 * 3_600_000;

/**
 * @param seed what the hashes begin with, unless it is the scope
 * @returns null where there is nothing to look for
 */
export function askedOf(
  cut: CutPrompt,
  { scope, isNamed, now, seed = scope }: { scope: number; isNamed: boolean; now: number; seed?: number },
): Asked | null {
  const { messages } = cut;
  if (messages.length === 0 || messages.length > LONGEST) return null;
  const marks = marksOf(cut);
  const chain = new Float64Array(marks.length);
  let hash = seed;
  for (let at = 0; at < marks.length; at++) chain[at] = hash = mix(hash, marks[at]!);
  return { scope, isNamed, cut, marks, chain, opening: openingOf(marks), chars: charsOf(cut), now };
}

/**
 * Looks for the line that a request goes on from; changes nothing. First words alone prove less than a beginning with
 * an answer in it: many conversations may begin with `Hello`.
 */
export function find(lines: Lines, asked: Asked): Found | null {
  const { chain, opening } = asked;
  return (
    repeated(lines, asked) ??
    continued(lines, asked, { from: chain.length - 1, to: opening + 1 }) ??
    akin(lines, asked) ??
    continued(lines, asked, { from: Math.min(opening, chain.length - 1), to: 1 }) ??
    guessed(lines, asked)
  );
}

/** The same list once more. Of a first turn only where the one before came to nothing: many begin with `Hello`. */
function repeated(lines: Lines, asked: Asked): Found | null {
  const { chain, opening, isNamed, cut } = asked;
  const alike = lines.tipsAt(chain[chain.length - 1]!);
  if (!alike) return null;
  const isFirst = opening === chain.length && !isNamed;
  const tip = alike.findLast((one) => !isFirst || (!one.answered && one.systemHash === cut.systemHash));
  if (!tip) return null;
  const base = { line: tip.line, tip, forks: wentAway(tip) };
  if (base.forks) return { ...base, relation: 'branch', confidence: 'high' };
  // Of a prompt that is not whole only the beginning is known: what is alike may have gone on.
  if (!cut.isWhole && tip.answered) return { ...base, relation: 'next', confidence: 'medium' };
  return { ...base, relation: 'retry', confidence: isFirst ? 'medium' : 'high' };
}

/** Whether the line went another way from before it, and on from there: then who comes back to it is another one. */
const wentAway = (tip: Tip): boolean => tip.line.tips.at(-1) !== tip && tip.line.steps > tip.leftAt;

/** The messages of an earlier request and more: of the longest within these lengths. */
function continued(lines: Lines, asked: Asked, { from, to }: { from: number; to: number }): Found | null {
  const { chain, opening } = asked;
  for (let length = from; length >= to; length--) {
    const tips = lines.tipsAt(chain[length - 1]!);
    if (!tips) continue;
    const { tip, isSure } = likeliest(tips, asked, length);
    const { line } = tip;
    const forks = wentAway(tip);
    const confidence = length > opening || tips.length === 1 ? 'high' : isSure ? 'medium' : 'low';
    return { line, tip, relation: forks ? 'branch' : 'next', confidence, forks };
  }
  return null;
}

/** What shares messages with a line though it goes on from none of its lists. */
function akin(lines: Lines, asked: Asked): Found | null {
  if (asked.opening === asked.marks.length) return null;
  let best: { line: Line; kin: Kinship } | null = null;
  for (const line of candidates(lines, asked)) {
    const kin = kinshipOf(line, asked.marks);
    if (kin && (best === null || isNearer(kin, best.kin))) best = { line, kin };
  }
  if (best === null) return null;
  const { line, kin } = best;
  const base = { line, tip: null, confidence: 'medium' } as const;
  if (kin.kind === 'rewritten' || asked.cut.isCompacted)
    return { ...base, relation: shrank(line, asked) ? 'compacted' : 'next', forks: false };
  return { ...base, relation: 'branch', confidence: 'high', forks: kin.kind === 'fork' };
}

/** Who has more in common; of two, who is no fork; of two again, who was used last. */
const isNearer = (one: Kinship, other: Kinship): boolean =>
  one.common === other.common ? one.kind !== 'fork' && other.kind === 'fork' : one.common > other.common;

const shrank = (line: Line, { cut, marks, chars }: Asked): boolean =>
  cut.isCompacted || marks.length < line.marks.length || (line.chars !== null && chars < line.chars);

/** Lines that have messages of the list, those that were used last first. */
function candidates(lines: Lines, { scope, marks }: Asked): Line[] {
  const found = new Set<Line>();
  for (let at = 0; at < marks.length; at++) {
    if (at === FIRST && marks.length - at > LAST) at = marks.length - LAST;
    for (const line of lines.sharing(scope, marks[at]!) ?? []) found.add(line);
  }
  return [...found].sort((one, other) => other.usedAt - one.usedAt).slice(0, MOST_KIN);
}

/** A history that says itself that it was shortened, or that looks like the next one of the line that was used last. */
function guessed(lines: Lines, asked: Asked): Found | null {
  const { scope, cut, marks, chars, now } = asked;
  const base = { tip: null, confidence: 'low', forks: false } as const;
  if (cut.isCompacted) {
    const longer = lines.ofScope(scope, now - DAY_MS).filter((line) => line.marks.length > marks.length);
    const line = longer.find(({ systemHash }) => systemHash === cut.systemHash) ?? longer[0];
    if (line) return { ...base, line, relation: 'compacted' };
  }
  const line = lines.newestOf(scope);
  if (line === null || line.usedAt < now - DAY_MS || line.tips.at(-1)?.answered !== true) return null;
  if (!looksNext(line, marks) || beginsSession(line.chars, chars)) return null;
  return { ...base, line, relation: 'joined' };
}
