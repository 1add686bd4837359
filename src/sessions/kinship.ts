/** How a list that goes on from no known one is still akin to a line. */
import { commonStart, isWindow, overlapOf } from './compare.ts';
import { isAssistant, isUser, type Line, openingOf, sameRole } from './line.ts';

/**
 * - `rewritten`: the same conversation, its history shortened, pruned, cut off in front or changed in places
 * - `again`: the last turn of the user's, edited or asked once more
 * - `fork`: begins like it, and goes another way
 */
export interface Kinship {
  readonly kind: 'rewritten' | 'again' | 'fork';
  /** Messages of both, in the same order. */
  readonly common: number;
}

/** What a list must have of an old one at least, to be the same in spite of its newest message being gone. */
const MOST_CHANGED = 0.5;
const LEAST_ALIKE = 4;

/** @returns null where they are no kin: what they share, others may share too */
export function kinshipOf(line: Line, list: Float64Array): Kinship | null {
  const old = line.marks;
  const shared = commonStart(old, list);
  const isBeginning = openingOf(old) < shared;
  const from = isBeginning ? shared : 0;
  const kept = shared < list.length ? keptOf(line, list, from) : 0;
  if (kept > 0) return { kind: 'rewritten', common: from + kept };
  if (!isBeginning) return null;
  // Many calls may begin with the same examples: who was never seen within what is shared did not grow from there.
  const grew = line.firstSeen <= shared;
  if (shared < lastOfUser(old)) return grew ? { kind: 'fork', common: shared } : null;
  // What was asked was changed, and answered since; an answer that was changed is another answer.
  if (isAssistant(list[shared]) || !hasAnswer(list, shared)) return grew ? { kind: 'again', common: shared } : null;
  return grew || list.length <= old.length + 2 ? { kind: 'rewritten', common: shared } : null;
}

/** How many messages behind `from` are left of the old list, in its order; 0 where they do not make it the same one. */
function keptOf(line: Line, list: Float64Array, from: number): number {
  const old = line.marks;
  const { count, newestAt } = overlapOf(old, list, from);
  const newest = old.at(-1);
  if (count === 0) return 0;
  if (newestAt !== -1 && from < old.length) {
    // An answer follows what was asked last, or it is asked once more after it had failed.
    const wentOn = isAssistant(list[newestAt + 1]);
    const askedAgain =
      newestAt === list.length - 1 && (failed(line) || (count >= 2 && list[newestAt - 1] === old.at(-2)));
    if (wentOn && isWindow(old, list, newestAt)) return count;
    // One message of the user's may be the same by chance: `continue`.
    const isSure = count >= 2 || (from > 0 && (list.length < old.length || !isUser(newest)));
    if ((wentOn || askedAgain) && isSure) return count;
  }
  const least = Math.min(list.length, old.length) - from;
  return line.steps > 0 && count >= LEAST_ALIKE && count >= least * MOST_CHANGED ? count : 0;
}

const failed = ({ tips }: Line): boolean => {
  const tip = tips.at(-1);
  return tip !== undefined && !tip.answered && tip.open === 0;
};

const lastOfUser = (marks: Float64Array): number => marks.findLastIndex(isUser);

const hasAnswer = (marks: Float64Array, from: number): boolean => marks.subarray(from).some(isAssistant);

/**
 * Whether a list looks like the next one of a line though it shares nothing with it: who speaks, in what order, is as
 * it was, and one answer with what came back to it is new.
 */
export function looksNext({ marks: old }: Line, list: Float64Array): boolean {
  if (list.length <= old.length + 1 || !isAssistant(list[old.length])) return false;
  for (let at = 0; at < old.length; at++) if (!sameRole(old[at], list[at])) return false;
  for (let at = old.length + 1; at < list.length; at++) if (isAssistant(list[at])) return false;
  return true;
}
