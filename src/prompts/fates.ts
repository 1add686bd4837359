/**
 * Where in a prompt the cache ends that was read, what was written and what was not cached.
 *
 * Providers cache prefixes: what was read stands before what was written, and that before the rest. Marks that keep
 * longer have to come first, so what is written for an hour stands before what is written for minutes.
 */

import type { Fate } from '../pipeline/prompt.ts';
import type { PriorTurn } from '../pipeline/turn.ts';

/** In the provider's words: names of `gen_ai.usage.*`. */
export type Counted = NonNullable<PriorTurn['usage']>;

/** Tokens of one price that stand together. */
export interface Stretch {
  readonly fate: 'read' | 'write' | 'uncached';
  /** How long a write is kept, as usage names it; null: the provider's shortest time, or no write. */
  readonly kept: Kept | null;
  readonly tokens: number;
}

export type Kept = '12h' | '1h' | '30m';

/** The longest first. */
const KEPT: readonly Kept[] = ['12h', '1h', '30m'];

/**
 * Puts what was counted in the order of the prompt; empty stretches are left out.
 *
 * @returns null where there is no count, or where it contradicts itself: more cached than sent, less in all than in parts
 */
export function stretchesOf(usage: Counted | null | undefined): Stretch[] | null {
  const input = usage?.input_tokens;
  if (!usage || input === undefined) return null;
  const read = usage['cache_read.input_tokens'] ?? 0;
  const kept = KEPT.map((time) => usage[`cache_creation.${time}.input_tokens`] ?? 0);
  const long = kept.reduce((sum, tokens) => sum + tokens, 0);
  const short = usage['cache_creation.5m.input_tokens'] ?? 0;
  const written = usage['cache_creation.input_tokens'] ?? long + short;
  const stretches: Stretch[] = [
    { fate: 'read', kept: null, tokens: read },
    ...KEPT.map((time, at): Stretch => ({ fate: 'write', kept: time, tokens: kept[at]! })),
    { fate: 'write', kept: null, tokens: written < long + short ? -1 : written - long },
    { fate: 'uncached', kept: null, tokens: input - read - written },
  ];
  const isSound = stretches.every(({ tokens }) => Number.isSafeInteger(tokens) && tokens >= 0);
  return isSound ? stretches.filter(({ tokens }) => tokens > 0) : null;
}

/**
 * Walks the pieces along the stretches; a piece across a boundary is split.
 *
 * @param tokens of each piece, in the order of the prompt; their sum is that of the stretches
 * @returns for each piece, how many of its tokens lie in each stretch: `result[piece][stretch]`
 */
export function walk(tokens: ArrayLike<number>, stretches: readonly Stretch[]): number[][] {
  const lies: number[][] = [];
  let stretch = 0;
  let room = stretches[0]?.tokens ?? 0;
  for (let piece = 0; piece < tokens.length; piece++) {
    const line = new Array<number>(stretches.length).fill(0);
    let open = tokens[piece]!;
    while (open > 0 && stretch < stretches.length) {
      const taken = Math.min(open, room);
      line[stretch]! += taken;
      open -= taken;
      room -= taken;
      if (room === 0) room = stretches[++stretch]?.tokens ?? 0;
    }
    lies.push(line);
  }
  return lies;
}

/** Adds what lies in a stretch to a fate. */
export function addFate(fate: Fate, { fate: name, kept }: Stretch, tokens: number): void {
  fate[name] += tokens;
  if (name === 'write' && kept === '1h') fate.write_1h += tokens;
}
