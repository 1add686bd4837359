import type { Recogniser } from './recogniser.ts';
import { isWordAt } from './word-edge.ts';

/** A step of the tree that words are looked up in, character by character. */
interface Branch {
  readonly next: Map<number, Branch>;
  /** A word ends here. */
  ends: boolean;
}

/**
 * The operator's own words and names, as they are written: whole words only, so `Ann` is not found in `Annual`.
 *
 * All of them are looked for at once, from each place where a word begins. Where one is the beginning of
 * another, the longer one counts.
 */
export function wordRecogniser(kind: string, words: readonly string[], ignoreCase: boolean): Recogniser {
  const fold = ignoreCase ? folded : (text: string): string => text;
  const root: Branch = { next: new Map(), ends: false };
  let longest = 0;
  for (const word of words) {
    longest = Math.max(longest, word.length);
    plant(root, fold(word));
  }
  return {
    kind,
    find(text, found) {
      const plain = fold(text);
      for (let at = 0; at < plain.length; at++) {
        const branch = root.next.get(plain.charCodeAt(at));
        if (branch === undefined || isWordAt(plain, at - 1, at)) continue;
        const end = endOf(branch, plain, at + 1);
        if (end === -1) continue;
        found(at, end);
        at = end - 1;
      }
    },
  };
}

function plant(root: Branch, word: string): void {
  let branch = root;
  for (let n = 0; n < word.length; n++) {
    const code = word.charCodeAt(n);
    const known = branch.next.get(code) ?? { next: new Map(), ends: false };
    branch.next.set(code, known);
    branch = known;
  }
  branch.ends = true;
}

function endOf(first: Branch, text: string, from: number): number {
  let branch: Branch | undefined = first;
  let end = -1;
  for (let at = from; branch !== undefined; at++) {
    if (branch.ends && !isWordAt(text, at - 1, at)) end = at;
    branch = branch.next.get(text.charCodeAt(at));
  }
  return end;
}

/** In small letters, each character for itself, so that every place stays where it is. */
function folded(text: string): string {
  const small = text.toLowerCase();
  if (small.length === text.length) return small;
  return [...text]
    .map((character) => (character.toLowerCase().length === character.length ? character.toLowerCase() : character))
    .join('');
}
