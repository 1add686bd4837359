import type { ModelLimits, Prediction } from '../../src/plugin.ts';
import type { AskedOutput } from './bounds.ts';
import type { Expected } from './learned.ts';

/** Of all answers together, tokens. */
export interface Guess {
  readonly half: number;
  readonly nine: number;
  readonly basis: Prediction['basis'];
}

/** Tokencap's rule: that share of what the request allows, or of what the model can give. */
const OF_LIMIT = 0.75;
const OF_MODEL = 0.5;
/** Half of what a model gives at most of which nobody has said it. */
const HALF_UNKNOWN = 4096;
/** Beyond this a count is no exact number any more, and no model gives as much. */
const MOST = Number.MAX_SAFE_INTEGER;

/**
 * Tells how much a model is likely to write: what such requests have had, or else three
 * quarters of what the request allows, or else half of what the model can give. Never more
 * than either of these allows.
 *
 * @param ofLimit share of the limit that is likely; 1 where it says exactly what comes
 */
export function guessOutput(
  { each, answers }: AskedOutput,
  { maxOutput }: ModelLimits,
  learned: Expected | null,
  unknownMost: number,
  ofLimit = OF_LIMIT,
): Guess {
  const cap = Math.min(each ?? MOST, maxOutput ?? MOST);
  if (learned !== null) {
    const { half, nine } = learned;
    return {
      half: times(Math.min(half, cap), answers),
      nine: times(Math.min(nine, cap), answers),
      basis: 'learned',
    };
  }
  if (each !== null)
    return { half: times(Math.ceil(ofLimit * cap), answers), nine: times(cap, answers), basis: 'max_tokens' };
  const half = maxOutput === null ? Math.min(HALF_UNKNOWN, unknownMost) : Math.ceil(OF_MODEL * maxOutput);
  return { half: times(half, answers), nine: times(maxOutput ?? unknownMost, answers), basis: 'model' };
}

/**
 * The most that all answers may have. What a request says itself is believed even where it is
 * more than the table has for its model: the table may be old. Prompt and answer share the
 * context window, though, so no answer is longer than that.
 */
export function mostOutput(
  { each, answers }: AskedOutput,
  { maxOutput, contextWindow }: ModelLimits,
  unknownMost: number,
): number {
  return times(Math.min(each ?? maxOutput ?? unknownMost, contextWindow ?? MOST), answers);
}

const times = (tokens: number, answers: number): number => Math.min(tokens * answers, MOST);
