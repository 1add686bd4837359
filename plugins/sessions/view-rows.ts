/** Sessions as lines of a table. */
import type { SessionEntry, Settings } from '../../src/plugin.ts';
import { historyBar } from './view-bar.ts';
import type { Deed } from './view-resets.ts';
import { judged } from './view-state.ts';
import { foundWords, STATES, shortOf } from './view-words.ts';

const DASH = '–';

/** The page of one session. */
export const hrefOf = (id: string): string => `/dashboard/session?${new URLSearchParams({ id })}`;

/** A line of the table. */
export function rowOf(session: SessionEntry, settings: Settings, deeds: readonly Deed[]): Record<string, unknown> {
  const limit = settings.of(session.agent).sessionCharLimit;
  const { state, quality } = judged(session, limit);
  return {
    id: session.id,
    href: hrefOf(session.id),
    short: shortOf(session.id),
    agent: session.agent,
    source: session.source,
    confidence: session.confidence,
    found: foundWords(session),
    state: STATES[state],
    quality,
    turns: session.turns,
    failed: failedWords(session),
    cost: costOf(session),
    history: historyBar(session.history_chars, limit),
    cache: cacheShare(session),
    breaks: session.cache_breaks,
    break_usd: session.cache_break_usd,
    compactions: session.compactions,
    branch: session.parent !== null,
    started: session.started,
    last: session.last,
    lasted: (Date.parse(session.last) - Date.parse(session.started)) / 1000,
    deed: deeds.at(-1) ?? null,
  };
}

/** What a sum of costs is: known, known but for some, or unknown. Nothing billed is no cost that nobody knows. */
export function costOf({ cost_usd: known, unpriced }: Pick<SessionEntry, 'cost_usd' | 'unpriced'>): {
  usd: string | null;
  unknown: number;
  /** `unknown` or a dash: in the place of dollars. */
  word: string;
} {
  return { usd: known, unknown: unpriced, word: unpriced > 0 ? 'unknown' : DASH };
}

/** Cache reads as a share of the input, 0 to 1; null without input. */
export function cacheShare(of: Pick<SessionEntry, 'input_tokens' | 'cache_read_tokens'>): number | null {
  return of.input_tokens > 0 ? of.cache_read_tokens / of.input_tokens : null;
}

/** What was written of all that the cache took and gave, 0 to 1; null where it did neither. */
export function writeShare(of: Pick<SessionEntry, 'cache_write_tokens' | 'cache_read_tokens'>): number | null {
  const all = of.cache_read_tokens + of.cache_write_tokens;
  return all > 0 ? of.cache_write_tokens / all : null;
}

/** `2 failed, 1 refused`; null where all went well. */
export function failedWords({ errors, refused }: Pick<SessionEntry, 'errors' | 'refused'>): string | null {
  const parts = [errors > 0 && `${errors} failed`, refused > 0 && `${refused} refused`].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : null;
}
