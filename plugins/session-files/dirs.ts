/** Which agent keeps its sessions in which directory. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** By agent, absolute. */
export type SessionDirs = ReadonlyMap<string, string>;

/**
 * Directories of the options; where they name none, those of `AGENT_SESSION_DIRS`, as the predecessor reads it.
 *
 * @param folder relative paths start here
 * @param warn hears what cannot be read; nothing of it is quoted
 */
export function dirsOf(
  options: Readonly<Record<string, string>>,
  variable: string | undefined,
  folder: string,
  warn: (message: string) => void,
): SessionDirs {
  const named = Object.keys(options).length > 0 ? options : fromVariable(variable ?? '', warn);
  return new Map(Object.entries(named).map(([agent, path]) => [agent, resolve(folder, expanded(path))]));
}

/** Shells that pass quotes on leave them around it. */
function fromVariable(variable: string, warn: (message: string) => void): Record<string, string> {
  const text = variable.trim().replace(/^'([\s\S]*)'$/, '$1');
  if (text === '') return {};
  const dirs = read(text);
  if (dirs !== null) return dirs;
  warn('AGENT_SESSION_DIRS is not taken: it must be JSON such as {"coder": "/path/to/sessions"}');
  return {};
}

function read(text: string): Record<string, string> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const entries = Object.entries(value);
    return entries.every(([, path]) => typeof path === 'string' && path !== '') ? Object.fromEntries(entries) : null;
  } catch {
    return null;
  }
}

/** `~` is the home of who runs the gateway. */
const expanded = (path: string): string => (path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path);
