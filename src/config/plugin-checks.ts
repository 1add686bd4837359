/** What plugins find wrong with their own options, where a schema cannot say it. */
import type { PluginShape } from './compose.ts';
import { optionsIn } from './finish.ts';
import type { Path, Problem } from './problem.ts';
import type { Draft } from './read.ts';
import type { Checked } from './scene.ts';

/** Asks each plugin that is listed and on. A check that throws says so in its place: it must not keep a good file from being taken. */
export function checkOptions(
  draft: Draft,
  document: Record<string, unknown>,
  plugins: readonly PluginShape[],
): Problem[] {
  const shapes = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const problems: Problem[] = [];
  for (const [i, entry] of (document.plugins as Checked['plugins']).entries()) {
    const shape = shapes.get(entry.plugin);
    if (entry.enabled === false || shape?.check === undefined) continue;
    const placed = (path: Path): Path => placeOf(shape, i, path);
    for (const { path, message } of shape.check(optionsIn(entry, document, shape) as never, {
      names: namesIn(document),
    }))
      problems.push(draft.problem(placed(path), message));
  }
  return problems;
}

/** Where an option stands in the file: in the entry, or in the plugin's section. */
function placeOf({ section, options = {} }: PluginShape, index: number, path: Path): Path {
  if (section === undefined) return ['plugins', index, ...path];
  if (!Object.hasOwn(options, section)) return [section, ...path];
  return path[0] === section ? path : ['plugins', index, ...path];
}

/** The names that a top-level section gives: its keys, or the `name` of each of its elements. */
const namesIn =
  (document: Record<string, unknown>) =>
  (section: string): readonly string[] => {
    const value = document[section];
    if (typeof value !== 'object' || value === null) return [];
    if (!Array.isArray(value)) return Object.keys(value);
    return value.flatMap(({ name }: { name?: unknown }) => (typeof name === 'string' ? [name] : []));
  };
