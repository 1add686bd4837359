/**
 * What becomes of one group of a rule when it is looked at: its state, and what is told of it. Pure: the same
 * state and the same value give the same, whoever asks.
 */
import { parseDecimal } from '../../src/plugin.ts';
import type { Labels, Observation } from './ask.ts';
import { passes, type Rule } from './rule.ts';

export type State = 'OK' | 'WARNING' | 'ALERT' | 'NO_DATA';

/** How grave a state is. To have no data is worse than to be well, and no reason to be told that all is well. */
const RANK: Readonly<Record<State, number>> = { OK: 0, NO_DATA: 1, WARNING: 2, ALERT: 3 };

/** A group as it is kept. Times are epoch milliseconds. */
export interface GroupState {
  readonly labels: Labels;
  readonly state: State;
  readonly since: number;
  /** When it was last seen with data; 0: never. */
  readonly seen: number;
  readonly value: string | null;
  readonly rows: number;
  /** Since when it would be in a state that it is not in yet. */
  readonly pending: Readonly<Partial<Record<State, number>>>;
  /** What was told of it last, and when: a new group is taken for well. */
  readonly known: State;
  readonly told: number;
  /** When each state was told last. */
  readonly toldAt: Readonly<Partial<Record<State, number>>>;
  readonly reminded: number;
}

export type Telling = 'triggered' | 'resolved' | 'no_data' | 'reminder';

export interface Step {
  readonly after: GroupState;
  /** It was in another state before. */
  readonly changed: boolean;
  /** Null: nobody is told. */
  readonly telling: Telling | null;
}

/** @param observation null: there was nothing to look at */
export function step(
  rule: Rule,
  before: GroupState | null,
  observation: Observation | null,
  { at, acknowledged, labels }: { at: number; acknowledged: boolean; labels: Labels },
): Step {
  const old = before ?? newborn(labels, at);
  const seen = observation?.value != null;
  const wished = wishOf(rule, old, observation);
  const pending = pendingOf(old, wished, at);
  const state = nextOf(old.state, wished, pending, { at, forMs: rule.forMs });
  const changed = state !== old.state;
  const after: GroupState = {
    ...old,
    labels: observation?.labels ?? old.labels,
    state,
    since: changed ? at : old.since,
    seen: seen ? at : old.seen,
    value: observation?.value ?? null,
    rows: observation?.rows ?? 0,
    pending: Object.fromEntries(Object.entries(pending).filter(([name]) => name !== state)),
  };
  const telling = tellingOf(rule, after, { at, acknowledged });
  return { after: telling === null ? after : told(after, telling, at), changed, telling };
}

/** Births within one minute are the same birth, so that two processes tell the same. */
const newborn = (labels: Labels, at: number): GroupState => ({
  labels,
  state: 'OK',
  since: at,
  seen: 0,
  value: null,
  rows: 0,
  pending: {},
  known: 'OK',
  told: Math.floor(at / 60_000) * 60_000,
  toldAt: {},
  reminded: 0,
});

/** The state that the value asks for. */
function wishOf(rule: Rule, { state }: GroupState, observation: Observation | null): State {
  const value = observation?.value ?? null;
  if (value === null) {
    if (rule.noData === 'keep') return state;
    return rule.noData === 'ok' ? 'OK' : rule.noData === 'alert' ? 'ALERT' : 'NO_DATA';
  }
  const number = parseDecimal(value);
  if (passes(number, rule.critical, rule.direction)) return 'ALERT';
  return rule.warn !== null && passes(number, rule.warn, rule.direction) ? 'WARNING' : 'OK';
}

/** Since when each state is asked for without a break: what is critical is a warning all the more. */
function pendingOf({ pending }: GroupState, wished: State, at: number): Partial<Record<State, number>> {
  const asked: readonly State[] = wished === 'ALERT' ? ['WARNING', 'ALERT'] : wished === 'OK' ? [] : [wished];
  return Object.fromEntries(asked.map((name) => [name, pending[name] ?? at]));
}

/** It gets better at once, and worse when that was so for long enough. */
function nextOf(
  state: State,
  wished: State,
  pending: Partial<Record<State, number>>,
  { at, forMs }: { at: number; forMs: number },
): State {
  if (RANK[wished] <= RANK[state] && wished !== 'NO_DATA') return wished;
  const held = (['ALERT', 'WARNING', 'NO_DATA'] as const).find((name) => {
    const since = pending[name];
    return since !== undefined && at - since >= forMs;
  });
  if (held === undefined) return state === 'NO_DATA' && wished !== 'NO_DATA' ? 'OK' : state;
  return held;
}

function tellingOf(
  rule: Rule,
  { labels, state, seen, known, told, toldAt, reminded }: GroupState,
  { at, acknowledged }: { at: number; acknowledged: boolean },
): Telling | null {
  if (state === known) {
    const isBad = state === 'ALERT' || state === 'WARNING';
    const isDue = rule.renotifyMs !== null && at - Math.max(told, reminded) >= rule.renotifyMs;
    return isBad && isDue && !acknowledged ? 'reminder' : null;
  }
  if (state === 'OK') return 'resolved';
  const isWorse = RANK[state] > RANK[known];
  const isRecent = toldAt[state] !== undefined && at - toldAt[state] < rule.cooldownMs;
  if (isWorse && isRecent) return null;
  if (state !== 'NO_DATA') return 'triggered';
  // Agents and sessions come and go. Of a rule as a whole, and of what was bad, it is news that nothing comes any more.
  return (labels === null && seen > 0) || known !== 'OK' ? 'no_data' : null;
}

function told(group: GroupState, telling: Telling, at: number): GroupState {
  if (telling === 'reminder') return { ...group, reminded: at };
  return { ...group, known: group.state, told: at, reminded: at, toldAt: { ...group.toldAt, [group.state]: at } };
}
