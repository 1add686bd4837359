/**
 * Environment variables that override scalars: TOKEN_SPY__SECTION__KEY=value. A list takes
 * its index (TOKEN_SPY__LISTEN__0__PORT); names compare without case, and whatever a
 * variable's name cannot spell (`-`, `.`, `/`) is written `_`.
 */
import { type Path, pathText, pointer } from './problem.ts';
import { coreType, type Environment } from './variables.ts';

const PREFIX = 'TOKEN_SPY__';

/** A map of the parsed document. */
export type Branch = Record<string, unknown>;

export interface Override {
  variable: string;
  path: Path;
  text: string;
}

export interface Overridden {
  done: Override[];
  failed: { variable: string; path: string; message: string }[];
}

/** Lays the overrides of an environment over a document, in place; variables in the order of their names. */
export function override(document: Branch, env: Environment): Overridden {
  const out: Overridden = { done: [], failed: [] };
  const variables = Object.keys(env).filter((key) => key.startsWith(PREFIX) && env[key] !== undefined);
  for (const variable of variables.sort((a, b) => (a < b ? -1 : 1))) {
    const words = variable.slice(PREFIX.length).split('__');
    const path: (string | number)[] = [];
    const message = words.includes('') ? 'has an empty part in its name' : lay(document, words, env[variable]!, path);
    if (message !== null) out.failed.push({ variable, path: pathText(path), message });
    else out.done.push({ variable, path, text: env[variable]! });
  }
  return out;
}

/** Walks down the words, making maps and lists that are missing; returns what is wrong, or null. */
function lay(document: Branch, words: string[], text: string, path: (string | number)[]): string | null {
  let here: unknown = document;
  for (const [i, word] of words.entries()) {
    const step = stepInto(here, word);
    if (typeof step === 'object') return step.message;
    path.push(step);
    const branch = here as Branch;
    const last = i === words.length - 1;
    const there = branch[step as string];
    if (last && typeof there === 'object' && there !== null)
      return 'is a map or a list; only single values can be overridden';
    if (last) branch[step as string] = coreType(text);
    else if (there === undefined || there === null) branch[step as string] = /^\d+$/.test(words[i + 1]!) ? [] : {};
    here = branch[step as string];
  }
  return null;
}

function stepInto(here: unknown, word: string): string | number | { message: string } {
  if (Array.isArray(here)) {
    if (!/^\d{1,6}$/.test(word)) return { message: 'is a list; go on with the index of an entry, such as __0' };
    if (Number(word) > here.length) return { message: `has ${here.length} entries; the next index is ${here.length}` };
    return Number(word);
  }
  if (typeof here !== 'object' || here === null) return { message: 'is a single value; nothing can be set inside it' };
  const name = Object.keys(here).find((key) => plain(key) === plain(word)) ?? word.toLowerCase();
  if (FORBIDDEN.has(name)) return { message: 'has a name that is not allowed' };
  return name;
}

/** Names that would reach into the prototype of a map. */
export const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '_');
}

/** The pointers of all overrides with the variable each came from. */
export function origins(overrides: readonly Override[]): Map<string, string> {
  return new Map(overrides.map(({ path, variable }) => [pointer(path), variable]));
}
