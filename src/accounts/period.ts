/** Words for stretches of time, and the windows that they cut time into. */
import { faceAt, instantOf } from './local-time.ts';
import type { Window } from './series.ts';

export { isZone } from './local-time.ts';

/** How long a window is: `count` times the unit; `total` has no end. */
export interface Period {
  readonly unit: 'hour' | 'day' | 'month' | 'total';
  readonly count: number;
  /** As it was written. */
  readonly text: string;
}

/** Where windows begin. */
export interface Calendar {
  /** Name of a time zone: `Europe/Berlin`. */
  readonly zone: string;
  /** Epoch milliseconds at which a window begins; null: days begin at midnight, weeks on Monday, months on the first. */
  readonly starts: number | null;
}

const WORDS: Readonly<Record<string, Omit<Period, 'text'>>> = {
  hour: { unit: 'hour', count: 1 },
  day: { unit: 'day', count: 1 },
  week: { unit: 'day', count: 7 },
  month: { unit: 'month', count: 1 },
  quarter: { unit: 'month', count: 3 },
  year: { unit: 'month', count: 12 },
  total: { unit: 'total', count: 1 },
};

/** What letters stand for, and how many of it are ten years: who means more means `total`. */
const LETTERS: Readonly<Record<string, readonly [unit: Period['unit'], each: number, most: number]>> = {
  h: ['hour', 1, 87_600],
  d: ['day', 1, 3_650],
  w: ['day', 7, 520],
  mo: ['month', 1, 120],
  y: ['month', 12, 10],
};

/** Reads `hour`, `day`, `week`, `month`, `quarter`, `year`, `total`, or a span: `24h`, `30d`, `2w`, `3mo`, `1y`; null where it is none, or longer than ten years. */
export function readPeriod(text: string): Period | null {
  if (Object.hasOwn(WORDS, text)) return { ...WORDS[text]!, text };
  const [, digits = '', letters = ''] = /^([1-9]\d{0,4})(h|d|w|mo|y)$/.exec(text) ?? [];
  if (letters === '') return null;
  const [unit, each, most] = LETTERS[letters]!;
  const count = Number(digits);
  return count > most ? null : { unit, count: count * each, text };
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Monday, and the first of a month, a quarter and a year: what everything is counted from that nobody lets start elsewhere. */
const ANCHOR = Date.UTC(2024, 0, 1);

const kept = new WeakMap<Calendar, WeakMap<Period, Window>>();

/**
 * The window of an instant, epoch milliseconds. Windows follow each other without gap or overlap.
 *
 * Hours are hours of the world. Days and all that is longer go by the clocks of the zone: each begins at the same
 * time of day, at the end of the gap where that time is skipped, at the first of both where it comes twice;
 * a month that lacks the day begins on its last one. What lies before `starts` is one window, which ends there.
 *
 * The answer is kept with the two objects: ask with the same ones again, and it costs nothing until the window ends.
 * Instants before 1970 count as its beginning.
 */
export function windowOf(period: Period, calendar: Calendar, at: number): Window {
  let ours = kept.get(calendar);
  const last = ours?.get(period);
  if (last !== undefined && at >= last.from && (last.to === null || at < last.to)) return last;
  if (ours === undefined) {
    ours = new WeakMap();
    kept.set(calendar, ours);
  }
  const found = find(period, calendar, Math.max(0, at));
  ours.set(period, found);
  return found;
}

function find(period: Period, calendar: Calendar, at: number): Window {
  const { starts } = calendar;
  if (starts !== null && at < starts) return { from: 0, to: starts };
  if (period.unit === 'total') return { from: starts ?? 0, to: null };
  const begin = beginnings(period, calendar);
  let n = begin.guess(at);
  while (begin.at(n) > at) n--;
  while (begin.at(n + 1) <= at) n++;
  return { from: begin.at(n), to: begin.at(n + 1) };
}

interface Beginnings {
  /** About which window an instant is in. */
  guess(at: number): number;
  /** When window `n` begins. */
  at(n: number): number;
}

function beginnings({ unit, count }: Period, { zone, starts }: Calendar): Beginnings {
  const first = starts ?? instantOf(zone, ANCHOR);
  if (unit === 'hour') {
    const length = count * HOUR;
    return { guess: (at) => Math.floor((at - first) / length), at: (n) => first + n * length };
  }
  const face = starts === null ? ANCHOR : faceAt(zone, starts);
  // A start in the second of two equal hours would otherwise be moved into the first.
  const at = (n: number, there: number): number => (n === 0 ? first : instantOf(zone, there));
  if (unit === 'day') {
    const length = count * DAY;
    return {
      guess: (now) => Math.floor((faceAt(zone, now) - face) / length),
      at: (n) => at(n, face + n * length),
    };
  }
  return {
    guess: (now) => Math.floor((monthOf(faceAt(zone, now)) - monthOf(face)) / count),
    at: (n) => at(n, monthsLater(face, n * count)),
  };
}

/** Months since the year 0. */
function monthOf(face: number): number {
  const date = new Date(face);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The same day and time of another month; its last day where it has no such day. */
function monthsLater(face: number, months: number): number {
  const date = new Date(face);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), days)) + (face - Math.floor(face / DAY) * DAY);
}
