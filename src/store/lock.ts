import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec, type SqliteHandle, sqliteDriver } from './driver.ts';
import { codeOf, lineOf } from './faults.ts';
import { StoreError } from './store-error.ts';

/**
 * Takes a data folder for this process; throws `folder_in_use` when another process has it.
 *
 * The lock is an exclusive transaction on a tiny SQLite file, so the operating system
 * gives it back even after kill -9; a file with a process id could not promise that.
 */
export async function lockFolder(folder: string): Promise<{ release(): Promise<void> }> {
  const owner = join(folder, 'lock.pid');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const handle = await take(join(folder, 'lock'));
    await writeFile(owner, `${process.pid}\n`, { mode: 0o600 });
    return { release: () => close(handle) };
  } catch (error) {
    if (codeOf(error) !== 'SQLITE_BUSY') {
      throw new StoreError('folder_unusable', `the data folder ${folder} cannot be used: ${lineOf(error)}`, {
        cause: error,
      });
    }
    const pid = (await readFile(owner, 'utf8').catch(() => '')).trim();
    const who = pid ? ` (process ${pid})` : '';
    throw new StoreError(
      'folder_in_use',
      `the data folder ${folder} is in use by another Token Spy${who}; give each its own`,
    );
  }
}

async function take(file: string): Promise<SqliteHandle> {
  const { Database } = await sqliteDriver();
  const handle = await new Promise<SqliteHandle>((resolve, reject) => {
    const opened: SqliteHandle = new Database(file, (error) => (error ? reject(error) : resolve(opened)));
  });
  try {
    await exec(handle, 'pragma busy_timeout=0; begin exclusive;');
  } catch (error) {
    await close(handle);
    throw error;
  }
  return handle;
}

function close(handle: SqliteHandle): Promise<void> {
  return new Promise((resolve) => handle.close(() => resolve()));
}
