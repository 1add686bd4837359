/** What one session did over time: its history, its costs, its tokens. */
import type { TurnEntry } from '../../src/plugin.ts';
import { type LinePlot, linePlot, type PlotSeries } from '../shared/plot.ts';
import { growthLimits, thin } from './view-growth.ts';
import type { Deed } from './view-resets.ts';
import type { Numbered } from './view-turns.ts';

/** Points of one line; more are finer than a screen, and slow to send. */
const MOST_POINTS = 400;
const MOST_MARKS = 60;

export const CHARTS = {
  history: ['History', 'characters of history, with what happened to it'],
  cost: ['Cost of each turn', 'US dollars; of several turns in one place, the dearest'],
  sum: ['Cost so far', 'US dollars, all turns together'],
  tokens: ['Tokens', 'of each turn, by kind'],
} as const;
export type ChartName = keyof typeof CHARTS;

interface Facts {
  readonly limit: number;
  readonly deeds: readonly Deed[];
  readonly zone: string;
}

/** Draws one of the charts; null when nothing of it is known. */
export function chartOf(name: ChartName, turns: readonly Numbered[], facts: Facts): LinePlot | null {
  const { zone } = facts;
  if (name === 'history') return historyPlot(turns, facts);
  if (name === 'cost') {
    const series = [lineOf('cost of the turn', '0', turns, ({ turn }) => dollars(turn.cost_usd))];
    return linePlot({ series, zone, unit: 'usd' });
  }
  if (name === 'sum') {
    const series = [lineOf('cost so far', '0', turns, ({ soFar }) => dollars(soFar))];
    return linePlot({ series, zone, unit: 'usd' });
  }
  return linePlot({ series: tokenLines(turns), zone });
}

const dollars = (amount: string | null): number | null => (amount === null ? null : Number(amount));

function tokenLines(turns: readonly Numbered[]): PlotSeries[] {
  const kinds: [name: string, colour: string, of: (turn: TurnEntry) => number | null][] = [
    ['input, not cached', '0', inputOf],
    ['cache read', '2', (turn) => turn.cache_read_tokens],
    ['cache write', '6', (turn) => turn.cache_write_tokens],
    ['output', '1', (turn) => turn.output_tokens],
  ];
  return kinds
    .map(([name, colour, of]) => lineOf(name, colour, turns, ({ turn }) => of(turn)))
    .filter(({ points }) => points.some(({ y }) => (y ?? 0) > 0));
}

/** What of the input was neither read from the cache nor written to it. */
function inputOf({
  input_tokens: input,
  cache_read_tokens: read,
  cache_write_tokens: write,
}: TurnEntry): number | null {
  return input === null ? null : Math.max(0, input - (read ?? 0) - (write ?? 0));
}

function lineOf(
  name: string,
  colour: string,
  turns: readonly Numbered[],
  of: (one: Numbered) => number | null,
): PlotSeries {
  const known = turns.flatMap((one) => {
    const y = of(one);
    return y === null ? [] : [{ x: Date.parse(one.turn.time), y }];
  });
  return { name, colour, points: thin(known, MOST_POINTS, ({ y }) => y) };
}

function historyPlot(turns: readonly Numbered[], { limit, deeds, zone }: Facts): LinePlot | null {
  const line = lineOf('history', '0', turns, ({ turn }) => turn.history_chars);
  const most = Math.max(0, ...line.points.map(({ y }) => y ?? 0));
  const heightAt = (time: number): number => line.points.findLast(({ x }) => x <= time)?.y ?? line.points[0]?.y ?? 0;
  const marks: [name: string, colour: string, times: number[]][] = [
    ['cache break', '5', timesOf(turns, ({ turn }) => turn.cache_break !== null)],
    ['compacted', '6', timesOf(turns, ({ turn }) => turn.relation === 'compacted')],
    ['reset', '3', deeds.filter(({ what }) => what.startsWith('reset')).map(({ time }) => Date.parse(time))],
  ];
  const dots = marks
    .filter(([, , times]) => times.length > 0)
    .map(([name, colour, times]) => dotsOf(name, colour, times.slice(-MOST_MARKS), heightAt));
  if (line.points.length === 0) return null;
  return linePlot({ series: [line, ...dots], lines: growthLimits(limit, most), zone });
}

const timesOf = (turns: readonly Numbered[], is: (one: Numbered) => boolean): number[] =>
  turns.filter(is).map(({ turn }) => Date.parse(turn.time));

/** Points that are joined with nothing: between two of them lies one that is unknown. */
function dotsOf(
  name: string,
  colour: string,
  times: readonly number[],
  heightAt: (time: number) => number,
): PlotSeries {
  return {
    name,
    colour,
    points: times.flatMap((x) => [
      { x, y: heightAt(x) },
      { x, y: null },
    ]),
  };
}
