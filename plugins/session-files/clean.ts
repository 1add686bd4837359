/** Tidies a directory of sessions up: what agents and crashes left, and all but the newest sessions. */
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, type SessionFile, sessionsIn, statsOf } from './folder.ts';
import { Locked, locked } from './lock.ts';
import { BACKUP, dropEntries, type IndexEntry, isAbout, readIndex, UNFINISHED, Unchanged } from './session-index.ts';

export interface CleanRules {
  /** So many of the newest sessions stay. */
  readonly keep: number;
  /** What was written within so many milliseconds stays. */
  readonly spare: number;
}

export interface Cleaned {
  /** Files that agents had put away, and unfinished ones of ours. */
  readonly leftovers: number;
  /** Sessions that the index does not know, and those beyond the newest. */
  readonly unknown: number;
  readonly surplus: number;
}

const LEFTOVER = /\.deleted\.|\.bak/;
const OLD_MS = 60 * 60_000;

/** Tidies up, or says why nothing was done. Never rejects. */
export async function clean(folder: string, rules: CleanRules): Promise<Cleaned | { readonly reason: string }> {
  try {
    return await locked(folder, () => tidy(folder, rules));
  } catch (error) {
    if (error instanceof Locked || error instanceof Unchanged) return { reason: error.message };
    return { reason: `the directory cannot be changed (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` };
  }
}

/** Without an index that names sessions nobody knows what is in use: then nothing goes. */
async function tidy(folder: string, { keep, spare }: CleanRules): Promise<Cleaned | { reason: string }> {
  const index = await readIndex(folder);
  if (index.kind === 'odd') return { reason: `sessions.json is not understood: ${index.why}; nothing was deleted` };
  if (index.kind === 'missing') return { reason: 'there is no sessions.json; nothing was deleted' };
  if (index.entries.length === 0) return { reason: 'sessions.json names no session; nothing was deleted' };
  const files = await sessionsIn(folder);
  if (files === null) return { reason: 'the directory is not there' };
  const leftovers = await unlinkOld(folder);
  const youngest = Date.now() - spare;
  const isIdle = ({ at }: SessionFile): boolean => at < youngest;
  const unknown = files.filter((file) => isIdle(file) && !index.entries.some((entry) => concerns(entry, file.id)));
  const left = files.filter((file) => !unknown.includes(file));
  const surplus = left.slice(keep).filter(isIdle);
  await dropEntries(folder, index, (entry) => surplus.some(({ id }) => isAbout(entry, id)));
  return { leftovers, unknown: await unlinkAll(unknown), surplus: await unlinkAll(surplus) };
}

/** Whether an entry needs a file; threads of a session have files of their own beside its. */
const concerns = (entry: IndexEntry, id: string): boolean =>
  isAbout(entry, id) || id.startsWith(`${entry.sessionId}-topic-`);

async function unlinkOld(folder: string): Promise<number> {
  const names = (await namesIn(folder)) ?? [];
  let count = 0;
  for (const name of names) {
    if (name === BACKUP || !(LEFTOVER.test(name) || name.endsWith(UNFINISHED))) continue;
    const stats = await statsOf(join(folder, name));
    if (stats !== null && Date.now() - stats.mtimeMs > OLD_MS && (await isUnlinked(join(folder, name)))) count++;
  }
  return count;
}

async function unlinkAll(files: readonly SessionFile[]): Promise<number> {
  let count = 0;
  for (const { path, inode, at } of files) {
    const stats = await statsOf(path);
    // Written since: it is in use after all.
    if (stats?.ino === inode && stats.mtimeMs === at && (await isUnlinked(path))) count++;
  }
  return count;
}

const isUnlinked = (path: string): Promise<boolean> =>
  unlink(path).then(
    () => true,
    () => false,
  );
