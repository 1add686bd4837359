/** Somewhere to keep records: a fresh folder with a database of either dialect, and a way to look into it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type SqliteHandle, sqliteDriver } from '../../src/store/driver.ts';
import { Store, type StoreOptions } from '../../src/store/store.ts';
import { postgres, type TestDatabase } from '../support/postgres.ts';
import { listeningLog } from './records.ts';

export interface Place {
  address: string;
  folder: string;
  /** Looks into the database past the store. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Opens a store here, closed after the test. */
  open(options?: Partial<StoreOptions>): Promise<Store>;
  /** Opens one and stores records in it. */
  filled(...records: ExchangeRecord[]): Promise<Store>;
}

/** Declares the same tests for both dialects; each test asks `place()` for its own. */
export function onBothDialects(
  title: string,
  body: (place: () => Place, dialect: 'sqlite' | 'postgres') => void,
): void {
  describe(`${title}, SQLite`, () =>
    withPlaces(
      async () => null,
      (place) => body(place, 'sqlite'),
    ));
  describe(`${title}, PostgreSQL`, () => withPlaces(postgres, (place) => body(place, 'postgres')));
}

/** Declares tests that each have a fresh place. */
export function withPlaces(
  make: () => Promise<TestDatabase | { missing: string } | null>,
  body: (place: () => Place) => void,
): void {
  let place: Place;
  let stores: Store[] = [];
  beforeEach(async function () {
    const database = await make();
    if (database && 'missing' in database) {
      console.log(`      skipped: ${database.missing}`);
      return this.skip();
    }
    const folder = newFolder();
    const file = join(folder, 'token-spy.db');
    const address = database?.url ?? `sqlite:${file}`;
    const open = async (options: Partial<StoreOptions> = {}): Promise<Store> => {
      const store = await Store.open({ database: address, folder, log: listeningLog(), ...options });
      stores.push(store);
      return store;
    };
    const filled = async (...records: ExchangeRecord[]): Promise<Store> => {
      const store = await open();
      for (const record of records) store.append(record);
      if (!(await store.flush())) throw new Error('the records were not stored');
      return store;
    };
    place = { address, folder, open, filled, query: database?.query ?? ((sql) => look(file, sql)) };
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    stores = [];
    if (place) rmSync(place.folder, { recursive: true, force: true });
  });
  body(() => place);
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'store-'));
}

/** Reads a SQLite file by a connection of its own. */
export async function look(file: string, sql: string): Promise<Record<string, unknown>[]> {
  if (!existsSync(file)) throw new Error(`no database at ${file}`);
  const handle = await openSqlite(file);
  try {
    return await new Promise((resolve, reject) => {
      (handle as SqliteHandle & All).all(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  } finally {
    await new Promise((resolve) => handle.close(resolve));
  }
}

interface All {
  all(sql: string, done: (error: Error | null, rows: Record<string, unknown>[]) => void): void;
}

/** Opens a bare connection, as another program would. */
export async function openSqlite(file: string): Promise<SqliteHandle> {
  const { Database } = await sqliteDriver();
  return new Promise((resolve, reject) => {
    const handle: SqliteHandle = new Database(file, (error) => (error ? reject(error) : resolve(handle)));
  });
}

/** Waits until something is so; fails after ten seconds. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = 10_000,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
