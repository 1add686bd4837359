/** A rule as gateway.yaml says it, with all that it leaves out. */
import { createHash } from 'node:crypto';
import { type Decimal, type Dimension, parseDecimal } from '../../src/plugin.ts';
import type { Severity } from '../shared/notice.ts';
import { isMeasure, isTimed, SPIKE } from './metrics.ts';

export type NoDataMode = 'keep' | 'ok' | 'no_data' | 'alert';

/** Globs by dimension. */
export type Where = Readonly<Partial<Record<Dimension, readonly string[]>>>;

type Amount = number | string;
type Scope = Readonly<Record<string, unknown>>;

/** As it stands in gateway.yaml, its times in milliseconds. */
export interface RuleSpec {
  readonly name: string;
  readonly metric: string;
  readonly window?: string;
  readonly percentile?: number;
  readonly group_by?: string;
  readonly scope?: Scope;
  readonly above?: Amount;
  readonly below?: Amount;
  readonly warn_above?: Amount;
  readonly warn_below?: Amount;
  readonly no_data?: NoDataMode;
  readonly for?: number;
  readonly renotify?: number;
  readonly cooldown?: number;
  readonly severity?: Severity;
  readonly notify?: readonly string[];
  readonly paused?: boolean;
}

export interface Threshold {
  /** As it was written. */
  readonly text: string;
  readonly value: Decimal;
}

export interface Rule {
  /** Of its name, fit for a document. */
  readonly id: string;
  readonly name: string;
  readonly metric: string;
  /** Who knows the value: rows of a window, windows before it, or a plugin. */
  readonly kind: 'measure' | 'spike' | 'figure';
  /** As it was written; null: a figure has none. */
  readonly window: string | null;
  readonly windowMs: number;
  readonly percentile: number | null;
  readonly groupBy: Dimension | null;
  readonly where: Where;
  readonly direction: 'above' | 'below';
  readonly critical: Threshold;
  readonly warn: Threshold | null;
  readonly noData: NoDataMode;
  readonly forMs: number;
  readonly renotifyMs: number | null;
  readonly cooldownMs: number;
  readonly severity: Severity;
  readonly notify: readonly string[];
  /** By gateway.yaml. */
  readonly paused: boolean;
  /** Changes with what it looks at: states of before say nothing then. */
  readonly shape: string;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const COOLDOWN_MS = 10 * 60_000;
const USUAL_PERCENTILE = 95;

/** Milliseconds of `15m`, `1h` or `31d`. */
export const windowMsOf = (window: string): number => Number(window.slice(0, -1)) * UNITS[window.slice(-1)]!;

/** Reads what `check` has found nothing wrong with. */
export function ruleOf(spec: RuleSpec): Rule {
  const { name, metric } = spec;
  const kind = metric === SPIKE ? 'spike' : isMeasure(metric) ? 'measure' : 'figure';
  const direction = spec.above === undefined ? 'below' : 'above';
  const groupBy = dimensionOf(spec.group_by ?? 'none');
  const where = whereOf(spec.scope ?? {});
  const window = kind === 'figure' ? null : (spec.window ?? '1h');
  const percentile = isTimed(metric) ? (spec.percentile ?? USUAL_PERCENTILE) : null;
  return {
    id: hashOf(name),
    name,
    metric,
    kind,
    window,
    windowMs: window === null ? 0 : windowMsOf(window),
    percentile,
    groupBy,
    where,
    direction,
    critical: thresholdOf((spec.above ?? spec.below)!),
    warn: warningOf(spec),
    noData: spec.no_data ?? 'no_data',
    forMs: spec.for ?? 0,
    renotifyMs: spec.renotify ?? null,
    cooldownMs: spec.cooldown ?? COOLDOWN_MS,
    severity: spec.severity ?? 'critical',
    notify: spec.notify ?? [],
    paused: spec.paused ?? false,
    shape: hashOf(JSON.stringify([metric, window, percentile, groupBy, Object.entries(where).sort(), direction])),
  };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

export const thresholdOf = (amount: Amount): Threshold => ({ text: String(amount), value: parseDecimal(amount) });

function warningOf({ warn_above, warn_below }: RuleSpec): Threshold | null {
  const amount = warn_above ?? warn_below;
  return amount === undefined ? null : thresholdOf(amount);
}

/** The dimension of a `group_by`; null for none. */
export function dimensionOf(name: string): Dimension | null {
  if (name === 'none') return null;
  if (name === 'team') return 'tags.team';
  const tag = /^(?:tag |tags\.)(.+)$/.exec(name)?.[1];
  // Names of tags are small letters, however a client writes them.
  return tag === undefined ? (name as Dimension) : `tags.${tag.trim().toLowerCase()}`;
}

function whereOf(scope: Scope): Where {
  const where: Partial<Record<Dimension, readonly string[]>> = {};
  const put = (dimension: Dimension, globs: unknown): void => {
    where[dimension] = [globs].flat() as string[];
  };
  for (const [name, globs] of Object.entries(scope)) {
    if (name === 'team') put('tags.team', globs);
    else if (name === 'tags')
      for (const [tag, values] of Object.entries(globs as Scope)) put(`tags.${tag.toLowerCase()}`, values);
    else put(name as Dimension, globs);
  }
  return where;
}

/** Whether a value is on the wrong side of a threshold; on it, it is not. */
export function passes(value: Decimal, threshold: Threshold, direction: Rule['direction']): boolean {
  const order = compare(value, threshold.value);
  return direction === 'above' ? order > 0 : order < 0;
}

/** Negative, 0 or positive, as one is less than, the same as or more than the other. */
export function compare(one: Decimal, other: Decimal): number {
  const scale = Math.max(one.scale, other.scale);
  const [a, b] = [one, other].map(({ digits, scale: own }) => digits * 10n ** BigInt(scale - own));
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}
