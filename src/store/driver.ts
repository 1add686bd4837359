import { StoreError } from './store-error.ts';

/** What the store itself uses of the SQLite driver; Sequelize is handed the whole. */
export interface SqliteDriver {
  Database: new (path: string, done: (error: Error | null) => void) => SqliteHandle;
}

export interface SqliteHandle {
  exec(sql: string, done: (error: Error | null) => void): void;
  close(done: (error: Error | null) => void): void;
}

/** The second comes prebuilt, for machines that cannot compile the first. */
const DRIVERS = ['sqlite3', '@appthreat/sqlite3'];

let found: Promise<SqliteDriver> | undefined;

/** Loads the SQLite driver that works on this machine; throws `no_driver` when none does. */
export function sqliteDriver(): Promise<SqliteDriver> {
  found ??= load(DRIVERS);
  return found;
}

/** Runs statements on a bare handle. */
export function exec(handle: SqliteHandle, sql: string): Promise<void> {
  return new Promise((resolve, reject) => handle.exec(sql, (error) => (error ? reject(error) : resolve())));
}

/** Loads the first of the named packages that has a working binary. */
export async function load(names: readonly string[]): Promise<SqliteDriver> {
  let reason: unknown;
  for (const name of names) {
    try {
      const { default: driver } = (await import(name)) as { default: Partial<SqliteDriver> };
      if (driver.Database) return driver as SqliteDriver;
    } catch (error) {
      reason = error;
    }
  }
  throw new StoreError('no_driver', `no SQLite driver works here: tried ${names.join(' and ')}`, { cause: reason });
}
