/**
 * Compiles globs into one test: true when any of them matches the whole text.
 *
 * `*` stands for any run of characters, slashes included; nothing else is special and case
 * counts. Each piece between stars is looked for once, from left to right, so no glob can
 * make the test slow, as a regular expression of the user's could.
 */
export function compileGlobs(globs: string | readonly string[]): (text: string) => boolean {
  const list = [globs].flat();
  const exact = new Set(list.filter((glob) => !glob.includes('*')));
  const patterns = list.filter((glob) => glob.includes('*')).map((glob) => glob.split('*'));
  if (patterns.some((pieces) => pieces.every((piece) => piece === ''))) return () => true;
  if (patterns.length === 0 && exact.size === 1) {
    const [only] = exact;
    return (text) => text === only;
  }
  return (text) => exact.has(text) || patterns.some((pieces) => matches(pieces, text));
}

function matches(pieces: readonly string[], text: string): boolean {
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let from = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const found = text.indexOf(pieces[i]!, from);
    if (found === -1 || found + pieces[i]!.length > end) return false;
    from = found + pieces[i]!.length;
  }
  return true;
}
