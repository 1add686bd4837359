/** The form of a budget: fields for what gateway.yaml says in words, and back. */

import { DIMENSIONS } from '../shared/scope.ts';
import type { Members } from './desk.ts';
import { listOf, tagsOf, textOf } from './globs.ts';
import type { Budget, Complaint } from './types.ts';

/** What stands in the fields, by their names; several values have commas between them. */
export type Values = Readonly<Record<string, string>>;

const UNITS = { usd: 'limit_usd', tokens: 'limit_tokens', requests: 'limit_requests' } as const;

/** What an empty form begins with. `zone` is the reader's. */
export const fresh = (zone: string): Values => ({
  unit: 'usd',
  period: 'month',
  time_zone: zone,
  action: 'reject',
  warn_at: '80',
  when_short: 'refuse',
  on_unpriced: 'block',
});

/** What was typed, each field once; of the boxes all that are checked. */
export function typed(form: URLSearchParams): Values {
  const values: Record<string, string> = {};
  for (const name of new Set(form.keys())) values[name] = form.getAll(name).join(',').trim();
  return values;
}

/** A budget as its form shows it. */
export function valuesOf({ spec }: Budget): Values {
  const { scope, per, when_short: short, on_unpriced: unpriced } = spec;
  const { tags, ...rest } = scope;
  const globs = Object.entries(rest).map(([name, list]) => [`scope_${name}`, textOf(list as readonly string[])]);
  const unit = (['usd', 'tokens', 'requests'] as const).find((one) => spec[UNITS[one]] !== undefined) ?? 'usd';
  return {
    name: spec.name,
    limit: String(spec[UNITS[unit]]),
    unit,
    period: spec.period,
    time_zone: spec.time_zone,
    starts: spec.starts ?? '',
    ...(Object.fromEntries(globs) as Record<string, string>),
    tags: textOf(tags === undefined ? [] : (tags as Record<string, readonly string[]>)),
    per: per.filter((name) => !name.startsWith('tags.')).join(','),
    per_tags: textOf(per.filter((name) => name.startsWith('tags.')).map((name) => name.slice('tags.'.length))),
    action: spec.action,
    warn_at: spec.warn_at.join(', '),
    when_short: typeof short === 'object' ? 'model' : short,
    when_short_model: typeof short === 'object' ? short.model : '',
    on_unpriced: typeof unpriced === 'object' ? 'reserve' : unpriced,
    reserve_usd: typeof unpriced === 'object' ? unpriced.reserve_usd : '',
  };
}

/** The budget that was typed, as the API takes it. What cannot be read stays text, so that it is complained of by its name. */
export function specOf(values: Values): Members {
  const { unit = 'usd', limit = '', when_short: short, on_unpriced: unpriced } = values;
  const isWhole = unit !== 'usd' && /^\d{1,15}$/.test(limit);
  const per = [...listOf(values.per), ...listOf(values.per_tags).map((name) => `tags.${name}`)];
  return {
    name: values.name || undefined,
    [UNITS[unit as keyof typeof UNITS] ?? UNITS.usd]: limit === '' ? undefined : isWhole ? Number(limit) : limit,
    period: values.period || undefined,
    time_zone: values.time_zone || undefined,
    starts: values.starts || undefined,
    scope: scopeOf(values),
    per: per.length > 0 ? per : undefined,
    action: values.action || undefined,
    warn_at: listOf(values.warn_at).map((text) => (/^\d{1,4}$/.test(text) ? Number(text) : text)),
    when_short: short === 'model' ? { model: values.when_short_model ?? '' } : short || undefined,
    on_unpriced: unpriced === 'reserve' ? { reserve_usd: values.reserve_usd ?? '' } : unpriced || undefined,
  };
}

function scopeOf(values: Values): Record<string, unknown> {
  const scope: Record<string, unknown> = {};
  for (const name of DIMENSIONS) {
    const globs = listOf(values[`scope_${name}`]);
    if (globs.length > 0) scope[name] = globs;
  }
  const tags = tagsOf(values.tags);
  return Object.keys(tags).length > 0 ? { ...scope, tags } : scope;
}

/** What is wrong, by the field of the form that it stands beside; '' for what has none. */
export function problemsOf(complaints: readonly Complaint[], values: Values): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { field, message } of complaints) {
    const name = fieldOf(field, values);
    if (!found.has(name)) found.set(name, name === '' ? `${field} ${message}`.trim() : message);
  }
  return found;
}

function fieldOf(field: string, { when_short: short }: Values): string {
  if (field.startsWith('limit_')) return 'limit';
  if (field.startsWith('scope.tags')) return 'tags';
  if (field.startsWith('scope.')) return `scope_${field.slice('scope.'.length)}`;
  if (field === 'scope') return '';
  if (field === 'when_short') return short === 'model' ? 'when_short_model' : 'when_short';
  if (field.startsWith('on_unpriced.')) return 'reserve_usd';
  return field;
}
