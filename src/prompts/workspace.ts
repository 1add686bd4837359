import { overlay, type Stretch } from './stretches.ts';

/**
 * Finds the workspace files and the skills in a system prompt, by the rules of the predecessor:
 *
 * - Files are looked for from a line that begins with `# Project Context` on. Each begins with the first line
 *   `## NAME` of its name and ends where another of them begins, or at a line that begins with `## Silent Replies`,
 *   `## Heartbeats` or `## Runtime`; other headings do not end it. Its heading, and empty lines behind it, are not its own.
 * - Skills are the first `## Skills (mandatory)` up to the next heading of level 2, with their heading.
 *
 * Where skills stand in a file they are taken out of it: the predecessor counted them twice.
 */
export function workspaceOf(text: string): Stretch[] {
  return overlay(skillsIn(text), filesIn(text));
}

const FILES = [
  'AGENTS.md',
  'SOUL.md',
  'TOOLS.md',
  'IDENTITY.md',
  'USER.md',
  'HEARTBEAT.md',
  'BOOTSTRAP.md',
  'MEMORY.md',
] as const;
const LF = 10;
const ENDS = ['Silent Replies', 'Heartbeats', 'Runtime'] as const;

const TAIL = {
  /** A word ends here. */
  word: /\b/y,
  /** Nothing but space up to the end of this line, or of one below it. */
  line: /\s*(?![^\n])/y,
  feed: /\n/y,
};

interface Marker {
  readonly at: number;
  /** Where the content begins; null: it is only an end. */
  readonly content: number | null;
  readonly name: string;
}

function filesIn(text: string): Stretch[] {
  const from = findLine(text, '# Project Context', 0, TAIL.word)?.at;
  if (from === undefined) return [];
  const markers: Marker[] = [];
  for (const name of FILES) {
    const found = findLine(text, `## ${name}`, from, TAIL.line);
    if (found) markers.push({ at: found.at, content: found.end + 1, name });
  }
  for (const name of ENDS) {
    const found = findLine(text, `## ${name}`, from, TAIL.word);
    if (found) markers.push({ at: found.at, content: null, name: '' });
  }
  markers.sort((one, other) => one.at - other.at);
  return markers.flatMap(({ content, name }, n) => {
    const end = markers[n + 1]?.at ?? text.length;
    return content === null || content >= end ? [] : [{ start: content, end, kind: 'file' as const, name }];
  });
}

function skillsIn(text: string): Stretch[] {
  const found = findLine(text, '## Skills (mandatory)', 0, TAIL.feed);
  if (!found) return [];
  const next = text.indexOf('\n## ', found.end - 1);
  return [{ start: found.at, end: next === -1 ? text.length : next + 1, kind: 'skills', name: '' }];
}

/** The first line from a place on that begins so, with what follows there. Only a line feed ends lines, as in the predecessor. */
function findLine(text: string, words: string, from: number, tail: RegExp): { at: number; end: number } | null {
  for (let at = text.indexOf(words, from); at !== -1; at = text.indexOf(words, at + 1)) {
    if (at > 0 && text.charCodeAt(at - 1) !== LF) continue;
    tail.lastIndex = at + words.length;
    const found = tail.exec(text);
    if (found) return { at, end: tail.lastIndex };
  }
  return null;
}
