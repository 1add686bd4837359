/**
 * The index that agents keep beside their sessions, `sessions.json`: by key an object with a `sessionId`.
 *
 * It is not ours. It is changed as a whole or not at all, what stays in it keeps every byte, and where it is not what
 * we know, nothing is done.
 */
import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { objectOf, type Slice, slicesOf } from '../shared/json-slices.ts';
import { statsOf } from './folder.ts';

export const INDEX = 'sessions.json';
/** What the index was before our last change. */
export const BACKUP = `${INDEX}.bak-token-spy`;
/** Files that are being written; one that is old was left by a crash. */
export const UNFINISHED = '.token-spy.tmp';

/** Larger than any that an agent keeps: what is longer is something else. */
const MOST_BYTES = 32 * 1024 * 1024;
/** So much is parsed before traffic passes. */
const STEP_BYTES = 256 * 1024;

export interface IndexEntry {
  readonly slice: Slice;
  readonly sessionId: string;
  /** Name of its file, where the entry says it. */
  readonly file: string | null;
}

export interface Index {
  readonly kind: 'read';
  readonly entries: readonly IndexEntry[];
  readonly slices: readonly Slice[];
  readonly bytes: Buffer;
  readonly stats: Stats;
}

/** `missing`: there is none. `odd`: it cannot be read, or not understood, so nobody knows what it means. */
export type IndexRead = Index | { readonly kind: 'missing' } | { readonly kind: 'odd'; readonly why: string };

export async function readIndex(folder: string): Promise<IndexRead> {
  const path = join(folder, INDEX);
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' };
    return { kind: 'odd', why: 'it cannot be opened' };
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return { kind: 'odd', why: 'it is no file' };
    if (stats.size > MOST_BYTES) return { kind: 'odd', why: 'it is larger than 32 MiB' };
    const bytes = await handle.readFile();
    return { kind: 'read', ...(await understood(bytes)), bytes, stats };
  } catch (error) {
    return { kind: 'odd', why: error instanceof Odd ? error.message : 'it is no JSON object' };
  } finally {
    await handle.close();
  }
}

class Odd extends Error {}

/** Each entry is parsed: half an index must not pass for one. */
async function understood(bytes: Buffer): Promise<Pick<Index, 'entries' | 'slices'>> {
  if (!isUtf8(bytes)) throw new Odd('it is no UTF-8');
  const text = bytes.toString('utf8').trim();
  if (!text.startsWith('{')) throw new Odd('it is no JSON object');
  const slices = slicesOf(Buffer.from(text));
  const entries: IndexEntry[] = [];
  let parsed = 0;
  for (const slice of slices) {
    const value: unknown = JSON.parse(slice.value.toString());
    parsed += slice.value.length;
    if (parsed > STEP_BYTES) {
      parsed = 0;
      await nextTurn();
    }
    // A number of its version and the like.
    if (typeof value !== 'object' || value === null) continue;
    const { sessionId, sessionFile } = value as { sessionId?: unknown; sessionFile?: unknown };
    if (typeof sessionId !== 'string' || sessionId === '') throw new Odd('an entry has no sessionId');
    entries.push({ slice, sessionId, file: typeof sessionFile === 'string' ? basename(sessionFile) : null });
  }
  return { entries, slices };
}

/** Whether an entry is about a file: by its id, or because it says so. */
export const isAbout = ({ sessionId, file }: IndexEntry, id: string): boolean =>
  sessionId === id || file === `${id}.jsonl`;

/** Why the index could not be changed. Nothing was. */
export class Unchanged extends Error {}

/**
 * Takes entries out. A copy of what was there is kept beside it.
 *
 * @param index as it was read; if it is another by now, nothing is changed
 * @throws Unchanged and errors of the file system: the index is as it was
 */
export async function dropEntries(
  folder: string,
  index: Index,
  isDropped: (entry: IndexEntry) => boolean,
): Promise<number> {
  const dropped = new Set(index.entries.filter(isDropped).map(({ slice }) => slice));
  if (dropped.size === 0) return 0;
  const kept = objectOf(index.slices.filter((slice) => !dropped.has(slice)).map(({ raw }) => raw));
  const path = join(folder, INDEX);
  await replace(folder, BACKUP, index.bytes, index.stats);
  await replace(folder, INDEX, kept, index.stats, async () => {
    const now = await statsOf(path);
    const { ino, size, mtimeMs } = index.stats;
    if (now?.ino !== ino || now.size !== size || now.mtimeMs !== mtimeMs)
      throw new Unchanged('its agent is writing it');
  });
  return dropped.size;
}

/** Writes a file beside, as its owner's and with its mode, and puts it in place when it is on the disk. */
async function replace(
  folder: string,
  name: string,
  bytes: Buffer,
  { mode, uid, gid }: Stats,
  check?: () => Promise<void>,
): Promise<void> {
  const beside = join(folder, `${name}.${process.pid}-${randomBytes(4).toString('hex')}${UNFINISHED}`);
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      const own = await handle.stat();
      if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid);
      await handle.chmod(mode & 0o7777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await check?.();
    await rename(beside, join(folder, name));
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
  await settle(folder);
}

/** Puts names of files on the disk, where the file system lets one. */
async function settle(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
