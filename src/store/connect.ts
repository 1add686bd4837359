import { existsSync } from 'node:fs';
import { Sequelize } from 'sequelize';
import type { Address } from './address.ts';
import { sqliteDriver } from './driver.ts';
import { codeOf } from './faults.ts';
import { postgresDriver } from './postgres-driver.ts';

/** What a connection is for: reading for people, writing rows, changing the schema, or looking at a file that may be damaged. */
export type Role = 'reader' | 'writer' | 'migrator' | 'checker';
export type Durability = 'normal' | 'strict';

/**
 * How long SQLite waits in a thread for a lock, milliseconds. There are four such threads for the
 * whole process, and the writer comes again by itself, so it does not stay long.
 */
const BUSY_MS = { reader: 1000, writer: 200, migrator: 5000, checker: 5000 };
/** How long a Postgres connection may take, milliseconds; at the start a sleeping server may wake up first. */
const CONNECT_MS = { reader: 1000, writer: 1000, migrator: 3000, checker: 3000 };
/** How long a statement may take, milliseconds; the client's limit is for a server that hangs. */
const STATEMENT_MS = { reader: 15_000, writer: 4000, migrator: 0, checker: 0 };
const HANGING_MS = { reader: 20_000, writer: 5000, migrator: 0, checker: 0 };
const POOL = { reader: 4, writer: 1, migrator: 1, checker: 1 };
/** Bytes of write-ahead log that stay on disk after a checkpoint. */
const WAL_BYTES = 64 * 1024 * 1024;
/** SQLite's SQLITE_OPEN_READONLY: looking must not write, not even a checkpoint. */
const OPEN_READONLY = 1;

/** Opens a Sequelize for one role: a SQLite file at once, a Postgres server with the first query. */
export async function connect(address: Address, role: Role, durability: Durability): Promise<Sequelize> {
  return address.dialect === 'sqlite'
    ? connectSqlite(address.file, role, durability)
    : connectPostgres(address.url, role);
}

async function connectSqlite(file: string, role: Role, durability: Durability): Promise<Sequelize> {
  const isNew = !existsSync(file);
  const sequelize = new Sequelize({
    dialect: 'sqlite',
    dialectModule: await sqliteDriver(),
    storage: file,
    logging: false,
    retry: { max: 1 },
    ...(role === 'checker' && { dialectOptions: { mode: OPEN_READONLY } }),
  });
  // Sequelize opens one SQLite connection and keeps it, unless it is asked for a transaction; so it never is.
  try {
    for (const pragma of pragmasOf(role, durability, isNew)) await sequelize.query(`pragma ${pragma}`);
  } catch (error) {
    // The driver never says that a file is closed which it could not open.
    if (codeOf(error) !== 'SQLITE_CANTOPEN') await sequelize.close();
    throw error;
  }
  return sequelize;
}

function pragmasOf(role: Role, durability: Durability, isNew: boolean): string[] {
  const waiting = `busy_timeout=${BUSY_MS[role]}`;
  if (role === 'checker') return [waiting];
  return [
    waiting,
    ...(isNew ? ['auto_vacuum=INCREMENTAL'] : []), // first, since it takes effect only before there is a table
    'journal_mode=WAL',
    `synchronous=${durability === 'strict' ? 'FULL' : 'NORMAL'}`,
    `journal_size_limit=${WAL_BYTES}`,
    'foreign_keys=ON',
    ...(role === 'reader' ? ['query_only=ON'] : []),
  ];
}

function connectPostgres(url: string, role: Role): Sequelize {
  return new Sequelize(url, {
    dialect: 'postgres',
    dialectModule: postgresDriver,
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
