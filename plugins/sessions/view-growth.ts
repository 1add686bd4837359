/** How histories grow, as a chart of lines over time. */
import type { TurnEntry } from '../../src/plugin.ts';
import { type LinePlot, linePlot, type PlotLine, type PlotSeries } from '../shared/plot.ts';
import { shortOf } from './view-words.ts';

/** Points of one line; more are finer than a screen, and slow to send. */
const MOST_POINTS = 160;
/** Of the limit: from there on the predecessor spoke of danger. */
const DANGER = 2.5;
/** Colours of the style sheet. */
const COLOURS = 8;

export interface Grown {
  readonly name: string;
  /** The oldest first. */
  readonly turns: readonly Pick<TurnEntry, 'time' | 'history_chars'>[];
}

export interface GrowthView {
  readonly plot: LinePlot;
  /** What is not drawn; null when everything is. */
  readonly thinned: string | null;
}

/** Draws a line for each; null when nobody knows the length of any history. */
export function growthOf(grown: readonly Grown[], limits: readonly number[], zone: string): GrowthView | null {
  const series = grown.map(({ name, turns }, at) => lineOf(name, turns, at));
  const drawn = series.reduce((sum, { line }) => sum + line.points.length, 0);
  const all = series.reduce((sum, { known }) => sum + known, 0);
  const most = Math.max(0, ...series.flatMap(({ line }) => line.points.map(({ y }) => y ?? 0)));
  const lines = limits.flatMap((limit) => growthLimits(limit, most));
  const plot = linePlot({ series: series.map(({ line }) => line), lines, zone });
  if (plot === null) return null;
  const thinned = drawn === all ? null : `${whole(drawn)} of ${whole(all)} turns are drawn, the longest of each few`;
  return { plot, thinned };
}

/** The lines of sessions by the names that tables give them. */
export const named = (id: string, turns: Grown['turns']): Grown => ({ name: shortOf(id), turns });

/** The limit and where danger begins; far above what there is, that would only press the lines flat. */
export function growthLimits(limit: number, most: number): PlotLine[] {
  const line: PlotLine = { y: limit, label: `limit ${thousands(limit)} (auto-reset)`, tone: 'warn' };
  if (most < limit / 2) return [line];
  return [line, { y: limit * DANGER, label: `danger ${thousands(limit * DANGER)}`, tone: 'bad' }];
}

function lineOf(name: string, turns: Grown['turns'], at: number): { line: PlotSeries; known: number } {
  const known = turns.flatMap(({ time, history_chars: chars }) =>
    chars === null ? [] : [{ x: Date.parse(time), y: chars }],
  );
  const points = thin(known, MOST_POINTS, ({ y }) => y);
  return { line: { name, points, colour: String(at % COLOURS) }, known: known.length };
}

/** At most so many of a list, in its order: of each stretch the one that weighs most, and the last one. */
export function thin<T>(list: readonly T[], most: number, weigh: (one: T) => number): readonly T[] {
  if (list.length <= most) return list;
  const last = list.length - 1;
  const kept: T[] = [];
  for (let stretch = 0; stretch < most - 1; stretch++) {
    const start = Math.floor((stretch * last) / (most - 1));
    const end = Math.floor(((stretch + 1) * last) / (most - 1));
    const some = list.slice(start, end);
    kept.push(some.reduce((best, one) => (weigh(one) > weigh(best) ? one : best)));
  }
  return [...kept, list[last]!];
}

const whole = (count: number): string => count.toLocaleString('en-US');

/** `200K`, `12.5K`. */
export function thousands(chars: number): string {
  if (chars < 1000) return String(chars);
  const [size, letter] = chars < 999_950 ? [1000, 'K'] : [1_000_000, 'M'];
  return `${(chars / size).toFixed(1).replace(/\.0$/, '')}${letter}`;
}
