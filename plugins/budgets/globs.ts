/** Lists in one field of a form: commas between, quotes around what has one itself. */

/** `a, "b, c"`, or `team=a, team=b` of tags by name. */
export function textOf(values: readonly string[] | Readonly<Record<string, readonly string[]>>): string {
  if (isList(values)) return values.map(quoted).join(', ');
  return Object.entries(values)
    .flatMap(([name, list]) => list.map((value) => `${name}=${quoted(value)}`))
    .join(', ');
}

/** The values of a field. */
export const listOf = (text = ''): string[] =>
  pieces(text)
    .map(unquoted)
    .filter((value) => value !== '');

/** Values by the names of tags; a tag without a value has the value ''. */
export function tagsOf(text = ''): Record<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const piece of pieces(text)) {
    const at = piece.indexOf('=');
    const name = (at === -1 ? piece : piece.slice(0, at)).trim();
    if (name === '' && at === -1) continue;
    const value = at === -1 ? '' : unquoted(piece.slice(at + 1));
    tags.set(name, [...(tags.get(name) ?? []), value]);
  }
  return Object.fromEntries(tags);
}

const isList = (values: Parameters<typeof textOf>[0]): values is readonly string[] => Array.isArray(values);

const PIECE = /(?:[^,"]|"(?:[^"\\]|\\.)*"|")+/g;
/** Characters; what is longer was not typed, and is one piece. */
const LONGEST = 4000;
const pieces = (text: string): string[] => (text.length > LONGEST ? [text] : (text.match(PIECE) ?? []));

const quoted = (value: string): string => (/[,"\\]|^\s|\s$/.test(value) ? JSON.stringify(value) : value);

function unquoted(piece: string): string {
  const text = piece.trim();
  if (!/^".*"$/.test(text)) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}
