/** What is thought of a session: its state, and how good it is, in words. */
import { type HealthState, healthOf, type Quality, qualityOf, type SessionEntry } from '../../src/plugin.ts';

export interface Judgement {
  readonly state: HealthState;
  readonly quality: QualityWords;
}

export interface QualityWords {
  /** 0 to 100; null where no turn was answered. */
  readonly score: number | null;
  readonly tone: 'good' | 'warn' | 'bad';
  /** What counts against it, the gravest first. */
  readonly reasons: readonly string[];
}

/** Scores from which on a session is well, and so-so. */
const WELL = 75;
const SO_SO = 50;

const UNKNOWN: QualityWords = { score: null, tone: 'good', reasons: [] };

/** @param limit characters of history that its agent may have */
export function judged(session: SessionEntry | null, limit: number): Judgement {
  if (session === null) return { state: 'no_data', quality: UNKNOWN };
  const { newest_turns: newest } = session;
  const state = healthOf({
    turns: session.turns,
    historyChars: session.history_chars,
    limit,
    cacheRead: newest.cache_read_tokens,
    cacheWrite: newest.cache_write_tokens,
    toolResults: session.tool_results,
  });
  const quality = qualityOf(session, limit);
  return { state, quality: quality === null ? UNKNOWN : wordsOf(quality) };
}

type Part = Quality['parts'][number];

const wordsOf = ({ score, parts }: Quality): QualityWords => ({
  score,
  tone: score >= WELL ? 'good' : score >= SO_SO ? 'warn' : 'bad',
  reasons: parts
    .filter(({ lost }) => lost > 0)
    .sort((one, other) => other.lost - one.lost)
    .map((part) => `−${part.lost}: ${SAID[part.name](part.value ?? 0)}`),
});

const percent = (share: number): string => `${Math.round(share * 100)}%`;
const times = (ratio: number): string => `${ratio.toFixed(1).replace(/\.0$/, '')} times`;

const SAID: Readonly<Record<Part['name'], (value: number) => string>> = {
  history: (value) => `history at ${percent(value)} of its limit`,
  errors: (value) => `${percent(value)} of its turns failed`,
  cache: (value) => `${percent(value)} of the cache’s use is thrash: written anew, or broken`,
  latency: (value) => `${times(value)} as slow a token as at first`,
  cost: (value) => `${times(value)} as dear a turn as at first`,
};
