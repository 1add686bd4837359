/** What a budget says, in words for people. */
import type { Budget, BudgetSpec } from './types.ts';

/** Which requests it counts: `Requests of agent ci-* or dev, tag team: backend`. */
export function scopeWords({ scope }: BudgetSpec): string {
  const parts = Object.entries(scope).flatMap(([dimension, globs]) =>
    isList(globs)
      ? [`${dimension} ${choice(globs)}`]
      : Object.entries(globs).map(([tag, values]) => `tag ${tag}: ${choice(values)}`),
  );
  return parts.length === 0 ? 'All requests' : `Requests of ${parts.join(', ')}`;
}

/** By what its accounts are told apart: `agent and tag team`; '' where there is one for all. */
export const perWords = ({ per }: BudgetSpec): string =>
  per.map((dimension) => dimension.replace(/^tags\./, 'tag ')).join(' and ');

/** How often it begins anew: `a month, in Europe/Berlin`. */
export function periodWords({ when: { period, zone, starts } }: Budget): string {
  const from = starts === null ? '' : `, from ${starts}`;
  if (period === 'total') return `in all${from}`;
  const [, count = '', letters = ''] = /^(\d+)(\w+)$/.exec(period) ?? [];
  const unit = UNITS[letters];
  const words = unit === undefined ? `a ${period}` : count === '1' ? `a ${unit}` : `every ${count} ${unit}s`;
  return `${words.replace(/^a hour$/, 'an hour')}${zone === 'UTC' ? '' : `, in ${zone}`}${from}`;
}

/** What becomes of a request that does not fit. */
export function actionWords({ action, whenShort }: Budget): { short: string; long: string } {
  if (action === 'warn') return { short: 'warns', long: 'Requests pass when it is used up, and that is told.' };
  if (whenShort === 'clamp')
    return {
      short: 'shortens',
      long: 'A request that does not fit gets a shorter answer; without room for one it is refused.',
    };
  if (whenShort === 'refuse') return { short: 'refuses', long: 'A request that does not fit is refused.' };
  return {
    short: `falls to ${whenShort.model}`,
    long: `A request that does not fit goes to ${whenShort.model}; where that does not fit either, it is refused.`,
  };
}

/** `US dollars`, `tokens` or `requests`. */
export const unitWords = ({ series: { measure } }: Budget): string => (measure === 'usd' ? 'US dollars' : measure);

/** What is left of a stretch of time, in its two largest units: `10 d 3 h`. */
export function spanWords(milliseconds: number): string {
  const minutes = Math.max(1, Math.ceil(milliseconds / 60_000));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (days > 0) return hours > 0 && days < 30 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return rest > 0 ? `${hours} h ${rest} min` : `${hours} h`;
  return `${minutes} min`;
}

const UNITS: Readonly<Record<string, string>> = { h: 'hour', d: 'day', w: 'week', mo: 'month', y: 'year' };

const isList = (globs: BudgetSpec['scope'][string]): globs is readonly string[] => Array.isArray(globs);

const choice = (values: readonly string[]): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
