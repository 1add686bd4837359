/** What drivers and file systems say, told to the operator in one line with the mend. */
import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Address } from './address.ts';
import { StoreError, type StoreErrorCode } from './store-error.ts';

/** Finds the code of the error below Sequelize's own: `SQLITE_BUSY`, `ECONNREFUSED`, `25006`. */
export function codeOf(error: unknown): string | null {
  for (let at = error, depth = 0; at && depth < 5; depth++) {
    const { code, original, parent, cause } = at as Record<string, unknown>;
    if (typeof code === 'string') return code;
    at = original ?? parent ?? cause;
  }
  return null;
}

/** Gives an error as one short line. */
export function lineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = ''] = (message || codeOf(error) || 'unknown error').split('\n');
  return first.slice(0, 200);
}

/** Refuses a SQLite file that cannot be written, before SQLite opens it read-only in silence. */
export async function checkFile(address: Address & { dialect: 'sqlite' }): Promise<void> {
  await mkdir(dirname(address.file), { recursive: true });
  const found = await stat(address.file).catch(absent);
  if (found && !found.isFile()) throw new StoreError('bad_address', `${address.name} is no file`);
  await access(dirname(address.file), constants.W_OK);
  if (found) await access(address.file, constants.R_OK | constants.W_OK);
}

/** Turns what went wrong at the opening of a database into a StoreError. */
export function explain(error: unknown, address: Address): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const [kind, words] = reasonOf(code) ?? ['unreachable', lineOf(error)];
  const said = code && !words.includes(code) ? ` (${code})` : '';
  return new StoreError(kind, `${address.name}: ${words}${said}`, { cause: error });
}

const REASONS: Record<string, readonly [StoreErrorCode, string]> = {
  SQLITE_NOTADB: [
    'corrupt',
    'is no SQLite database or is damaged; nothing was changed: move it away or put a backup in its place',
  ],
  SQLITE_CORRUPT: ['corrupt', 'is damaged; nothing was changed: move it away or put a backup in its place'],
  SQLITE_READONLY: ['read_only', 'cannot be written; give this user the right to write the file and its folder'],
  EROFS: ['read_only', 'lies on a read-only file system'],
  EACCES: ['no_rights', 'this user may not write the file or its folder'],
  EPERM: ['no_rights', 'this user may not write the file or its folder'],
  ENOTDIR: ['bad_address', 'its folder is no folder'],
  EEXIST: ['bad_address', 'its folder is no folder'],
  SQLITE_CANTOPEN: ['no_rights', 'cannot be opened; is its folder there and writable?'],
  SQLITE_BUSY: ['locked', 'is locked by another process'],
  SQLITE_FULL: ['read_only', 'cannot be written: the disk is full'],
  ECONNREFUSED: ['unreachable', 'nobody listens there; is the server running?'],
  ENOTFOUND: ['unreachable', 'the host name is unknown'],
  '28P01': ['refused', 'wrong user or password'],
  '28000': ['refused', 'this user may not log in'],
  '3D000': ['refused', 'the database does not exist; create it first'],
  '42501': ['refused', 'this user may not create tables there'],
  '25006': ['read_only', 'the server is read-only'],
};

function reasonOf(code: string | null): readonly [StoreErrorCode, string] | undefined {
  return code === null ? undefined : REASONS[code];
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** True when the database refuses the rows themselves, so that trying again cannot help. */
export function isAboutTheRows(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return /^(22|23|54)/.test(code) || /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(code);
}
