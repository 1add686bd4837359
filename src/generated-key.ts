import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Config } from './config/schema.ts';
import type { GatewayLog } from './log.ts';
import { isGuarded } from './ports.ts';
import type { Scrubber } from './scrub.ts';

/** Name of the file in the data folder. */
const FILE = 'gateway-key';

/**
 * Reads the key that the gateway made for itself, making it at the first time.
 *
 * The file is created with mode 0600, never widened and then narrowed. Says where it
 * lies; the key itself is never printed.
 */
export async function generatedKey(dataFolder: string): Promise<{ key: string; file: string; isNew: boolean }> {
  await mkdir(dataFolder, { recursive: true });
  const file = join(dataFolder, FILE);
  const made = `tspy_${randomBytes(32).toString('base64url')}`;
  try {
    await writeFile(file, `${made}\n`, { flag: 'wx', mode: 0o600 });
    return { key: made, file, isNew: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await chmod(file, 0o600);
  const key = (await readFile(file, 'utf8')).trim();
  if (key.length < 16) throw new Error(`${file} holds no key; remove it, and a new one is made`);
  return { key, file, isNew: false };
}

/** Gives the gateway's own key where strangers can reach it and nobody configured one; null where none is needed. */
export async function ownKey(
  { keys, listen, data }: Config,
  folder: string,
  { log, scrubber }: { log: GatewayLog; scrubber: Scrubber },
): Promise<string | null> {
  if (keys.length > 0 || !listen.some(isGuarded)) return null;
  const { key, file, isNew } = await generatedKey(resolve(folder, data));
  scrubber.learn([key]);
  log.info(isNew ? 'a gateway key was made' : 'the gateway key made earlier is used', { file });
  return key;
}
