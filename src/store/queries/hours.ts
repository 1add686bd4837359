/** Hours since 1970, as the sums of prompts are kept. */
import { StoreError } from '../store-error.ts';

export const HOUR_MS = 3_600_000;

/** The beginning of the hour that a time is in; a time that is none stays so, for others to complain of. */
export function hourOf(time: Date): Date {
  return new Date(floorTo(time.getTime(), HOUR_MS));
}

export function floorTo(milliseconds: number, step: number): number {
  return Math.floor(milliseconds / step) * step;
}

/** Throws `bad_question` where a stretch is none. */
export function stretchOf({ from, to }: { from: Date; to: Date }): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = [hourOf(from).getTime(), to.getTime()];
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) throw new StoreError('bad_question', 'from and to are times');
  return { fromMs, toMs };
}
