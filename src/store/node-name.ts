import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Gives the name of a data folder, made at its first use: what a process has left behind is found by it after a crash. */
export async function nodeName(folder: string): Promise<string> {
  const file = join(folder, 'node');
  const found = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (/^[0-9a-f]{16}$/.test(found)) return found;
  const name = randomName();
  await writeFile(file, `${name}\n`, { mode: 0o600 });
  return name;
}

/** 16 hex digits. */
export function randomName(): string {
  return randomBytes(8).toString('hex');
}
