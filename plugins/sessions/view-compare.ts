/** Two agents held against each other, figure by figure. */
import { shareOf } from './view-money.ts';
import type { Side } from './view-side.ts';

/** How a figure is written. */
type Kind = 'usd' | 'count' | 'share' | 'time' | 'score';

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly about: string | null;
  readonly kind: Kind;
  /** Null: unknown, or there is nothing to say. */
  readonly a: string | number | null;
  readonly b: string | number | null;
  /** The second against the first: `37% more`; null where they cannot be compared. */
  readonly words: string | null;
  readonly noteA: string | null;
  readonly noteB: string | null;
  /** What stands where there is no figure: nothing where nobody was chosen. */
  readonly noneA: string;
  readonly noneB: string;
}

interface Line {
  readonly name: string;
  readonly about?: string;
  readonly kind: Kind;
  of(side: Side): string | number | null;
  note?(side: Side): string | null;
}

const LINES: readonly Line[] = [
  {
    name: 'Sessions',
    about: 'single calls count as sessions of one turn',
    kind: 'count',
    of: ({ sessions }) => sessions,
    note: ({ isMore }) => (isMore ? 'and more' : null),
  },
  { name: 'Turns', kind: 'count', of: ({ sums }) => sums.requests },
  {
    name: 'Cost',
    kind: 'usd',
    of: ({ sums }) => sums.cost_usd,
    note: ({ sums }) => (sums.unpriced > 0 ? `and ${whole(sums.unpriced)} turns of unknown cost` : null),
  },
  { name: 'Cost of a turn', about: 'average of those whose cost is known', kind: 'usd', of: costOfTurn },
  { name: 'Tokens', kind: 'count', of: ({ sums }) => sums.total_tokens },
  {
    name: 'Input of a turn',
    about: 'average, tokens',
    kind: 'count',
    of: ({ sums }) => (sums.requests > 0 ? Math.round(sums.input_tokens / sums.requests) : null),
  },
  {
    name: 'Cache share',
    about: 'of the input, read from the cache',
    kind: 'share',
    of: ({ sums }) => sums.cache_share,
  },
  { name: 'Cache breaks', kind: 'count', of: ({ breaks }) => breaks },
  { name: 'Latency, median', about: 'of answers without error', kind: 'time', of: ({ p50 }) => p50 },
  { name: 'Latency, 95th percentile', about: 'of answers without error', kind: 'time', of: ({ p95 }) => p95 },
  {
    name: 'Errors',
    about: 'of all turns',
    kind: 'share',
    of: ({ sums }) => (sums.requests > 0 ? sums.errors / sums.requests : null),
    note: ({ sums }) => (sums.errors > 0 ? `${whole(sums.errors)} of ${whole(sums.requests)}` : null),
  },
  {
    name: 'Quality',
    about: 'average of its sessions, by turns; 100 is best',
    kind: 'score',
    of: ({ quality }) => quality,
  },
  {
    name: 'History',
    about: 'average of a turn, characters',
    kind: 'count',
    of: ({ history }) => (history === null ? null : Math.round(history)),
  },
];

function costOfTurn({ sums }: Side): string | null {
  const priced = sums.requests - sums.unpriced;
  return sums.cost_usd === null || priced <= 0 ? null : shareOf(sums.cost_usd, priced);
}

/** The table; a side that was not chosen has no figures. */
export function figuresOf(a: Side | null, b: Side | null): Figure[] {
  return LINES.map((line) => {
    const [one, other] = [a && line.of(a), b && line.of(b)];
    return {
      name: line.name,
      about: line.about ?? null,
      kind: line.kind,
      a: one,
      b: other,
      words: a === null || b === null ? null : differenceOf(line.kind, one, other),
      noteA: (a && line.note?.(a)) ?? null,
      noteB: (b && line.note?.(b)) ?? null,
      noneA: noneOf(line, a),
      noneB: noneOf(line, b),
    };
  });
}

const MORE_OR_LESS = { usd: ['more', 'less'], count: ['more', 'fewer'], time: ['longer', 'shorter'] } as const;
function noneOf({ kind }: Line, side: Side | null): string {
  if (side === null) return '';
  return kind === 'usd' && side.sums.unpriced > 0 ? 'unknown' : '–';
}

/** From this ratio on, times say more than percents. */
const TIMES = 3;

/** The second against the first, in words; shares and scores differ by points. */
export function differenceOf(kind: Kind, one: string | number | null, other: string | number | null): string | null {
  if (one === null || other === null) return null;
  const [first, second] = [Number(one), Number(other)];
  if (kind === 'share' || kind === 'score') return pointsWords((second - first) * (kind === 'share' ? 100 : 1));
  if (first === second) return 'alike';
  if (second === 0) return 'none';
  if (first === 0) return 'only the second';
  const ratio = second / first;
  // Thrice 0.4 is a hair less than 1.2.
  if (ratio > TIMES - 1e-9) return `${timesWord(ratio)} times as ${kind === 'time' ? 'long' : 'much'}`;
  const percent = Math.round(Math.abs(ratio - 1) * 100);
  if (percent === 0) return 'alike';
  const [more, less] = MORE_OR_LESS[kind];
  return `${Math.min(percent, ratio < 1 ? 99 : percent)}% ${ratio > 1 ? more : less}`;
}

function pointsWords(points: number): string {
  const size = Math.abs(points) < 10 ? Math.round(Math.abs(points) * 10) / 10 : Math.round(Math.abs(points));
  if (size === 0) return 'alike';
  return `${size} ${size === 1 ? 'point' : 'points'} ${points > 0 ? 'more' : 'less'}`;
}

const timesWord = (ratio: number): string =>
  ratio < 10 ? ratio.toFixed(1).replace(/\.0$/, '') : whole(Math.round(ratio));
const whole = (count: number): string => count.toLocaleString('en-US');
