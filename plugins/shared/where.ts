/** Which requests a limit concerns, in the words of accounts. */
import type { Dimension } from '../../src/plugin.ts';

export type Scope = Readonly<Record<string, unknown>>;

/** The globs of a scope by dimension. */
export function whereOf({ team, tags, ...scope }: Scope): Readonly<Partial<Record<Dimension, readonly string[]>>> {
  const named = Object.entries({ ...(team === undefined ? {} : { team }), ...(tags as Scope | undefined) });
  return Object.fromEntries([
    ...Object.entries(scope).map(([name, globs]) => [name, listOf(globs)] as const),
    // Names of tags are small letters, however a client writes them.
    ...named.map(([tag, globs]) => [`tags.${tag.toLowerCase()}`, listOf(globs)] as const),
  ]);
}

/** The dimensions of `per`. */
export const perOf = (per: unknown): readonly Dimension[] =>
  listOf(per ?? []).map((name) => {
    if (name === 'team') return 'tags.team';
    return (name.startsWith('tags.') ? name.toLowerCase() : name) as Dimension;
  });

const listOf = (value: unknown): readonly string[] => [value].flat() as string[];
