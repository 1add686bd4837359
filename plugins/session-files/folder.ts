/** What lies in a directory of sessions. Links are never followed: only what is a file there counts. */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface SessionFile {
  /** Its name without `.jsonl`. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** When it was last written, epoch milliseconds. */
  readonly at: number;
  readonly inode: number;
}

const ENDING = '.jsonl';
/** So many files are looked at together. */
const TOGETHER = 64;

/** Names of the files in a directory; null: it is not there, or cannot be read. */
export async function namesIn(folder: string): Promise<string[] | null> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  } catch {
    return null;
  }
}

/** The sessions of a directory, the last written first; null: it is not there, or cannot be read. */
export async function sessionsIn(folder: string): Promise<SessionFile[] | null> {
  const names = await namesIn(folder);
  if (names === null) return null;
  const files: SessionFile[] = [];
  const wanted = names.filter((name) => name.endsWith(ENDING) && name.length > ENDING.length);
  for (let at = 0; at < wanted.length; at += TOGETHER) {
    const found = await Promise.all(wanted.slice(at, at + TOGETHER).map((name) => fileAt(folder, name)));
    files.push(...found.filter((file) => file !== null));
  }
  return files.sort((one, other) => other.at - one.at || (one.name < other.name ? -1 : 1));
}

/** A session's file as it is now; null: it is gone, or is no file. */
export async function fileAt(folder: string, name: string): Promise<SessionFile | null> {
  const path = join(folder, name);
  const stats = await statsOf(path);
  if (stats === null) return null;
  const id = name.slice(0, -ENDING.length);
  return { id, name, path, size: stats.size, at: stats.mtimeMs, inode: stats.ino };
}

/** Facts of a regular file; null of anything else. */
export async function statsOf(path: string): Promise<Stats | null> {
  const stats = await lstat(path).catch(() => null);
  return stats?.isFile() ? stats : null;
}
