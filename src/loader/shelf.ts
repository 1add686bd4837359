import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { currentHash, type Imported, importFile } from './import.ts';

/** A file of the shelf that could be loaded, last now or some time ago. */
export interface Loaded<T> {
  name: string;
  file: string;
  hash: string;
  value: T;
}

export interface Broken {
  name: string;
  file: string;
  error: string;
  since: string;
}

/**
 * The modules that lie in some folders, one a file, under the file's name.
 *
 * `load` looks at the folders again and imports what has changed. A file that is broken
 * keeps its last good module, and says so. A later folder's file replaces an earlier
 * one's of the same name: the user's own before ours.
 */
export class Shelf<T> {
  readonly #folders: readonly string[];
  readonly #check: (value: unknown, name: string) => T;
  readonly #known = new Map<string, { imported: Imported; value: T }>();
  readonly #broken = new Map<string, Broken & { seen: string }>();

  /** `check` returns the default export as what it should be, or throws saying what it is not. */
  constructor(folders: readonly string[], check: (value: unknown, name: string) => T) {
    this.#folders = [...new Set(folders)];
    this.#check = check;
  }

  async load(): Promise<{ loaded: Map<string, Loaded<T>>; broken: Broken[]; inputs: string[] }> {
    const files = (await Promise.all(this.#folders.map(list))).flat();
    const entries = await Promise.all(files.map((file) => this.#refresh(file)));
    for (const file of this.#broken.keys()) if (!files.includes(file)) this.#broken.delete(file);
    for (const file of this.#known.keys()) if (!files.includes(file)) this.#known.delete(file);
    const loaded = new Map<string, Loaded<T>>();
    for (const entry of entries) if (entry) loaded.set(entry.name, entry);
    const inputs = [...this.#known.values()].flatMap(({ imported }) => imported.inputs);
    return { loaded, broken: [...this.#broken.values()].map(({ seen: _, ...broken }) => broken), inputs };
  }

  async #refresh(file: string): Promise<Loaded<T> | null> {
    const name = nameOf(file);
    const known = this.#known.get(file);
    try {
      if (!known || (await currentHash(known.imported)) !== known.imported.hash) {
        const imported = await importFile(file);
        this.#known.set(file, { imported, value: this.#check(imported.value, name) });
      }
      this.#broken.delete(file);
    } catch (error) {
      const message = explain(error);
      if (this.#broken.get(file)?.seen !== message) {
        this.#broken.set(file, { name, file, error: message, seen: message, since: new Date().toISOString() });
      }
    }
    const current = this.#known.get(file);
    return current ? { name, file, hash: current.imported.hash, value: current.value } : null;
  }
}

/** Names in YAML follow the file: `include-usage.ts` is `include-usage`. */
const nameOf = (file: string): string => basename(file).replace(/\.[cm]?[jt]s$/, '');

/** Files whose names begin with `_` or `.` are parts of others. */
async function list(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /^[a-z0-9][a-z0-9-]*\.[cm]?[jt]s$/i.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The author's own line first: what is wrong, and where. */
function explain(error: unknown): string {
  const problems = (
    error as { errors?: { text: string; location: { file: string; line: number; column: number } | null }[] }
  ).errors;
  const first = Array.isArray(problems) ? problems[0] : undefined;
  if (first?.location)
    return `${basename(first.location.file)}:${first.location.line}:${first.location.column + 1} ${first.text}`;
  return error instanceof Error ? error.message : String(error);
}
