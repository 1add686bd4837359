/** In what state a session is: the predecessor's words and thresholds. */

/**
 * - `reset_recommended`, `compact_soon`, `monitor`: its history is more than 2.5 times, 2 times, 1 time its limit;
 *   480 tool results in a prompt are a loop, and recommend a reset too
 * - `cache_unstable`: of what its newest turns have in the provider's cache, more than a fifth is written anew
 * - `healthy`: none of that; `no_data`: it has no turn
 */
export type HealthState = 'no_data' | 'healthy' | 'cache_unstable' | 'monitor' | 'compact_soon' | 'reset_recommended';

/** What the state follows from. */
export interface HealthFacts {
  /** Turns of the session. */
  readonly turns: number;
  /** Characters of its newest history; null: unknown, and no reason to worry. */
  readonly historyChars: number | null;
  /** Characters of history that its agent may have: `settings.of(agent).sessionCharLimit`. */
  readonly limit: number;
  /** Tokens that its newest five turns read from the provider's cache and wrote to it. */
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Tool results in its newest prompt; null: unknown. */
  readonly toolResults: number | null;
}

/** So many tool results in one prompt are a loop of tools. */
export const TOOL_LOOP = 480;
/** Of what the cache read and wrote: more than this, written, is unstable. */
export const UNSTABLE_SHARE = 0.2;
/** Fewer turns say nothing about the cache: the first one writes all of it. */
export const LEAST_CACHE_TURNS = 3;

/**
 * Tells the state of a session: the first that fits, in the order of the predecessor. All comparisons are strict, but
 * for that of tool results, which is taken from its way with session files and holds for all agents.
 */
export function healthOf(facts: HealthFacts): HealthState {
  const { turns, limit, cacheRead, cacheWrite } = facts;
  const historyChars = facts.historyChars ?? 0;
  if (turns <= 0) return 'no_data';
  if ((facts.toolResults ?? 0) >= TOOL_LOOP || historyChars > 2.5 * limit) return 'reset_recommended';
  if (historyChars > 2 * limit) return 'compact_soon';
  if (historyChars > limit) return 'monitor';
  if (turns >= LEAST_CACHE_TURNS && writeShare(cacheRead, cacheWrite) > UNSTABLE_SHARE) return 'cache_unstable';
  return 'healthy';
}

/** What of the tokens that the cache read and wrote was written, 0 to 1; 0 where it did neither. */
export const writeShare = (cacheRead: number, cacheWrite: number): number =>
  cacheWrite > 0 ? cacheWrite / (cacheRead + cacheWrite) : 0;
