/** Takes one session of an agent away: its entry in the index, then its file, so that the agent begins anew. */
import { unlink } from 'node:fs/promises';
import { fileAt, type SessionFile, sessionsIn } from './folder.ts';
import { Locked, locked } from './lock.ts';
import { dropEntries, type Index, type IndexRead, isAbout, readIndex, Unchanged } from './session-index.ts';

/** Which session is meant. */
export interface Target {
  /** Its id, if it is known. */
  readonly session?: string | undefined;
  /** Just this file, whose facts were read. */
  readonly file?: SessionFile | undefined;
  /** Epoch milliseconds: one that was not written since cannot be it, unless its id says so. */
  readonly since?: number | undefined;
}

export type Outcome = { readonly file: SessionFile } | { readonly reason: string };

/** Takes it away, or says why nothing was done; then all is as it was. Never rejects. */
export async function removeSession(folder: string, target: Target): Promise<Outcome> {
  try {
    return await locked(folder, () => remove(folder, target));
  } catch (error) {
    if (error instanceof Locked || error instanceof Unchanged) return { reason: error.message };
    return { reason: `the directory cannot be changed (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` };
  }
}

/** So often it is tried again when the agent writes its index in between. */
const TRIES = 3;

async function remove(folder: string, target: Target, tries = TRIES): Promise<Outcome> {
  const files = await sessionsIn(folder);
  if (files === null) return { reason: 'the directory is not there' };
  const index = await readIndex(folder);
  if (index.kind === 'odd') return { reason: `sessions.json is not understood: ${index.why}; nothing was deleted` };
  const file = chosen(files, index, target);
  if ('reason' in file) return file;
  try {
    if (index.kind === 'read') await dropEntries(folder, index, (entry) => isAbout(entry, file.id));
  } catch (error) {
    if (!(error instanceof Unchanged) || tries <= 1) throw error;
    return remove(folder, target, tries - 1);
  }
  const now = await fileAt(folder, file.name);
  if (now?.inode !== file.inode) return { reason: 'its file is gone already' };
  await unlink(file.path);
  return { file: now };
}

/**
 * The active session: the one whose id is known, else the one that was written last. Its size does not matter, and one
 * that the index does not know, where it knows any, is not in use.
 */
function chosen(
  files: readonly SessionFile[],
  index: IndexRead,
  { session, file, since }: Target,
): SessionFile | { reason: string } {
  if (file !== undefined) {
    return (
      files.find(({ name, inode }) => name === file.name && inode === file.inode) ?? {
        reason: 'its file is gone already',
      }
    );
  }
  const known = index.kind === 'read' && index.entries.length > 0 ? index : null;
  const named =
    session === undefined ? undefined : files.find(({ id }) => id === session || isFileOf(known, session, id));
  if (named) return named;
  const newest = files.find(({ id }) => known === null || known.entries.some((entry) => isAbout(entry, id)));
  if (newest === undefined) return { reason: 'no active sessions found' };
  return since === undefined || newest.at >= since ? newest : { reason: 'no session was written lately' };
}

/** Whether the index says that a file is the one of this session. */
const isFileOf = (index: Index | null, session: string, id: string): boolean =>
  index?.entries.some((entry) => entry.sessionId === session && entry.file === `${id}.jsonl`) ?? false;
