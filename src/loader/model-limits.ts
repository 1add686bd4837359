/** Reads what models take and give at most: the shipped table, and gateway.yaml over it. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { parse } from 'yaml';

import type { ProviderEntry } from '../config/schema.ts';
import { LimitBook, type LimitEntries, type LimitGroup } from '../metering/model-limits.ts';

interface Table {
  groups: readonly LimitGroup[];
  /** Changes when the table does. */
  digest: string;
}

const read = new Map<string, { digest: string; groups: Promise<readonly LimitGroup[]> }>();

/**
 * Reads providers/models/limits.yaml below `root`. A file that has not changed is not read again.
 * Rejects when it is missing or broken.
 */
export async function loadLimitTable(root: string): Promise<Table> {
  const file = join(root, 'providers', 'models', 'limits.yaml');
  const { mtimeMs, size } = await stat(file);
  const digest = `${mtimeMs} ${size}`;
  let known = read.get(file);
  if (known?.digest !== digest) {
    const groups = readFile(file, 'utf8').then((text) => (parse(text) as { groups: readonly LimitGroup[] }).groups);
    groups.catch(() => read.delete(file));
    known = { digest, groups };
    read.set(file, known);
  }
  return { groups: await known.groups, digest };
}

/** Lays what gateway.yaml says about its providers' models over the table. */
export function buildLimitBook(entries: ReadonlyMap<string, ProviderEntry>, groups: readonly LimitGroup[]): LimitBook {
  const own = new Map<string, LimitEntries>();
  for (const [name, { models }] of entries) if (models && !Array.isArray(models)) own.set(name, models as LimitEntries);
  return new LimitBook(own, groups);
}
