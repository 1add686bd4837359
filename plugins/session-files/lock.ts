/** One at a time on a directory, among all processes that see it. */
import { randomBytes } from 'node:crypto';
import { lstat, open, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { INDEX } from './session-index.ts';

/** The name under which agents lock their index themselves. */
const LOCK = `${INDEX}.lock`;
/** A lock this old was left by a crash: what is done under it takes a moment. */
const STALE_MS = 30_000;
const PATIENCE_MS = 2000;
const PAUSE_MS = 50;

/** Somebody else is at it. */
export class Locked extends Error {}

/**
 * Does work while nobody else does any there.
 *
 * @param patience milliseconds to wait for somebody else
 * @throws Locked and errors of the file system
 */
export async function locked<T>(folder: string, work: () => Promise<T>, patience = PATIENCE_MS): Promise<T> {
  const path = join(folder, LOCK);
  const own = JSON.stringify({
    pid: process.pid,
    startedAt: Date.now(),
    by: `token-spy ${randomBytes(6).toString('hex')}`,
  });
  await take(path, own, patience);
  try {
    return await work();
  } finally {
    // Who was so slow that another took the lock away must not take away the other's.
    if ((await readFile(path, 'utf8').catch(() => null)) === own) await unlink(path).catch(() => {});
  }
}

async function take(path: string, own: string, patience: number): Promise<void> {
  for (const end = Date.now() + patience; ; ) {
    try {
      const handle = await open(path, 'wx', 0o600);
      await handle.writeFile(own).finally(() => handle.close());
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isStale(path)) await clear(path);
    else if (Date.now() > end) throw new Locked('another process works on this directory');
    else await sleep(PAUSE_MS);
  }
}

async function isStale(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => null);
  return stats !== null && Date.now() - stats.mtimeMs > STALE_MS;
}

/** By renaming: of two who find the same stale lock, one does it. */
async function clear(path: string): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}.token-spy.tmp`;
  await rename(path, aside).catch(() => {});
  await unlink(aside).catch(() => {});
}
