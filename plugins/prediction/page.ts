import type { Lent, PageQuestion } from '../../src/plugin.ts';
import type { Confidence } from './calibration.ts';
import { COLOURS, plotOf } from './plot.ts';

type Calibration = Awaited<ReturnType<Lent['records']['calibration']>>;
type Line = Calibration['models'][number];
type Kept = Pick<Line, 'requests' | 'within' | 'median_ratio'>;

const PATH = '/dashboard/predictions';
const DAY_MS = 86_400_000;
/** By the word of the address: what it is called, and how many days it is. */
const RANGES = {
  '24h': ['24 hours', 1],
  '7d': ['7 days', 7],
  '30d': ['30 days', 30],
  '90d': ['90 days', 90],
} as const;
const CLASSES: readonly Confidence[] = ['high', 'medium', 'low'];
/** What each class promises, as a sentence. */
const PROMISED: Readonly<Record<Confidence, string>> = {
  high: 'to be told, it has to keep 90%',
  medium: 'to be told, it has to keep 75%',
  low: 'promises nothing',
};

/** What the page of predictions shows. */
export async function pageOf(records: Lent['records'], { query }: PageQuestion): Promise<Record<string, unknown>> {
  const asked = query.get('range') ?? '';
  const range = Object.hasOwn(RANGES, asked) ? (asked as keyof typeof RANGES) : '30d';
  const [name, days] = RANGES[range];
  const to = new Date();
  const from = new Date(to.getTime() - days * DAY_MS);
  const { models, points } = await records.calibration({ from, to });
  // What is free costs what was expected, whatever was expected.
  const paid = models.filter(({ median_ratio: ratio }) => ratio !== null);
  const all = sumOf(paid);
  return {
    ranges: Object.entries(RANGES).map(([word, [title]]) => ({
      title,
      href: `${PATH}?range=${word}`,
      here: word === range,
    })),
    range: name,
    empty: all.requests === 0,
    sentence: `9 of 10 requests were to cost no more than their P90; ${share(all)} of ${whole(all.requests)} did.`,
    cards: [cardOf('Stayed within their P90', all, '9 of 10 were to'), ...CLASSES.map((name) => classOf(paid, name))],
    models: paid.map(rowOf),
    plot: plotOf(points),
    legend: CLASSES.map((name) => ({ name, colour: COLOURS[name] })),
  };
}

function classOf(models: readonly Line[], name: Confidence): Record<string, unknown> {
  const kept = sumOf(models.flatMap(({ by_confidence: by }) => by[name] ?? []));
  return cardOf(`Confidence ${name}`, kept, PROMISED[name]);
}

function cardOf(title: string, kept: Pick<Kept, 'requests' | 'within'>, promise: string): Record<string, unknown> {
  const { requests } = kept;
  if (requests === 0) return { title, value: '–', detail: 'no request' };
  return { title, value: share(kept), detail: `of ${whole(requests)} ${plural(requests)}; ${promise}` };
}

function rowOf(line: Line): Record<string, unknown> {
  return {
    model: line.model ?? 'no model',
    provider: line.provider,
    requests: line.requests,
    share: share(line),
    error: errorOf(line.median_ratio),
    classes: CLASSES.map((name) => {
      const kept = line.by_confidence[name];
      return kept === undefined ? null : { share: share(kept), requests: kept.requests };
    }),
  };
}

function sumOf(lines: readonly Pick<Kept, 'requests' | 'within'>[]): Pick<Kept, 'requests' | 'within'> {
  const sum = (name: 'requests' | 'within'): number => lines.reduce((all, line) => all + line[name], 0);
  return { requests: sum('requests'), within: sum('within') };
}

/** `92.3%`; a share that is not whole is not rounded to all or nothing. */
function share({ requests, within }: Pick<Kept, 'requests' | 'within'>): string {
  const value = (within / requests) * 100;
  if (within === 0 || within === requests) return `${value}%`;
  return `${Math.min(99.9, Math.max(0.1, value)).toFixed(1)}%`;
}

/** Half of the answers cost at most so much more, or less, than was expected of them. */
function errorOf(ratio: number | null): string {
  if (ratio === null) return '–';
  if (ratio >= 10) return `${Math.round(ratio)} times`;
  const percent = Math.round((ratio - 1) * 100);
  return percent === 0 ? '0%' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)}%`;
}

const whole = (count: number): string => count.toLocaleString('en-US');
const plural = (count: number): string => (count === 1 ? 'request' : 'requests');
