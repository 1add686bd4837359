/** The groups of a rule when it is looked at: what becomes of each, and which of them are kept. */
import type { Labels, Observation, Observed } from './ask.ts';
import { type Change, ownerOf } from './book.ts';
import { type GroupState, type Step, step } from './machine.ts';
import type { Rule } from './rule.ts';

/** Groups of one rule that are kept. */
export const MOST_GROUPS = 1000;
/** How long a group that is well and has no rows is kept, beyond the window of its rule. */
const KEPT_MS = 24 * 3_600_000;

export interface Stepped {
  readonly key: string;
  readonly before: GroupState | null;
  readonly step: Step;
}

type Groups = Readonly<Record<string, GroupState>>;

export function stepsOf(
  rule: Rule,
  groups: Groups,
  observed: Observed,
  { at, isAcknowledged }: { at: number; isAcknowledged: (key: string) => boolean },
): Stepped[] {
  const one = (key: string, seen: Observation | null, labels: Labels): Stepped => {
    const before = groups[key] ?? null;
    return { key, before, step: step(rule, before, seen, { at, acknowledged: isAcknowledged(key), labels }) };
  };
  const seen = [...observed.groups].map(([key, it]) => one(key, it, it.labels));
  // While nobody offered a figure, it had no subjects yet, and its rule stood for all of them.
  const isOver = (key: string): boolean => key === '' && rule.kind === 'figure' && seen.length > 0;
  const gone = Object.entries(groups).filter(([key]) => !observed.groups.has(key) && !isOver(key));
  // A rule without groups has a state, even where there never was anything.
  if (rule.groupBy === null && seen.length === 0 && gone.length === 0) return [one('', null, null)];
  return [...seen, ...gone.map(([key, { labels }]) => one(key, null, labels))];
}

export function changeOf(rule: Rule, { before, step: { after, telling } }: Stepped, at: number): Change {
  const isWarning = after.state === 'WARNING' && rule.warn !== null;
  return {
    at,
    alert: rule.name,
    labels: after.labels,
    ...ownerOf(rule, after.labels),
    metric: rule.metric,
    from: before?.state ?? 'OK',
    to: after.state,
    value: after.value,
    threshold: isWarning ? rule.warn.text : rule.critical.text,
    told: telling !== null,
  };
}

/** Whether it is bad, or somebody was told so and not yet that it is over. */
const isOpen = ({ state, known }: GroupState): boolean =>
  [state, known].some((one) => one === 'ALERT' || one === 'WARNING');

/** What is remembered: what is open first, then what was seen last. */
export function kept(rule: Rule, steps: readonly Stepped[], at: number): { groups: Groups; cut: boolean } {
  const isRecent = ({ seen, since }: GroupState): boolean => at - Math.max(seen, since) < KEPT_MS + rule.windowMs;
  const groups = steps
    .map(({ key, step: { after } }) => ({ key, after }))
    .filter(({ after }) => isOpen(after) || after.labels === null || isRecent(after))
    .sort((one, other) => Number(isOpen(other.after)) - Number(isOpen(one.after)) || other.after.seen - one.after.seen);
  const few = groups.slice(0, MOST_GROUPS);
  return { groups: Object.fromEntries(few.map(({ key, after }) => [key, after])), cut: groups.length > few.length };
}
