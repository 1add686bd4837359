import type { Usage, UsageName } from './usage.ts';

export type JsonObject = { readonly [name: string]: unknown };

/** Takes what a meter finds odd, named: it is logged and stored, never repaired in silence. */
export type Note = (inconsistency: string) => void;

/** The value as an object, or null for anything else, arrays too. */
export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The value as a list, empty for anything else. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A name that a provider gave (model, id, tier), or null when there is none. */
export function nameOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= 256 ? value : null;
}

/** A code made of word characters, numbers included; null for anything that could be a sentence. */
export function codeOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && /^[\w.:/-]{1,100}$/.test(value) ? value : null;
}

/**
 * A counter: a whole number from 0 to 2^53 - 1. Null and absent say nothing; anything
 * else is ignored and named, so that one odd number does not spoil the rest.
 */
export function count(source: JsonObject | null, name: string, note: Note): number | undefined {
  const value = source?.[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  note(`${name} is not a count`);
  return undefined;
}

/**
 * Lays what was said last over what was said before: a state, not a sum.
 *
 * Null, absent and `{}` are "nothing said" and never overwrite; zero is a statement.
 * Returns `before` itself when nothing was said now.
 */
export function mergeUsage(before: JsonObject | null, said: unknown): JsonObject | null {
  const object = asObject(said);
  if (object === null) return before;
  const merged: { [name: string]: unknown } = { ...before };
  let changed = false;
  for (const [name, value] of Object.entries(object)) {
    if (value === null || name === '__proto__') continue;
    const nested = asObject(value);
    const next = nested === null ? value : mergeUsage(asObject(before?.[name]), nested);
    if (next === null || (nested !== null && next === before?.[name])) continue;
    merged[name] = next;
    changed = true;
  }
  return changed ? merged : before;
}

/** Sets a counter that was reported; absent stays absent. */
export function put(usage: Usage, name: UsageName, value: number | undefined): void {
  if (value !== undefined) usage[name] = value;
}

/** Adds each counter of one usage to another. */
export function addUsage(sum: Usage, more: Usage): void {
  for (const [name, value] of Object.entries(more) as [UsageName, number][]) sum[name] = (sum[name] ?? 0) + value;
}

const SPLITS: readonly UsageName[] = [
  'cache_creation.5m.input_tokens',
  'cache_creation.1h.input_tokens',
  'cache_creation.30m.input_tokens',
  'cache_creation.12h.input_tokens',
];

/** Names what does not add up in a normalised usage. */
export function checkUsage(usage: Usage, note: Note): void {
  const of = (name: UsageName) => usage[name] ?? 0;
  const write = of('cache_creation.input_tokens');
  if (usage.input_tokens !== undefined && of('cache_read.input_tokens') + write > usage.input_tokens) {
    note('cache_read + cache_creation > input_tokens');
  }
  if (usage.output_tokens !== undefined && of('reasoning.output_tokens') > usage.output_tokens) {
    note('reasoning > output_tokens');
  }
  const split = SPLITS.reduce((sum, name) => sum + of(name), 0);
  if (split > 0 && split !== write) note('split of cache_creation does not add up');
}
