/** The model that each alias comes to, aliases of aliases followed. There must be no circle. */
export function resolveAliases(aliases: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const resolved = new Map<string, string>();
  for (const alias of Object.keys(aliases)) {
    let model = aliases[alias]!;
    while (Object.hasOwn(aliases, model)) model = aliases[model]!;
    resolved.set(alias, model);
  }
  return resolved;
}
