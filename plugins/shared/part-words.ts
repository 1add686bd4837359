/** Parts of prompts in the words of pages. */
import type { PartKind } from '../../src/plugin.ts';

/** What is left of a kind when the largest parts have names of their own. */
const KINDS: Readonly<Record<PartKind, string>> = {
  tool: 'tool',
  schema: 'answer schema',
  system: 'system prompt',
  file: 'file',
  skills: 'skills',
  component: 'component',
  history: 'history',
  new: 'new',
};

/** Who speaks in a message, or what is in it. */
const SPEAKERS: Readonly<Record<string, string>> = {
  user: 'user messages',
  assistant: 'assistant messages',
  tool_results: 'tool results',
  tool_calls: 'tool calls',
  thinking: 'thinking',
  images: 'images',
  documents: 'documents',
};

export const kindWords = (kind: PartKind): string => KINDS[kind] ?? kind;

/** `tool search`, `file AGENTS.md`, `history: tool results`, `system prompt`. */
export function partWords({ kind, name }: { kind: PartKind; name: string }): string {
  if (name === '') return kindWords(kind);
  const isMessage = kind === 'history' || kind === 'new';
  return isMessage ? `${kindWords(kind)}: ${SPEAKERS[name] ?? name}` : `${kindWords(kind)} ${name}`;
}

/** The name by itself, for a table that has a column for the kind. */
export function nameWords({ kind, name }: { kind: PartKind; name: string }): string {
  if (name === '') return kindWords(kind);
  return kind === 'history' || kind === 'new' ? (SPEAKERS[name] ?? name) : name;
}
