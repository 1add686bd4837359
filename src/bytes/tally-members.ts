/** Longest word that is counted apart: roles are short, and callers may write anything. */
const MAX_WORD = 32;

/**
 * Counts the string values of a member of that name, at any depth of some JSON text: how many
 * messages of which role. A memory search: names inside strings are escaped there and do not match.
 */
export function tallyMembers(bytes: Buffer, key: string): Map<string, number> {
  const quoted = JSON.stringify(key);
  const tally = new Map<string, number>();
  for (let at = bytes.indexOf(quoted); at !== -1; at = bytes.indexOf(quoted, at)) {
    at += quoted.length;
    while (bytes[at] === 0x20 || bytes[at] === 0x3a) at++;
    if (bytes[at] !== 0x22) continue;
    const end = bytes.indexOf(0x22, at + 1);
    if (end === -1) break;
    const word = end - at > MAX_WORD ? 'other' : bytes.toString('latin1', at + 1, end);
    tally.set(word, (tally.get(word) ?? 0) + 1);
  }
  return tally;
}
