/** What rules look at: the value of each group now. */
import { type Dimension, type Figures, fromPico, type MeasureOf, type Records } from '../../src/plugin.ts';
import { picoOf } from '../shared/money.ts';
import { fits } from './fits.ts';
import { isMeasure } from './metrics.ts';
import type { Rule } from './rule.ts';

/** Names by dimension; null where those are meant that name none. Null: there are no groups. */
export type Labels = Readonly<Record<string, string | null>> | null;

export interface Observation {
  readonly labels: Labels;
  /** A decimal; null: there are rows, and nobody can say what they come to. */
  readonly value: string | null;
  /** Rows it rests on; 0 of a figure. */
  readonly rows: number;
}

export interface Observed {
  /** By the key of the group. */
  readonly groups: ReadonlyMap<string, Observation>;
  /** Why there is nothing to look at, where it is not that nothing was. */
  readonly reason: string | null;
}

export interface AskParts {
  readonly records: Pick<Records, 'measures'>;
  readonly figures: Pick<Figures, 'read'>;
  /** How old rows must be, so that all of them are there, milliseconds. */
  readonly settleMs: number;
}

/** Windows that a spike is held against. */
export const SPIKE_WINDOWS = 30;
/** Groups whose usual cost is remembered. */
const MOST_USUAL = 1000;

interface Usual {
  readonly until: number;
  readonly shape: string;
  /** Pico-dollars of all windows with traffic together, and how many these were, by group. */
  readonly sums: ReadonlyMap<string, { pico: bigint; windows: number }>;
}

export class Asker {
  readonly #parts: AskParts;
  /** What the windows of before came to, by rule: asked for once a window. */
  readonly #usual = new Map<string, Usual>();

  constructor(parts: AskParts) {
    this.#parts = parts;
  }

  /** Rejects when the database does not answer, or the plugin of a figure fails. */
  ask(rule: Rule, now: number): Promise<Observed> {
    if (rule.kind === 'figure') return this.#figure(rule);
    return rule.kind === 'spike' ? this.#spike(rule, now) : this.#rows(rule, now);
  }

  async #figure({ metric, where }: Rule): Promise<Observed> {
    const readings = await this.#parts.figures.read(metric);
    if (readings === null) return { groups: new Map(), reason: `no plugin offers the figure ${metric}` };
    const groups = new Map<string, Observation>();
    for (const { subject, value } of readings) {
      if (!fits(where, subject)) continue;
      const known = Number.isFinite(value) ? plain(value) : null;
      groups.set(keyOf(subject), { labels: subject, value: known, rows: 0 });
    }
    return { groups, reason: null };
  }

  async #rows(rule: Rule, now: number): Promise<Observed> {
    const to = now - this.#parts.settleMs;
    const found = await this.#measure(rule, to - rule.windowMs, to);
    const groups = new Map<string, Observation>();
    for (const { subject, value, rows } of found) {
      const labels = labelsOf(rule.groupBy, subject);
      groups.set(keyOf(labels), { labels, value, rows });
    }
    return { groups, reason: null };
  }

  #measure({ metric, groupBy, where, percentile, direction }: Rule, from: number, to: number): Promise<MeasureOf[]> {
    return this.#parts.records.measures({
      metric: isMeasure(metric) ? metric : 'cost_usd',
      from: new Date(from),
      to: new Date(to),
      groupBy,
      where,
      least: direction === 'below',
      ...(percentile !== null && { percentile }),
    });
  }

  /** This window's cost by the mean of those before it that had traffic; nobody can say where none of them had any. */
  async #spike(rule: Rule, now: number): Promise<Observed> {
    const { groups: costs } = await this.#rows(rule, now);
    const usual = await this.#usualOf(rule, now - this.#parts.settleMs - rule.windowMs);
    const groups = new Map<string, Observation>();
    for (const [key, { labels, value, rows }] of costs)
      groups.set(key, { labels, value: timesOf(value, usual.sums.get(key)), rows });
    return { groups, reason: usual.sums.size === 0 ? 'nothing was spent before to hold it against' : null };
  }

  /** Windows begin at whole multiples of their length, so that their sums hold for as long as a window is. */
  async #usualOf({ id, shape, windowMs, ...rule }: Rule, end: number): Promise<Usual> {
    const newest = Math.floor(end / windowMs) * windowMs;
    const known = this.#usual.get(id);
    if (known && known.shape === shape && known.until === newest) return known;
    const sums = new Map<string, { pico: bigint; windows: number }>();
    for (let at = 1; at <= SPIKE_WINDOWS; at++) {
      const from = newest - at * windowMs;
      for (const { subject, value } of await this.#measure({ id, shape, windowMs, ...rule }, from, from + windowMs)) {
        if (value === null) continue;
        const key = keyOf(labelsOf(rule.groupBy, subject));
        const sum = sums.get(key) ?? { pico: 0n, windows: 0 };
        if (sums.size < MOST_USUAL || sums.has(key))
          sums.set(key, { pico: sum.pico + picoOf(value), windows: sum.windows + 1 });
      }
    }
    const usual = { until: newest, shape, sums };
    this.#usual.set(id, usual);
    return usual;
  }

  /** Forgets rules that are no more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#usual.keys()) if (!ids.has(id)) this.#usual.delete(id);
  }
}

const labelsOf = (groupBy: Dimension | null, subject: string | null): Labels =>
  groupBy === null ? null : { [groupBy]: subject };

/** The same labels have the same key, in whatever order they come. */
export function keyOf(labels: Labels): string {
  if (labels === null) return '';
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Four decimals. Null where the windows of before came to nothing. */
function timesOf(cost: string | null, usual: { pico: bigint; windows: number } | undefined): string | null {
  if (cost === null || usual === undefined || usual.pico <= 0n) return null;
  const times = (picoOf(cost) * BigInt(usual.windows) * 10_000n + usual.pico / 2n) / usual.pico;
  // A number of 12 decimals is what is at hand to write it: four of them are left.
  return fromPico(times * 10n ** 8n);
}

/** A number without an exponent. */
const plain = (value: number): string => (Math.abs(value) < 1e21 ? value.toFixed(6).replace(/\.?0+$/, '') : '1e21');
