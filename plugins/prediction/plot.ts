/** Predicted against actual as numbers: where each dot, line and label stands. The view draws it as SVG. */

/** US dollars as decimal texts. */
export interface Point {
  readonly predicted: string;
  readonly actual: string;
  readonly confidence: 'high' | 'medium' | 'low';
  readonly model: string | null;
}

interface Tick {
  readonly at: number;
  readonly label: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Of a dot. */
  readonly radius: number;
}

export interface PlotDrawing extends Size {
  readonly plotHeight: number;
  readonly middle: number;
  readonly centre: number;
  readonly rows: readonly Tick[];
  readonly columns: readonly Tick[];
  readonly dots: readonly { x: number; y: number; colour: string; title: string }[];
}

export interface Plot {
  readonly wide: PlotDrawing;
  readonly narrow: PlotDrawing;
  readonly dots: number;
}

const WIDE = { width: 1120, height: 420, left: 92, right: 40, top: 16, bottom: 52, radius: 4.5 };
const NARROW = { width: 400, height: 360, left: 70, right: 28, top: 12, bottom: 48, radius: 3 };
/** Labels that fit side by side. */
const MOST_COLUMNS = { wide: 10, narrow: 4 };
/** Names of colours of the style sheet: the surer, the stronger. */
export const COLOURS = { high: '0', medium: '1', low: 'rest' } as const;

/** Makes the plot, both scales alike and logarithmic; null when nothing is there that has a place on them. */
export function plotOf(points: readonly Point[]): Plot | null {
  const placed = points
    .map((point) => ({ point, x: Math.log10(Number(point.predicted)), y: Math.log10(Number(point.actual)) }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  if (placed.length === 0) return null;
  const all = placed.flatMap(({ x, y }) => [x, y]);
  const first = Math.floor(Math.min(...all));
  const last = Math.max(first + 1, Math.ceil(Math.max(...all)));
  // The least sure lie at the bottom, so that they do not hide the others.
  placed.sort((one, other) => LAYERS.indexOf(one.point.confidence) - LAYERS.indexOf(other.point.confidence));
  const draw = (size: Size, most: number) => drawingOf(placed, first, last, size, most);
  return {
    wide: draw(WIDE, MOST_COLUMNS.wide),
    narrow: draw(NARROW, MOST_COLUMNS.narrow),
    dots: placed.length,
  };
}

const LAYERS: readonly Point['confidence'][] = ['low', 'medium', 'high'];

interface Placed {
  readonly point: Point;
  readonly x: number;
  readonly y: number;
}

function drawingOf(placed: readonly Placed[], first: number, last: number, size: Size, most: number): PlotDrawing {
  const { width, height, left, top } = size;
  const right = width - size.right;
  const bottom = height - size.bottom;
  const share = (power: number): number => (power - first) / (last - first);
  const across = (power: number): number => round(left + share(power) * (right - left));
  const up = (power: number): number => round(bottom - share(power) * (bottom - top));
  const powers = Array.from({ length: last - first + 1 }, (_, step) => first + step);
  const step = Math.ceil(powers.length / most);
  return {
    ...size,
    right,
    bottom,
    plotHeight: bottom - top,
    middle: round((top + bottom) / 2),
    centre: round((left + right) / 2),
    rows: powers.map((power) => ({ at: up(power), label: dollars(power) })),
    columns: powers.filter((_, at) => at % step === 0).map((power) => ({ at: across(power), label: dollars(power) })),
    dots: placed.map(({ point, x, y }) => ({
      x: across(x),
      y: up(y),
      colour: COLOURS[point.confidence],
      title: `${point.model ?? 'no model'}: $${point.predicted} expected, $${point.actual} paid`,
    })),
  };
}

/** A power of ten. */
function dollars(power: number): string {
  if (power >= 0) return `$${(10 ** power).toLocaleString('en-US')}`;
  return power < -6 ? `$1e${power}` : `$0.${'1'.padStart(-power, '0')}`;
}

/** Two decimals are finer than a screen. */
const round = (value: number): number => Math.round(value * 100) / 100;
