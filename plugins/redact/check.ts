/** What a schema cannot say of the options. */
import type { OptionsFault } from '../../src/plugin.ts';
import { KINDS, type Wishes } from './kinds.ts';
import { PatternRecogniser } from './patterns.ts';

/** What is wrong with them; empty when nothing is. */
export function faultsIn(options: Partial<Wishes> & { readonly block?: readonly string[] }): OptionsFault[] {
  const { words = {}, patterns = {}, block = [] } = options;
  const known = [...KINDS, ...Object.keys(words), ...Object.keys(patterns)];
  return [
    ...Object.keys(words).flatMap((name) => nameFaults(['words', name], [...KINDS])),
    ...Object.keys(patterns).flatMap((name) => nameFaults(['patterns', name], [...KINDS, ...Object.keys(words)])),
    ...Object.entries(patterns).flatMap(([name, pattern]) => patternFaults(name, pattern)),
    ...block.flatMap((kind, n) =>
      known.includes(kind) ? [] : [{ path: ['block', n], message: `is no kind; there are ${known.join(', ')}` }],
    ),
  ];
}

const nameFaults = (path: readonly string[], taken: readonly string[]): OptionsFault[] =>
  taken.includes(path.at(-1)!) ? [{ path, message: 'is the name of another kind: give it one of its own' }] : [];

function patternFaults(name: string, pattern: string): OptionsFault[] {
  try {
    new PatternRecogniser(name, pattern);
    return [];
  } catch (error) {
    return [{ path: ['patterns', name], message: (error as Error).message }];
  }
}
