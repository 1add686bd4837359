/** What is allowed in a configuration and still worth a word when it is taken up. */
import type { PluginShape } from './compose.ts';
import { type Path, problemLine } from './problem.ts';
import type { Draft } from './read.ts';
import type { Config } from './schema.ts';
import { isLoopback } from './values.ts';

/** Returns one line for each thing the operator might not expect, with its place. */
export function notesOn(config: Config, draft: Draft, plugins: readonly PluginShape[]): string[] {
  const notes: string[] = [];
  const note = (path: Path, message: string) => notes.push(problemLine(draft.problem(path, message)));
  config.listen.forEach(({ host, auth }, i) => {
    if (isLoopback(host)) return;
    if (auth === 'none') note(['listen', i], 'can be reached by other machines, and its proxy asks nobody for a key');
    else note(['listen', i], 'can be reached by other machines, so a key is needed; one is made if keys has none');
  });
  for (const [name, { free, models }] of Object.entries(config.providers)) {
    const prices = Object.values(Array.isArray(models) ? {} : (models ?? {})) as Record<string, unknown>[];
    const priced = prices.some((price) => ['input', 'output'].some((rate) => Number(price[rate] ?? 0) > 0));
    if (free && priced) note(['providers', name, 'free'], 'is true, so the prices of its models are not used');
  }
  config.keys.forEach(({ expires }, i) => {
    if (expires !== undefined && Date.parse(expires) < Date.now())
      note(['keys', i, 'expires'], 'is past: the key opens nothing');
  });
  for (const { name, section } of plugins) {
    const listed = config.plugins.some((entry) => entry.plugin === name && entry.enabled);
    if (section !== undefined && Object.hasOwn(draft.data, section) && !listed) {
      note([section], `does nothing while plugins does not list ${name}`);
    }
  }
  return notes;
}
