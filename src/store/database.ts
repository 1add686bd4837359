import { existsSync } from 'node:fs';
import { QueryTypes, type Sequelize } from 'sequelize';
import { type Address, parseAddress } from './address.ts';
import type { Cell } from './columns.ts';
import { connect, type Durability } from './connect.ts';
import { checkFile, explain } from './faults.ts';
import { migrate } from './migrations.ts';

/** Values for `$1`, `$2` ... in a statement. */
export type Binds = readonly (string | number | null)[];

/** Runs one statement of a transaction. */
export type Run = (sql: string, binds?: Binds) => Promise<void>;

const CLOSE_MS = 2000;
/** Larger files are not read through at the start: they would delay it by seconds. */
const CHECKED_BYTES = 32 * 1024 * 1024;

/**
 * An open database of either dialect, its schema up to date.
 *
 * Reading and writing have connections of their own, so that a slow question of a person
 * never stands before a row. All SQLite writes pass one queue: parallel transactions fail there.
 */
export class Database {
  readonly dialect: 'sqlite' | 'postgres';
  /** What it may be called in logs; no password in it. */
  readonly name: string;
  readonly #reader: Sequelize;
  readonly #writer: Sequelize;
  #queue: Promise<unknown> = Promise.resolve();
  /** The writer's Postgres connection, to be cut when it hangs. */
  #wire: { end(): unknown } | undefined;

  private constructor(address: Address, reader: Sequelize, writer: Sequelize) {
    this.dialect = address.dialect;
    this.name = address.name;
    this.#reader = reader;
    this.#writer = writer;
    writer.addHook('afterPoolAcquire', (connection: unknown) => {
      if (this.dialect === 'postgres') this.#wire = connection as { end(): unknown };
    });
  }

  /**
   * Opens `sqlite:PATH` or `postgres://...` and brings the schema up to date.
   * Throws a StoreError that says in one line what is wrong; a damaged file is never written to.
   */
  static async open(database: string, durability: Durability): Promise<Database> {
    const address = parseAddress(database);
    try {
      if (address.dialect === 'sqlite') await checkFile(address);
      if (address.dialect === 'sqlite' && existsSync(address.file)) await checkPages(address);
      const migrator = await connect(address, 'migrator', durability);
      try {
        await migrate(migrator, address.name);
      } finally {
        await migrator.close();
      }
      const reader = await connect(address, 'reader', durability);
      return new Database(address, reader, await connect(address, 'writer', durability));
    } catch (error) {
      throw explain(error, address);
    }
  }

  /** Reads rows. Big integers come as numbers from SQLite and as strings from Postgres. */
  select<T extends object = Record<string, Cell>>(sql: string, binds: Binds = []): Promise<T[]> {
    return this.#reader.query<T>(sql, { type: QueryTypes.SELECT, bind: [...binds] });
  }

  /** Runs one writing statement by itself. */
  async write(sql: string, binds: Binds = []): Promise<void> {
    await this.#next(() => this.#write(sql, binds));
  }

  /** Runs one writing statement that gives rows back; in SQLite it may not begin with `insert`. After a failure the connection is a new one. */
  change<T extends object>(sql: string, binds: Binds = []): Promise<T[]> {
    return this.#next(async () => {
      try {
        return await this.#writer.query<T>(sql, { type: QueryTypes.SELECT, bind: [...binds] });
      } catch (error) {
        this.cutWriter();
        throw error;
      }
    });
  }

  /** Runs writing statements as one transaction of SQLite; Postgres writes in single statements. */
  async together(work: (run: Run) => Promise<void>): Promise<void> {
    const run: Run = (sql, binds = []) => this.#write(sql, binds);
    await this.#next(async () => {
      await run('begin immediate');
      try {
        await work(run);
        await run('commit');
      } catch (error) {
        await run('rollback').catch(() => {}); // it may be over already; the first error is the one to tell
        throw error;
      }
    });
  }

  /** Drops the writer's Postgres connection: after a timeout its answer may come at any time, or never. */
  cutWriter(): void {
    this.#wire?.end();
    this.#wire = undefined;
  }

  /** Closes all connections; a question that still runs is not waited for longer than two seconds. */
  async close(): Promise<void> {
    const closed = this.#queue.catch(() => {}).then(() => Promise.all([this.#reader.close(), this.#writer.close()]));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([closed.catch(() => {}), late]);
    clearTimeout(timer);
  }

  async #write(sql: string, binds: Binds): Promise<void> {
    await this.#writer.query(sql, { type: QueryTypes.RAW, bind: [...binds] });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => {});
    return result;
  }
}

/** Reads a file through before anything may write to it. */
async function checkPages(address: Address): Promise<void> {
  const checker = await connect(address, 'checker', 'normal');
  const ask = (sql: string) => checker.query<Record<string, Cell>>(sql, { type: QueryTypes.SELECT });
  try {
    const [size] = await ask('select page_count * page_size as bytes from pragma_page_count, pragma_page_size');
    if (Number(size?.bytes) > CHECKED_BYTES) return;
    const [check] = await ask('pragma quick_check(1)');
    if (Object.values(check ?? {})[0] !== 'ok') throw explain({ code: 'SQLITE_CORRUPT' }, address);
  } finally {
    await checker.close();
  }
}
