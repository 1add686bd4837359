/**
 * A chart as numbers: where each bar, line and label stands. The view draws it as SVG.
 *
 * It is drawn here and not in the browser: the page is whole without script, prints,
 * and is tested as text.
 */
import { scaleLinear, scaleUtc } from 'd3-scale';
import { stack } from 'd3-shape';
import { faceAt } from '../accounts/local-time.ts';
import type { Series, SeriesLine, SeriesMeasure } from '../store/queries/shapes.ts';
import { compact, money } from './format.ts';

export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
  /** Number of the colour, `rest` for all that is not in the top. */
  colour: string;
}

export interface Tick {
  at: number;
  label: string;
  anchor: 'middle' | 'end';
}

/** One bucket: where the pointer finds it, and what it says. */
export interface Slot {
  x: number;
  width: number;
  lines: string;
}

export interface Drawing {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  plotHeight: number;
  bars: Bar[];
  rows: Tick[];
  columns: Tick[];
  slots: Slot[];
}

export interface Legend {
  name: string;
  colour: string;
  total: string;
  share: number | null;
}

export interface Chart {
  empty: boolean;
  label: string;
  wide: Drawing;
  narrow: Drawing;
  legend: Legend[];
  /** The same as a table, newest first, empty buckets left out. */
  table: { heads: string[]; rows: { time: string; values: string[]; total: string }[] };
}

export interface ChartOptions {
  zone: string;
  from: Date;
  to: Date;
  label: string;
  /** What a group without a name is called: `no agent`. */
  nameless: string;
}

interface Named {
  name: string;
  colour: string;
  numbers: number[];
  total: string;
}

const WIDE = { width: 1120, height: 300, left: 58, right: 10, top: 14, bottom: 28 };
const NARROW = { width: 400, height: 260, left: 50, right: 6, top: 12, bottom: 26 };
/** Space between bars and between the parts of one, in the drawing's own units. */
const GAP = 2;
/** Width of a letter of the labels, roughly. */
const LETTER = 7;
const MAX_TABLE = 200;

/** Makes the chart of a series, stacked by its groups. */
export function chartOf(series: Series, options: ChartOptions): Chart {
  const lines = namedLines(series, options.nameless);
  const format = formatOf(series.measure);
  const sum = lines.reduce((all, line) => all + Number(line.total), 0);
  return {
    empty: sum === 0,
    label: options.label,
    wide: draw(series, lines, options, WIDE, 9),
    narrow: draw(series, lines, options, NARROW, 4),
    legend: lines.map(({ name, colour, total }) => ({
      name,
      colour,
      total: format(total),
      share: sum > 0 ? Number(total) / sum : null,
    })),
    table: tableOf(series, lines, options, format),
  };
}

/** Colours go by the alphabet, not by the size, so that a group keeps its own while the figures move. */
function namedLines(series: Series, nameless: string): Named[] {
  const named = series.groups.map((line) => ({ ...numbersOf(line), name: line.name ?? nameless }));
  const order = named.map(({ name }) => name).sort();
  const lines = named.map((line) => ({ ...line, colour: String(order.indexOf(line.name) % 8) }));
  return series.other ? [...lines, { ...numbersOf(series.other), name: 'all others', colour: 'rest' }] : lines;
}

function numbersOf(line: SeriesLine): { numbers: number[]; total: string } {
  return { numbers: line.values.map(Number), total: line.total };
}

function draw(series: Series, lines: Named[], options: ChartOptions, size: typeof WIDE, most: number): Drawing {
  const { width, height, left, right, top, bottom } = size;
  const starts = series.buckets.map((bucket) => Date.parse(bucket));
  const first = starts[0] ?? options.from.getTime();
  const last = (starts.at(-1) ?? first) + series.bucket_ms;
  const x = scaleLinear([first, last], [left, width - right]);
  const sums = starts.map((_, index) => lines.reduce((sum, line) => sum + line.numbers[index]!, 0));
  const y = scaleLinear([0, Math.max(...sums, 0) || 1], [height - bottom, top]).nice(4);
  const format = formatOf(series.measure);
  const whole = series.measure !== 'cost';
  const rows = y.ticks(4).filter((value) => !whole || Number.isInteger(value));
  const step = x(first + series.bucket_ms) - left;
  return {
    ...size,
    right: width - right,
    bottom: height - bottom,
    plotHeight: height - bottom - top,
    bars: barsOf(starts, lines, x, y, step),
    rows: rows.map((value) => ({ at: round(y(value)), label: axisLabel(value, rows, series.measure), anchor: 'end' })),
    columns: apart(
      timeTicks(first, last, options.zone, most).map(({ time, label }) => {
        const at = round(x(time));
        const anchor = at > width - right - 20 ? 'end' : 'middle';
        return { at, label, anchor };
      }),
    ),
    slots: starts.map((start, index) => ({
      x: round(x(start)),
      width: round(step),
      lines: slotText(start, series.bucket_ms, index, lines, options.zone, format),
    })),
  };
}

type Scale = (value: number) => number;

function barsOf(starts: number[], lines: Named[], x: Scale, y: Scale, step: number): Bar[] {
  // The largest group lies at the bottom, where lengths compare best; an even gap would eat thin bars.
  const gap = Math.min(GAP, step / 4);
  const layers = stack<number, number>()
    .keys(lines.map((_, line) => line))
    .value((index, line) => lines[line]!.numbers[index]!)(starts.map((_, index) => index));
  return layers.flatMap((layer, line) =>
    layer.flatMap(([low, high], index) => {
      if (!(high > low)) return [];
      const [base, tip] = [y(low), y(high)];
      const height = Math.max(0.75, base - tip - (low > 0 && base - tip > 3 ? 1 : 0));
      return [
        {
          x: round(x(starts[index]!) + gap / 2),
          y: round(tip),
          width: round(step - gap),
          height: round(height),
          colour: lines[line]!.colour,
        },
      ];
    }),
  );
}

/** Ticks at the full hours and days of the reader's clock, at most so many. */
function timeTicks(first: number, last: number, zone: string, most: number): { time: number; label: string }[] {
  const shift = offsetOf(last, zone);
  const scale = scaleUtc([new Date(first + shift), new Date(last + shift)], [0, 1]);
  return scale
    .ticks(most)
    .map((tick) => tick.getTime() - offsetOf(tick.getTime() - shift, zone)) // clocks may have changed in between
    .filter((time) => time >= first && time <= last)
    .map((time) => ({ time, label: tickLabel(time, zone, last - first) }));
}

/** Leaves out labels that would touch the one before. */
function apart(ticks: Tick[]): Tick[] {
  let end = Number.NEGATIVE_INFINITY;
  return ticks.filter(({ at, label, anchor }) => {
    const length = label.length * LETTER;
    const start = anchor === 'end' ? at - length : at - length / 2;
    if (start < end + LETTER) return false;
    end = start + length;
    return true;
  });
}

/** Milliseconds that a zone is ahead of UTC at a moment. */
export function offsetOf(time: number, zone: string): number {
  return faceAt(zone, time) - time;
}

function tickLabel(time: number, zone: string, length: number): string {
  const midnight = (time + offsetOf(time, zone)) % 86_400_000 === 0;
  if (length > 400 * 86_400_000) return inZone(time, zone, { month: 'short', year: 'numeric' });
  if (midnight) return inZone(time, zone, { day: 'numeric', month: 'short' });
  return inZone(time, zone, { hour: '2-digit', minute: '2-digit' });
}

function slotText(
  start: number,
  bucketMs: number,
  index: number,
  lines: Named[],
  zone: string,
  format: (value: number) => string,
): string {
  const parts = lines.filter(({ numbers }) => numbers[index]! > 0);
  const sum = parts.reduce((all, { numbers }) => all + numbers[index]!, 0);
  const rows = [...parts]
    .sort((one, other) => other.numbers[index]! - one.numbers[index]!)
    .map(({ name, numbers }) => `${name}\t${format(numbers[index]!)}`);
  return [`${bucketLabel(start, bucketMs, zone)}\t${format(sum)}`, ...rows].join('\n');
}

function bucketLabel(start: number, bucketMs: number, zone: string): string {
  const day = { day: 'numeric', month: 'short' } as const;
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  if (bucketMs >= 86_400_000) {
    const end = inZone(start + bucketMs - 1, zone, day);
    const begin = inZone(start, zone, day);
    return begin === end ? begin : `${begin} – ${end}`;
  }
  return `${inZone(start, zone, { ...day, ...clock })}–${inZone(start + bucketMs, zone, clock)}`;
}

function inZone(time: number, zone: string, form: Intl.DateTimeFormatOptions): string {
  return new Date(time).toLocaleString('en-GB', { ...form, timeZone: zone });
}

function tableOf(
  series: Series,
  lines: Named[],
  { zone }: ChartOptions,
  format: (value: number) => string,
): Chart['table'] {
  const rows = series.buckets.flatMap((bucket, index) => {
    const sum = lines.reduce((all, { numbers }) => all + numbers[index]!, 0);
    if (sum === 0) return [];
    const time = bucketLabel(Date.parse(bucket), series.bucket_ms, zone);
    const values = lines.map(({ numbers }) => (numbers[index]! > 0 ? format(numbers[index]!) : ''));
    return [{ time, values, total: format(sum) }];
  });
  return { heads: lines.map(({ name }) => name), rows: rows.reverse().slice(0, MAX_TABLE) };
}

function formatOf(measure: SeriesMeasure): (value: string | number) => string {
  return measure === 'cost' ? money : compact;
}

/** Labels of one axis have one number of decimals, or they do not read as a scale. */
function axisLabel(value: number, ticks: number[], measure: SeriesMeasure): string {
  if (measure !== 'cost') return compact(value);
  if (value === 0) return '$0';
  const step = (ticks[1] ?? 1) - (ticks[0] ?? 0);
  const fits = (decimals: number): boolean => Math.abs(Number(step.toFixed(decimals)) - step) < step / 1e6;
  const needed = [0, 2, 3, 4, 5, 6, 7, 8, 9].find(fits) ?? 10;
  if (value >= 10_000) return `$${compact(value)}`;
  return `$${value.toLocaleString('en-US', { minimumFractionDigits: needed, maximumFractionDigits: needed })}`;
}

/** Two decimals are finer than a screen. */
const round = (value: number): number => Math.round(value * 100) / 100;
