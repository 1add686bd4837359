/** The pipeline as gateway.yaml lists it: top first, checked against what plugins require of each other. */
import { ConfigError, type Problem } from '../config/problem.ts';
import type { PluginEntry } from '../config/schema.ts';
import { compileWhen, type Facts } from './when.ts';

/** One place in the pipeline. */
export interface Ordered extends Omit<PluginEntry, 'when'> {
  /** Whether the plugin meets an exchange; null when it meets all of them. */
  readonly applies: ((facts: Facts) => boolean) | null;
}

/** What a plugin says about others. */
interface Needs {
  readonly requires?: Readonly<Record<string, 'above' | 'below'>> | undefined;
  readonly needs?: readonly string[] | undefined;
  needsBy?(options: Readonly<Record<string, unknown>>): readonly string[];
}

/**
 * Returns the entries in the order of the list, `when` compiled; those switched off are among them and take
 * part in no check. Throws a ConfigError when a plugin stands on the wrong side of one it requires,
 * or without one it needs.
 */
export function orderPlugins(entries: readonly PluginEntry[], definitions: ReadonlyMap<string, Needs>): Ordered[] {
  const enabled = entries.filter((entry) => entry.enabled);
  const problems = enabled.flatMap((entry, at) => {
    const definition = definitions.get(entry.plugin);
    const { requires = {}, needs = [] } = definition ?? {};
    return [
      ...[...needs, ...(definition?.needsBy?.(entry.options) ?? [])].flatMap((other) => missing(enabled, entry, other)),
      ...Object.entries(requires).flatMap(([other, side]) => misplaced(enabled, at, other, side)),
    ];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return entries.map(({ when, ...entry }) => ({ ...entry, applies: when === null ? null : compileWhen(when) }));
}

function missing(entries: readonly PluginEntry[], entry: PluginEntry, other: string): Problem[] {
  if (entries.some(({ plugin }) => plugin === other)) return [];
  const message = `needs the plugin ${other}, which is not in the list; add ${other}, or take ${entry.name} out`;
  return [{ ...placeOf(entry), path: `plugins: ${entry.name}`, message }];
}

function misplaced(entries: readonly PluginEntry[], at: number, other: string, side: 'above' | 'below'): Problem[] {
  const entry = entries[at]!;
  return entries.flatMap((candidate, i) => {
    if (candidate.plugin !== other || i === at || (side === 'below' ? i > at : i < at)) return [];
    const { file, line, column } = placeOf(entry);
    const theirs = placeOf(candidate).line;
    const where = theirs === null ? 'stands' : `on line ${theirs} stands`;
    const wrong = side === 'below' ? 'above' : 'below';
    const message = `needs ${candidate.name} ${side} it, but ${candidate.name} ${where} ${wrong}; move ${candidate.name} ${side} ${entry.name}`;
    return [{ file, line, column, path: `plugins: ${entry.name}`, message }];
  });
}

function placeOf({ place }: PluginEntry): { file: string; line: number | null; column: number | null } {
  const [, file, line, column] = /^(.*?):(\d+):(\d+)$/.exec(place) ?? [];
  if (file === undefined) return { file: place.replace(/:$/, ''), line: null, column: null };
  return { file, line: Number(line), column: Number(column) };
}
