/**
 * Scores what a caller and a provider saw of one scenario, by the rules of FailoverBench:
 *
 * - pass: rescued, and all checks hold
 * - partial: rescued, but an advisory check does not hold; or answered where an error was due
 * - safe: not rescued, but a clean error in time, and all required checks hold
 * - fail: a hang, a part of an answer that looks whole, or a required check that does not hold
 */
import type { Heard } from './careful-client.ts';
import type { Seen } from './wall.ts';

export type Verdict = 'pass' | 'partial' | 'safe' | 'fail';

/** Of one request of a sequence. */
export interface Step {
  /** Milliseconds since the sequence began. */
  sentAt: number;
  heard: Heard;
}

export interface Observed {
  /** Of a sequence: its worst. */
  heard: Heard;
  primary: readonly Seen[];
  fallback: readonly Seen[];
  /** A healthy call through the same gateway went well afterwards. */
  alive: boolean;
  steps: readonly Step[];
}

export interface Check {
  says: string;
  holds(seen: Observed): boolean;
  /** What does not hold makes a `partial`, not a `fail`. */
  advisory?: boolean;
}

export interface Score {
  verdict: Verdict;
  /** What does not hold. */
  broken: string[];
}

/** `ideal`: what the caller should get. */
export function score(ideal: 'answer' | 'error', checks: readonly Check[], seen: Observed): Score {
  const { outcome, complete, error } = seen.heard;
  const failed = checks.filter((check) => !check.holds(seen));
  const broken = failed.map(({ says }) => says);
  const required = failed.some(({ advisory }) => !advisory);
  if (outcome === 'hang') return { verdict: 'fail', broken: ['it ends', ...broken] };
  if (outcome === 'success' && !complete) return { verdict: 'fail', broken: ['no part looks whole', ...broken] };
  if (required) return { verdict: 'fail', broken };
  if (ideal === 'error') return { verdict: outcome === 'success' || failed.length > 0 ? 'partial' : 'pass', broken };
  if (outcome === 'success') return { verdict: failed.length > 0 ? 'partial' : 'pass', broken };
  return { verdict: 'safe', broken: [error?.message ?? 'broken off', ...broken] };
}

export const attemptsAtLeast = (count: number): Check => ({
  says: `the provider is asked at least ${count} times`,
  holds: ({ primary }) => primary.length >= count,
});
export const attemptsAtMost = (count: number): Check => ({
  says: `the provider is asked at most ${count} times`,
  holds: ({ primary }) => primary.length <= count,
});
export const attemptsExactly = (count: number): Check => ({
  says: `the provider is asked ${count} times`,
  holds: ({ primary }) => primary.length === count,
});
/** The second attempt leaves no sooner than that. */
export const waits = (ms: number): Check => ({
  says: `it waits for ${ms} ms`,
  holds: ({ primary: [one, two] }) => one !== undefined && two !== undefined && two.at - one.at >= ms,
});
export const attemptsWithin = (ms: number, count: number): Check => ({
  says: `at most ${count} attempts in ${ms} ms`,
  holds: ({ primary }) => primary.filter(({ at }) => at - primary[0]!.at < ms).length <= count,
});
export const endsWithin = (ms: number): Check => ({
  says: `it ends within ${ms} ms`,
  holds: ({ heard }) => heard.outcome !== 'hang' && heard.ms <= ms,
});
export const staysAlive: Check = { says: 'the gateway serves others afterwards', holds: ({ alive }) => alive };
export const isWhole: Check = {
  says: 'the whole answer comes',
  holds: ({ heard }) => heard.outcome === 'success' && heard.complete,
};
export const tellsUsage: Check = { says: 'usage is told', holds: ({ heard }) => heard.usage !== null };
/** Where the fallback was asked, its name stands in the answer. */
export const namesFallback: Check = {
  says: 'the answer names the model that answered',
  holds: ({ heard, fallback }) => fallback.length === 0 || heard.model === fallback[0]!.model,
};
/** The refusal of a continuation must not hide what was wrong. */
export const masksNothing: Check = {
  says: 'the caller does not get the refusal of a prefill',
  holds: ({ heard, fallback }) => heard.outcome === 'success' || !fallback.some(({ prefill }) => prefill),
};
export const servedUntil = (ms: number): Check => ({
  says: 'all requests are answered while the provider is down',
  holds: ({ steps }) => {
    const during = steps.filter(({ sentAt }) => sentAt < ms);
    return during.length > 0 && during.every(({ heard }) => heard.outcome === 'success');
  },
});
/** The provider, down for `down` ms, answers again within that time of its recovery. */
export const recoversWithin = (down: number, ms: number): Check => ({
  says: `the provider is used again within ${ms} ms of its recovery`,
  holds: ({ primary }) => primary.some(({ at, did }) => did === 'answer' && at >= down && at - down <= ms),
});
/** While it is down, it is asked no more often than there are requests. */
export const probesSeldom = (down: number): Check => ({
  says: 'the provider is asked at most once a request while it is down',
  holds: ({ primary, steps }) =>
    primary.filter(({ at }) => at < down).length <= steps.filter(({ sentAt }) => sentAt < down).length,
});
export const advisory = (check: Check): Check => ({ ...check, advisory: true });
