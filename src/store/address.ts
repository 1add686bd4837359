import { resolve } from 'node:path';
import { StoreError } from './store-error.ts';

/** Where the rows live. `name` is what errors and logs may say: it holds no password. */
export type Address =
  | { dialect: 'sqlite'; file: string; name: string }
  | { dialect: 'postgres'; url: string; name: string };

/** Reads `sqlite:PATH` (relative to the working directory) or `postgres://...`; throws `bad_address`. */
export function parseAddress(database: string): Address {
  if (database.startsWith('sqlite:')) return sqliteAddress(database.slice('sqlite:'.length));
  if (/^postgres(ql)?:\/\//.test(database)) return postgresAddress(database);
  throw new StoreError('bad_address', 'a database is sqlite:PATH or postgres://user:password@host:port/name');
}

function sqliteAddress(path: string): Address {
  const file = path.replace(/^\/\/(?=\/)/, '');
  if (file === '' || file === ':memory:') {
    throw new StoreError('bad_address', 'sqlite: needs the path of a file, as in sqlite:data/token-spy.db');
  }
  return { dialect: 'sqlite', file: resolve(file), name: file };
}

function postgresAddress(url: string): Address {
  if (!URL.canParse(url)) throw new StoreError('bad_address', 'the address of the PostgreSQL database is no URL');
  const { host, pathname } = new URL(url);
  return { dialect: 'postgres', url, name: `PostgreSQL at ${host}${pathname}` };
}
