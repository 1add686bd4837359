/**
 * A chart of lines over time as numbers: where each line, tick and label stands. The view
 * views/partials/line-plot.hbs draws it as SVG; figures are written there, in the words of its unit.
 */
import { scaleLinear, scaleUtc } from 'd3-scale';
import { faceAt, instantOf } from '../../src/plugin.ts';

/** One line of a chart. */
export interface PlotSeries {
  readonly name: string;
  /** In the order of time; epoch milliseconds. Null: unknown here, and the line has a gap. */
  readonly points: readonly { readonly x: number; readonly y: number | null }[];
  /** Of the style sheet: `0` to `7`, or `rest`. */
  readonly colour: string;
}

/** A height that means something, such as a limit. */
export interface PlotLine {
  readonly y: number;
  readonly label: string;
  readonly tone?: 'warn' | 'bad';
}

export interface PlotQuestion {
  readonly series: readonly PlotSeries[];
  readonly lines?: readonly PlotLine[];
  /** The reader's time zone. */
  readonly zone: string;
  /** How figures are written: US dollars, or how many. */
  readonly unit?: 'usd' | 'count';
  /** Heights of the wide and of the narrow drawing, in their own units. */
  readonly size?: { readonly wide: number; readonly narrow: number };
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface LineDrawing extends Frame {
  readonly plotHeight: number;
  readonly rows: readonly { at: number; value: number }[];
  readonly columns: readonly { at: number; label: string; anchor: 'middle' | 'end' }[];
  /** `below`: there is no room above it for its label. */
  readonly lines: readonly { at: number; label: string; tone: string; below: boolean }[];
  /** `d` of a path for each series, and dots where a point has no neighbour to be joined with. */
  readonly paths: readonly { d: string; colour: string }[];
  readonly dots: readonly { x: number; y: number; colour: string }[];
  /** For each time with a point: where the pointer finds it, and what it says. */
  readonly slots: readonly {
    x: number;
    width: number;
    time: string;
    values: readonly { name: string; value: number }[];
  }[];
}

export interface LinePlot {
  readonly wide: LineDrawing;
  readonly narrow: LineDrawing;
  readonly unit: 'usd' | 'count';
  readonly zone: string;
  readonly legend: readonly { name: string; colour: string }[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WIDE = { width: 1120, left: 62, right: 14, top: 14, bottom: 28 };
const NARROW = { width: 400, left: 52, right: 8, top: 12, bottom: 26 };
const HEIGHTS = { wide: 260, narrow: 230 };
/** Width of a letter of the labels, roughly. */
const LETTER = 7;

/**
 * Makes the chart; null when there is no point to draw. Its scale begins at zero and takes in all of `lines`.
 */
export function linePlot(question: PlotQuestion): LinePlot | null {
  const { series, lines = [], zone, unit = 'count', size = HEIGHTS } = question;
  const points = series.flatMap((line) => line.points.filter(isKnown));
  if (points.length === 0) return null;
  const most = Math.max(...points.map(({ y }) => y), ...lines.map(({ y }) => y));
  const span = spanOf(points.map(({ x }) => x));
  const draw = (frame: Frame, ticks: number): LineDrawing =>
    drawingOf({ series, lines, zone, span, most, whole: unit === 'count' }, frame, ticks);
  return {
    wide: draw({ ...WIDE, height: size.wide }, 9),
    narrow: draw({ ...NARROW, height: size.narrow }, 4),
    unit,
    zone,
    legend: series.map(({ name, colour }) => ({ name, colour })),
  };
}

/**
 * A small line without axes: `points` of a `<polyline>` in a box of 100 by 24, from zero to the highest value.
 * Null when there are fewer than two values to join.
 */
export function sparkline(values: readonly number[]): { points: string; last: { x: number; y: number } } | null {
  if (values.length < 2) return null;
  const most = Math.max(...values) || 1;
  const spots = values.map((value, at) => ({
    x: round((at / (values.length - 1)) * 96 + 2),
    y: round(22 - (Math.max(0, value) / most) * 20),
  }));
  return { points: spots.map(({ x, y }) => `${x},${y}`).join(' '), last: spots.at(-1)! };
}

type Known = { readonly x: number; readonly y: number };
const isKnown = (point: PlotSeries['points'][number]): point is Known =>
  point.y !== null && Number.isFinite(point.y) && Number.isFinite(point.x);

/** From the first to the last point; a single one stands in the middle of its hour. */
function spanOf(times: readonly number[]): [number, number] {
  const first = times.reduce((least, time) => Math.min(least, time));
  const last = times.reduce((most, time) => Math.max(most, time));
  return last > first ? [first, last] : [first - HOUR_MS / 2, first + HOUR_MS / 2];
}

interface Drawn {
  readonly series: readonly PlotSeries[];
  readonly lines: readonly PlotLine[];
  readonly zone: string;
  readonly span: readonly [number, number];
  readonly most: number;
  /** There is nothing between two whole numbers. */
  readonly whole: boolean;
}

function drawingOf({ series, lines, zone, span, most, whole }: Drawn, frame: Frame, ticks: number): LineDrawing {
  const right = frame.width - frame.right;
  const bottom = frame.height - frame.bottom;
  const x = scaleLinear(span, [frame.left, right]);
  const y = scaleLinear([0, most > 0 ? most : 1], [bottom, frame.top]).nice(4);
  const rows = y.ticks(4).filter((value) => !whole || Number.isInteger(value));
  const drawn = series.map((line) => pathOf(line, x, y));
  return {
    ...frame,
    right,
    bottom,
    plotHeight: bottom - frame.top,
    rows: rows.map((value) => ({ at: round(y(value)), value })),
    columns: columnsOf(span, zone, ticks, x, right),
    lines: lines.map((line) => lineOf(line, y(line.y), frame.top)),
    paths: drawn.flatMap(({ d, colour }) => (d === '' ? [] : [{ d, colour }])),
    dots: drawn.flatMap(({ dots }) => dots),
    slots: slotsOf(series, x, frame.left, right),
  };
}

type Scale = (value: number) => number;

/** Height of a label. */
const LABEL = 16;

function lineOf({ label, tone = 'warn' }: PlotLine, at: number, top: number): LineDrawing['lines'][number] {
  return { at: round(at), label, tone, below: at - top < LABEL };
}

/** Joins neighbours; a point between two gaps is a dot. */
function pathOf({ points, colour }: PlotSeries, x: Scale, y: Scale) {
  const runs: Known[][] = [[]];
  for (const point of points) {
    if (isKnown(point)) runs.at(-1)!.push(point);
    else runs.push([]);
  }
  const spots = (run: Known[]): string[] => run.map((point) => `${round(x(point.x))} ${round(y(point.y))}`);
  return {
    colour,
    d: runs.map((run) => (run.length > 1 ? `M${spots(run).join('L')}` : '')).join(''),
    dots: runs.flatMap((run) => (run.length === 1 ? [{ x: round(x(run[0]!.x)), y: round(y(run[0]!.y)), colour }] : [])),
  };
}

/** A slot reaches half way to the next point on both sides. */
function slotsOf(series: readonly PlotSeries[], x: Scale, left: number, right: number): LineDrawing['slots'] {
  const byTime = new Map<number, { name: string; value: number }[]>();
  for (const { name, points } of series)
    for (const point of points.filter(isKnown)) {
      const values = byTime.get(point.x) ?? [];
      values.push({ name, value: point.y });
      byTime.set(point.x, values);
    }
  const times = [...byTime.keys()].sort((one, other) => one - other);
  return times.map((time, at) => {
    const start = at === 0 ? left : (x(times[at - 1]!) + x(time)) / 2;
    const end = at === times.length - 1 ? right : (x(time) + x(times[at + 1]!)) / 2;
    return {
      x: round(start),
      width: round(end - start),
      time: new Date(time).toISOString(),
      values: byTime.get(time)!,
    };
  });
}

/** Ticks at the full hours and days of the reader's clock; labels that would touch the one before are left out. */
function columnsOf(span: readonly [number, number], zone: string, most: number, x: Scale, right: number) {
  const faces = span.map((time) => new Date(faceAt(zone, time)));
  let free = Number.NEGATIVE_INFINITY;
  return scaleUtc(faces, [0, 1])
    .ticks(most)
    .map((face) => instantOf(zone, face.getTime()))
    .filter((time) => time >= span[0] && time <= span[1])
    .flatMap((time) => {
      const at = round(x(time));
      const label = labelOf(time, zone, span[1] - span[0]);
      const anchor = at > right - 20 ? ('end' as const) : ('middle' as const);
      const start = anchor === 'end' ? at - label.length * LETTER : at - (label.length * LETTER) / 2;
      if (start < free) return [];
      free = start + (label.length + 1) * LETTER;
      return [{ at, label, anchor }];
    });
}

function labelOf(time: number, zone: string, length: number): string {
  const say = (form: Intl.DateTimeFormatOptions): string =>
    new Date(time).toLocaleString('en-GB', { ...form, timeZone: zone });
  if (length > 400 * DAY_MS) return say({ month: 'short', year: 'numeric' });
  if (faceAt(zone, time) % DAY_MS === 0) return say({ day: 'numeric', month: 'short' });
  return say({ hour: '2-digit', minute: '2-digit', ...(length < 3 * MINUTE_MS && { second: '2-digit' }) });
}

/** Two decimals are finer than a screen. */
const round = (value: number): number => Math.round(value * 100) / 100;
