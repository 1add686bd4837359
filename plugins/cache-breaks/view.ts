/** Breaks of the cache in sums, and what changed: the body of `GET /api/v1/cache-breaks`, and what its page shows. */
import type { BreakEntry, Breaks, CacheBreak, Lent } from '../../src/plugin.ts';
import { perDay, sumOf } from '../shared/money.ts';
import type { Question } from '../shared/question.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Changes that are held against the hours before them: two questions to the database each. */
const MOST_CHANGES = 3;
/** The newest so many are looked at for when a change began. */
const LOOKED_AT = 500;

/** A part whose changes broke the cache, with what that did to it. */
export interface Change {
  part: NonNullable<CacheBreak['part']>;
  /** Null: of several. */
  agent: string | null;
  /** UTC ISO: the first of its breaks that is looked at. */
  since: string;
  breaks: number;
  tokens: number;
  cost_usd: string | null;
  /** At the rate since then, of an hour at least; null where it broke once: that is no rate. */
  usd_per_day: string | null;
  /** Tokens that came from the cache as a share of all input, in the day before and since; by whole hours. */
  hit_rate_before: number | null;
  hit_rate_after: number | null;
}

export interface BreaksView {
  from: string;
  to: string;
  /** All of the stretch. */
  count: number;
  tokens: number;
  cost_usd: string | null;
  sums: Breaks['sums'];
  changes: Change[];
  /** The newest first. */
  breaks: BreakEntry[];
}

/** @param more a session, and how many breaks are listed */
export async function breaksView(
  records: Lent['records'],
  question: Question,
  more: { session?: string | undefined; limit: number },
): Promise<BreaksView> {
  const { breaks, sums } = await records.cacheBreaks({ ...question, session: more.session, limit: LOOKED_AT });
  const changed = sums.filter(({ cause, part }) => cause === 'prefix_change' && part !== null).slice(0, MOST_CHANGES);
  return {
    from: question.from.toISOString(),
    to: question.to.toISOString(),
    count: sums.reduce((all, sum) => all + sum.breaks, 0),
    tokens: sums.reduce((all, sum) => all + sum.tokens, 0),
    cost_usd: sumOf(sums.map(({ cost_usd }) => cost_usd)),
    sums,
    changes: await Promise.all(changed.map((sum) => changeOf(records, question, sum, breaks))),
    breaks: breaks.slice(0, more.limit),
  };
}

async function changeOf(
  records: Lent['records'],
  question: Question,
  { part, breaks, tokens, cost_usd, newest }: Breaks['sums'][number],
  entries: readonly BreakEntry[],
): Promise<Change> {
  const own = entries.filter((entry) => entry.part?.kind === part?.kind && entry.part?.name === part?.name);
  const since = own.at(-1)?.time ?? newest;
  const agents = new Set(own.map((entry) => entry.agent));
  const [agent = null] = agents.size === 1 ? agents : [];
  const start = Math.floor(Date.parse(since) / HOUR_MS) * HOUR_MS;
  const whose = { ...question, ...(agent !== null && { agent }) };
  const [before, after] = await Promise.all([
    hitRate(records, { ...whose, from: new Date(start - DAY_MS), to: new Date(start) }),
    hitRate(records, { ...whose, from: new Date(start), to: question.to }),
  ]);
  const lasted = Math.max(HOUR_MS, question.to.getTime() - Date.parse(since));
  return {
    part: part!,
    agent,
    since,
    breaks,
    tokens,
    cost_usd,
    usd_per_day: breaks > 1 ? perDay(cost_usd, lasted) : null,
    hit_rate_before: before,
    hit_rate_after: after,
  };
}

/** What came from the cache of all input that was counted; null where nothing was. */
async function hitRate(records: Lent['records'], question: Question): Promise<number | null> {
  const { parts } = await records.prompts(question);
  const [tokens, read] = parts.reduce(([all, hit], part) => [all + part.tokens, hit + part.read] as const, [0, 0]);
  return tokens > 0 ? read / tokens : null;
}
