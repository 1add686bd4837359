import { Sequelize } from 'sequelize';
import type { Address } from './address.ts';
import { exec, type SqliteHandle, sqliteDriver } from './driver.ts';

/** What a connection is for: reading for people, writing rows, or changing the schema. */
export type Role = 'reader' | 'writer' | 'migrator';
export type Durability = 'normal' | 'strict';

/**
 * How long SQLite waits in a thread for a lock, milliseconds. There are four such threads for the
 * whole process, and the writer comes again by itself, so it does not stay long.
 */
const BUSY_MS = { reader: 1000, writer: 200, migrator: 5000 };
/** How long a Postgres connection may take, milliseconds; at the start a sleeping server may wake up first. */
const CONNECT_MS = { reader: 1000, writer: 1000, migrator: 5000 };
/** How long a statement may take, milliseconds; the client's limit is for a server that hangs. */
const STATEMENT_MS = { reader: 15_000, writer: 4000, migrator: 0 };
const HANGING_MS = { reader: 20_000, writer: 5000, migrator: 0 };
const POOL = { reader: 4, writer: 1, migrator: 1 };
/** Bytes of write-ahead log that stay on disk after a checkpoint. */
const WAL_BYTES = 64 * 1024 * 1024;

/** Opens a Sequelize for one role. Nothing is connected before the first query. */
export async function connect(address: Address, role: Role, durability: Durability): Promise<Sequelize> {
  return address.dialect === 'sqlite'
    ? connectSqlite(address.file, role, durability)
    : connectPostgres(address.url, role);
}

async function connectSqlite(file: string, role: Role, durability: Durability): Promise<Sequelize> {
  const sequelize = new Sequelize({
    dialect: 'sqlite',
    dialectModule: await sqliteDriver(),
    storage: file,
    logging: false,
    retry: { max: 1 },
  });
  // auto_vacuum comes first: it takes effect only in a file that has no table yet.
  const pragmas = [
    `busy_timeout=${BUSY_MS[role]}`,
    'auto_vacuum=INCREMENTAL',
    'journal_mode=WAL',
    `synchronous=${durability === 'strict' ? 'FULL' : 'NORMAL'}`,
    `journal_size_limit=${WAL_BYTES}`,
    'foreign_keys=ON',
    ...(role === 'reader' ? ['query_only=ON'] : []),
  ];
  sequelize.addHook('afterConnect', (connection: unknown) =>
    exec(connection as SqliteHandle, pragmas.map((pragma) => `PRAGMA ${pragma};`).join(' ')),
  );
  return sequelize;
}

function connectPostgres(url: string, role: Role): Sequelize {
  return new Sequelize(url, {
    dialect: 'postgres',
    logging: false,
    retry: { max: 1 },
    pool: { max: POOL[role], min: 0, idle: 30_000, acquire: CONNECT_MS[role] + HANGING_MS[role] + 1000 },
    dialectOptions: {
      application_name: 'token-spy',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS[role],
      statement_timeout: STATEMENT_MS[role],
      query_timeout: HANGING_MS[role],
    },
  });
}
