/**
 * Why less of a prompt came from the provider's cache than the request before it had put there.
 *
 * Worked out from hashes and from what providers counted; no text is looked at. A change behind the last cache mark
 * broke nothing: there was nothing of it in the cache.
 */

import type { CacheBreak, CutPrompt, PartKind, RememberedPiece } from '../pipeline/prompt.ts';
import type { PriorTurn } from '../pipeline/turn.ts';
import type { Counted } from './fates.ts';

/** A request whose answer is over. */
export interface Asked {
  readonly prompt: CutPrompt;
  readonly usage: Counted | null;
  readonly provider: string | null;
  readonly model: string | null;
  /** Epoch milliseconds: when its request came. */
  readonly at: number;
  /** How long its provider keeps a prefix that nobody marked, milliseconds. */
  readonly unmarkedMs: number;
}

/** A break without its price. */
export interface FoundBreak extends Omit<CacheBreak, 'cost_usd'> {
  /** Tokens that came from the cache this time: what was paid again follows them. */
  readonly read: number;
}

/** Less than this is no break: providers cache in blocks, and shares of tokens are rounded. Tokens. */
export const LEAST_TOKENS = 1024;
/** Neither is less than this share of what was expected. */
export const LEAST_SHARE = 0.1;

const MINUTE_MS = 60_000;
const MARKED_MS = { '5m': 5 * MINUTE_MS, '1h': 60 * MINUTE_MS } as const;

/**
 * Finds the break of a request's cache; null where there is none, or where nobody can tell.
 *
 * Expected from the cache is what the request before read from it and wrote to it: of providers that say nothing of
 * writes, what it read. Of that counts what is still in the prompt, in its old or in a new version, so that a
 * shortened history is no loss where it is gone.
 */
export function breakOf(before: PriorTurn, now: Asked): FoundBreak | null {
  const { usage } = now;
  const input = usage?.input_tokens;
  if (!usage || input === undefined || before.usage === null || now.at < before.at) return null;
  if (!before.prompt.isWhole || !now.prompt.isWhole) return null;
  const read = usage['cache_read.input_tokens'] ?? 0;
  const cached = cachedBy(before.usage);
  if (cached - read < LEAST_TOKENS) return null;
  const prefix = prefixOf(before, cached);
  if (prefix.length === 0) return null;
  const expected = Math.min(input, cached - goneOf(before, prefix, now.prompt));
  const tokens = Math.round(expected - read);
  if (tokens < LEAST_TOKENS || tokens < expected * LEAST_SHARE) return null;
  const change = changeOf(prefix, now.prompt.pieces);
  return { ...causeOf(before, now, prefix, { change, read }), tokens, read, idle_s: secondsBetween(before, now) };
}

const secondsBetween = (before: PriorTurn, now: Asked): number => Math.round((now.at - before.at) / 100) / 10;

const cachedBy = (usage: Counted): number =>
  (usage['cache_read.input_tokens'] ?? 0) + (usage['cache_creation.input_tokens'] ?? 0);

/**
 * The pieces that were in the cache: up to the last mark, where what was written was counted. Else those that lie in
 * what was counted by more than a half.
 */
function prefixOf({ prompt, tokens, usage }: PriorTurn, cached: number): readonly RememberedPiece[] {
  const pieces = prompt.pieces();
  const lastMark = pieces.findLastIndex(({ mark }) => mark !== null);
  if (lastMark !== -1 && usage?.['cache_creation.input_tokens'] !== undefined) return pieces.slice(0, lastMark + 1);
  if (tokens === null) return [];
  let end = 0;
  const over = pieces.findIndex((_, at) => {
    const half = end + tokens[at]! / 2;
    end += tokens[at]!;
    return half > cached;
  });
  return over === -1 ? pieces : pieces.slice(0, over);
}

/**
 * Tokens of the prefix that this prompt does not have any more, in no version: nobody had to pay them again. A tool, a
 * file or the system has a new version under its old name; a message has none.
 */
function goneOf({ tokens }: PriorTurn, prefix: readonly RememberedPiece[], prompt: CutPrompt): number {
  if (tokens === null) return 0;
  const old = countOf(prefix.map(({ hash }) => hash));
  const fresh = prompt.pieces.filter(({ hash }) => !take(old, hash));
  const renewed = countOf(fresh.map(nameOf));
  const here = countOf(prompt.pieces.map(({ hash }) => hash));
  let gone = 0;
  for (const [at, piece] of prefix.entries()) {
    if (take(here, piece.hash)) continue;
    if (!isMessage(piece.kind) && take(renewed, nameOf(piece))) continue;
    gone += tokens[at]!;
  }
  return gone;
}

function countOf<K>(keys: readonly K[]): Map<K, number> {
  const counts = new Map<K, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Takes one away; false where there is none. */
function take<K>(counts: Map<K, number>, key: K): boolean {
  const count = counts.get(key) ?? 0;
  if (count > 0) counts.set(key, count - 1);
  return count > 0;
}

const isMessage = (kind: PartKind): boolean => kind === 'history' || kind === 'new';
const nameOf = ({ kind, name }: Pick<RememberedPiece, 'kind' | 'name'>): string => `${kind} ${name}`;

/** The first part of the prefix that is not as it was; null where all of it is. */
function changeOf(prefix: readonly RememberedPiece[], pieces: readonly RememberedPiece[]): CacheBreak['part'] {
  const at = prefix.findIndex(({ hash }, index) => pieces[index]?.hash !== hash);
  if (at === -1) return null;
  const was = prefix[at]!;
  const is = pieces[at];
  // What stands there now is new: it was changed, or put in. Else what stood there was taken out.
  const isNew = is !== undefined && is.kind !== 'new' && !prefix.some(({ hash }) => hash === is.hash);
  const { kind, name } = isNew ? is : was;
  return { kind: kind === 'new' ? 'history' : kind, name };
}

/**
 * Another model has a cache of its own, so it stands before all else. A change breaks for certain, a pause may: the
 * change is told where there were both.
 */
function causeOf(
  before: PriorTurn,
  now: Asked,
  prefix: readonly RememberedPiece[],
  { change, read }: { change: CacheBreak['part']; read: number },
): Pick<CacheBreak, 'cause' | 'part'> {
  if (before.model !== now.model || before.provider !== now.provider) return { cause: 'model', part: null };
  if (change !== null) return { cause: 'prefix_change', part: change };
  const unmarked = unmarkedPart(prefix, now.prompt);
  if (unmarked !== null) return { cause: 'prefix_change', part: unmarked };
  const isOld = now.at - before.at > keptMs(before, prefix, read, now.unmarkedMs);
  return { cause: isOld ? 'ttl_lapse' : 'provider', part: null };
}

/** The last part that was marked, where the client marks nothing any more: then it asked for no cache. */
function unmarkedPart(prefix: readonly RememberedPiece[], { pieces }: CutPrompt): CacheBreak['part'] {
  const last = prefix.at(-1)!;
  if (last.mark === null || pieces.some(({ mark }) => mark !== null)) return null;
  return { kind: last.kind === 'new' ? 'history' : last.kind, name: last.name };
}

/** How long the lost stretch was to be kept: as its marks said, the shortest counts. */
function keptMs({ tokens }: PriorTurn, prefix: readonly RememberedPiece[], read: number, unmarkedMs: number): number {
  let end = 0;
  let shortest = Number.POSITIVE_INFINITY;
  for (const [at, { mark }] of prefix.entries()) {
    end += tokens?.[at] ?? 0;
    const isLost = tokens === null || end > read + LEAST_TOKENS / 2 || at === prefix.length - 1;
    if (mark !== null && isLost) shortest = Math.min(shortest, MARKED_MS[mark]);
  }
  return Number.isFinite(shortest) ? shortest : unmarkedMs;
}
