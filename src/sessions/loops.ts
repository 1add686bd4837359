import type { CutPrompt } from '../pipeline/prompt.ts';

/** One tool, called with the same arguments. */
export interface Repeats {
  readonly name: string;
  readonly times: number;
}

/**
 * Tells which call of a tool comes back most often since the user spoke last, with the same arguments each time: who
 * asks for the same over and over is in a loop. Calls between them do not matter, so that two calls in turn are found too.
 *
 * @returns the most frequent, the newer of two; null where nothing was called since
 */
export function repeatsOf(cut: CutPrompt): Repeats | null {
  const spoke = lastSpoken(cut);
  const times = new Map<number, number>();
  let most: Repeats | null = null;
  for (const { name, hash, message } of cut.calls) {
    if (message <= spoke) continue;
    const count = (times.get(hash) ?? 0) + 1;
    times.set(hash, count);
    if (most === null || count >= most.times) most = { name, times: count };
  }
  return most;
}

/** The newest message with words of the user's; what stands beside a tool's result is the program's own. -1: none. */
function lastSpoken({ pieces }: CutPrompt): number {
  const withResults = new Set<number>();
  for (let at = pieces.length - 1; at >= 0; at--) {
    const { kind, name, message } = pieces[at]!;
    if (kind !== 'history' && kind !== 'new') continue;
    if (name === 'tool_results') withResults.add(message);
    else if (name === 'user' && !withResults.has(message) && !hasResults(pieces, at, message)) return message;
  }
  return -1;
}

/** Whether a result of a tool stands before this place in the same message. */
function hasResults(pieces: CutPrompt['pieces'], at: number, message: number): boolean {
  for (let before = at - 1; before >= 0 && pieces[before]!.message === message; before--)
    if (pieces[before]!.name === 'tool_results') return true;
  return false;
}
