/** How good a session still is, as one number that a list can be sorted by. */
import type { SessionEntry, TurnsTogether } from '../store/queries/session-shapes.ts';
import { writeShare } from './health.ts';

export type QualityName = 'history' | 'errors' | 'cache' | 'latency' | 'cost';

/** What one thing took away. */
export interface QualityPart {
  readonly name: QualityName;
  /** Points it took, and how many it may take at most. */
  readonly lost: number;
  readonly most: number;
  /**
   * What was measured; null where there is nothing to measure yet.
   * `history`: characters as a part of the limit; `errors`: share of failed rows; `cache`: share that was written anew,
   * or of turns that broke it; `latency` and `cost`: the newest turns as a multiple of the first.
   */
  readonly value: number | null;
}

export interface Quality {
  /** 0 to 100, whole points: 100 less what the parts lost. */
  readonly score: number;
  readonly parts: readonly QualityPart[];
}

/** Points that each may take; they sum to 100. From `none` on it takes some, from `all` on all of them, between in proportion. */
const MEASURES: Readonly<Record<QualityName, { most: number; none: number; all: number }>> = {
  history: { most: 35, none: 0, all: 2.5 },
  errors: { most: 20, none: 0, all: 0.5 },
  cache: { most: 20, none: 0, all: 0.5 },
  latency: { most: 15, none: 1, all: 3 },
  cost: { most: 10, none: 1, all: 5 },
};

/** `first_turns` and `newest_turns` are five rows each: in longer sessions they have none in common. */
const APART = 10;
/** The first turn of a session writes its cache; the newest five are without it from here on. */
const PAST_THE_FIRST = 5;

/**
 * Rates a session from 100, fresh, down to 0.
 *
 *     score = 100 - 35 * history / (2.5 * limit)               all at the length where a reset is recommended
 *                 - 20 * failed / 0.5                          share of failed rows, of all or of the newest five: the worse
 *                 - 20 * thrash / 0.5                          share of the cache written anew, newest five, or cache breaks a turn: the worse
 *                 - 15 * (slowness - 1) / (3 - 1)              milliseconds for an output token, newest five by first five
 *                 - 10 * (cost - 1) / (5 - 1)                  dollars of a turn, newest five by first five
 *
 * Each part is rounded to whole points and takes no more than its number. More of any of them never rates higher.
 * What cannot be measured takes nothing: the two trends need ten rows, the share written a session past its first five.
 *
 * @param limit characters of history that its agent may have
 * @returns null where no turn was answered
 */
export function qualityOf(entry: SessionEntry, limit: number): Quality | null {
  if (entry.turns <= 0) return null;
  const values: Record<QualityName, number | null> = {
    history: entry.history_chars === null ? null : entry.history_chars / Math.max(1, limit),
    errors: failedShare(entry),
    cache: thrash(entry),
    latency: trend(entry, msPerToken),
    cost: trend(entry, (turns) => (turns.cost_usd === null ? null : Number(turns.cost_usd))),
  };
  const parts = (Object.keys(MEASURES) as QualityName[]).map((name) => partOf(name, values[name]));
  return { score: 100 - parts.reduce((sum, { lost }) => sum + lost, 0), parts };
}

function partOf(name: QualityName, value: number | null): QualityPart {
  const { most, none, all } = MEASURES[name];
  const share = value === null ? 0 : Math.min(1, Math.max(0, (value - none) / (all - none)));
  return { name, lost: Math.round(most * share), most, value };
}

function failedShare({ turns, errors, newest_turns: newest }: SessionEntry): number {
  return Math.max(errors / (turns + errors), newest.errors / Math.max(1, newest.rows));
}

function thrash({ turns, cache_breaks: breaks, newest_turns: newest }: SessionEntry): number {
  const written = turns > PAST_THE_FIRST ? writeShare(newest.cache_read_tokens, newest.cache_write_tokens) : 0;
  return Math.max(written, breaks / turns);
}

function trend(
  { turns, first_turns: first, newest_turns: newest }: SessionEntry,
  measure: (turns: TurnsTogether) => number | null,
): number | null {
  const [before, now] = [measure(first), measure(newest)];
  return turns < APART || before === null || now === null || before <= 0 ? null : now / before;
}

function msPerToken({ rows, errors, duration_ms: average, output_tokens: tokens }: TurnsTogether): number | null {
  const answered = Math.max(1, rows - errors);
  return average === null || tokens <= 0 ? null : (average * answered) / tokens;
}
