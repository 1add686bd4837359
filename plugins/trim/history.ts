/** Conversations made shorter: whole units of the oldest, old tool calls with their results, long results of tools. */
import { charsOf } from '../shared/json-slices.ts';
import type { Item, Speech } from './item.ts';

export interface HistoryRules {
  /** So many of the newest units stay, at most. */
  readonly maxPairs: number;
  /** So many of the newest messages stay as they are. */
  readonly keepLast: number;
  readonly keepSystem: boolean;
  /** Characters of a tool's result in older units; null: any. */
  readonly resultChars: number | null;
  /** In units older than so many newest ones, tool calls go; null: they stay. */
  readonly callsAfter: number | null;
  /** Characters of the list as JSON, as far as dropping whole units leads there; null: any. */
  readonly maxChars: number | null;
}

/** Neighbours that go together: the first group is what stands before the first unit, each other one is a unit. */
interface Group {
  readonly items: readonly Item[];
  /** Place of its first item, and the one behind its last. */
  readonly from: number;
  readonly to: number;
}

/** What is left of an item. */
interface Kept {
  readonly raw: Buffer;
  /** It outlives its unit. */
  readonly lasts: boolean;
}

/**
 * The elements of a conversation made shorter; null where it has no units that could go. The newest unit is never touched, and a tool's call and
 * its result go together or not at all.
 */
export function shorten(speech: Speech, items: readonly Item[], rules: HistoryRules): Buffer[] | null {
  const groups = groupsOf(items);
  const safe = firstSafe(items, rules.keepLast);
  const newest = groups.length - 1;
  if (newest < 2) return null;
  // Units go from the oldest on; what stands before the first goes with it.
  const mayGo = (n: number): boolean => n < newest && groups[n]!.to <= safe;
  let gone = 0;
  while (newest - gone > rules.maxPairs && mayGo(gone + 1)) gone++;
  const lastTurn = thinkingTurn(groups);
  const kept = groups.map((group, n) => {
    const isOpen = n > gone && n < newest;
    const strips = rules.callsAfter !== null && newest - n >= rules.callsAfter && group.to <= safe && n !== lastTurn;
    return isOpen
      ? eased(speech, group, { rules, safe, strips })
      : group.items.map((item) => asItWas(speech, item, rules));
  });
  if (rules.maxChars !== null) {
    const sizes = kept.map((list) => [sizeOf(list), sizeOf(list.filter(({ lasts }) => lasts))] as const);
    let total = sizes.reduce((sum, [all, lasting], n) => sum + (isGone(n, gone) ? lasting : all), 1);
    while (total > rules.maxChars && mayGo(gone + 1)) {
      gone++;
      for (const n of gone === 1 ? [0, 1] : [gone]) total += sizes[n]![1] - sizes[n]![0];
    }
  }
  const left = kept.flatMap((list, n) => (isGone(n, gone) ? list.filter(({ lasts }) => lasts) : list));
  return left.map(({ raw }) => raw);
}

const isGone = (n: number, gone: number): boolean => gone > 0 && n <= gone;

/** Characters of these in a list, with their commas. */
const sizeOf = (list: readonly Kept[]): number => list.reduce((sum, { raw }) => sum + charsOf(raw) + 1, 0);

const asItWas = (speech: Speech, { raw, side }: Item, { keepSystem }: HistoryRules): Kept => ({
  raw,
  lasts: side === 'fixed' || (side === 'system' && keepSystem && !speech.bindsSystem),
});

/** Cuts where a person speaks, but not between a call and its result. */
function groupsOf(items: readonly Item[]): Group[] {
  const reach = reachesOf(items);
  const groups: Group[] = [];
  let from = 0;
  let bound = -1;
  for (const [at, item] of items.entries()) {
    if (item.side === 'user' && at > bound) {
      groups.push({ items: items.slice(from, at), from, to: at });
      from = at;
    }
    bound = Math.max(bound, reach.get(at) ?? -1);
  }
  groups.push({ items: items.slice(from), from, to: items.length });
  return groups;
}

/** By place of a call: the place of its result. Ids may come again in later turns, so the nearest call is meant. */
function reachesOf(items: readonly Item[]): Map<number, number> {
  const open = new Map<string, number[]>();
  const reach = new Map<number, number>();
  for (const [at, { calls, results }] of items.entries()) {
    for (const id of results) {
      const call = open.get(id)?.pop();
      if (call !== undefined) reach.set(call, at);
    }
    for (const id of calls) open.set(id, [...(open.get(id) ?? []), at]);
  }
  return reach;
}

/** Place of the first message that is to stay as it is; instructions do not count. */
function firstSafe(items: readonly Item[], keepLast: number): number {
  let left = keepLast;
  for (let at = items.length; at > 0; at--) {
    if (left === 0) return at;
    const { side } = items[at - 1]!;
    if (side !== 'system' && side !== 'fixed') left--;
  }
  return 0;
}

/** The unit of the model's last turn, if it has thinking in it that the provider checks; -1: there is none. */
function thinkingTurn(groups: readonly Group[]): number {
  const last = groups.findLastIndex(({ items }) => items.some(({ side }) => side === 'assistant'));
  return last !== -1 && groups[last]!.items.some(({ thinks }) => thinks) ? last : -1;
}

/** An older unit without its tool calls, or with short results. */
function eased(
  speech: Speech,
  { items, from }: Group,
  { rules, safe, strips }: { rules: HistoryRules; safe: number; strips: boolean },
): Kept[] {
  const whole = items.map((item) => asItWas(speech, item, rules));
  if (items.some(({ opaque }) => opaque)) return whole;
  if (strips && items.some(({ calls, results }) => calls.length + results.length > 0)) {
    return stripped(speech, items, whole);
  }
  const { resultChars } = rules;
  if (resultChars === null) return whole;
  return items.map((item, n) => {
    const raw = item.results.length > 0 && from + n < safe ? speech.shorten(item, resultChars) : null;
    return raw === null ? whole[n]! : { raw, lasts: false };
  });
}

/** Takes calls and results out, so that the two sides still take turns. */
function stripped(speech: Speech, items: readonly Item[], whole: readonly Kept[]): Kept[] {
  const kept: Kept[] = [];
  let last = { side: '', at: -1 };
  let isGap = false;
  let isLost = false;
  const fill = (): void => {
    if (isLost && last.side === 'user' && speech.filler) kept.push({ raw: speech.filler, lasts: false });
  };
  for (const [n, rest] of speech.strip(items).entries()) {
    const { side } = items[n]!;
    if (rest === null) {
      isGap = true;
      isLost ||= side === 'assistant';
      continue;
    }
    const speaker = side === 'result' ? 'user' : side;
    const one = rest === whole[n]!.raw ? whole[n]! : { raw: rest, lasts: false };
    if (speaker === 'user') fill();
    const joined = isGap && speaker === last.side ? speech.join?.(kept[last.at]!.raw, rest) : undefined;
    if (joined && speaker === 'assistant') kept[last.at] = { raw: joined, lasts: false };
    else kept.push(one);
    if (speaker === 'user' || speaker === 'assistant') {
      last = { side: speaker, at: joined && speaker === 'assistant' ? last.at : kept.length - 1 };
      isGap = false;
      isLost = false;
    }
  }
  fill();
  return kept;
}
