import { QueryTypes, type Sequelize, type Transaction } from 'sequelize';
import { Umzug, type UmzugStorage } from 'umzug';
import { exchanges } from './migrations/0001-exchanges.ts';
import { unpriced } from './migrations/0002-unpriced.ts';
import { budgets } from './migrations/0003-budgets.ts';
import { refused } from './migrations/0004-refused.ts';
import { prompts } from './migrations/0005-prompts.ts';
import { receipts } from './migrations/0006-receipts.ts';
import type { Migration, Step } from './migrations/migration.ts';
import { StoreError } from './store-error.ts';

/** In the order in which they run. */
export const MIGRATIONS: readonly Migration[] = [exchanges, unpriced, budgets, refused, prompts, receipts];

/** Names the lock that lets one process at a time change a Postgres schema. */
const LOCK = 7_265_001;

/**
 * Brings the schema up to date, all steps in one transaction: a migration that is killed
 * half-way leaves nothing behind. Refuses a schema that a newer version has written.
 *
 * @param name what the database is called in the error
 */
export async function migrate(sequelize: Sequelize, name: string, migrations = MIGRATIONS): Promise<void> {
  await sequelize.authenticate();
  // Asked without a lock first, so that a start with nothing to do needs none.
  if ((await pending(sequelize, null, name, migrations)).length === 0) return;
  await together(sequelize, async (transaction) => {
    await pending(sequelize, transaction, name, migrations); // another process may have come first, with a newer version
    await umzug(sequelize, transaction, migrations).up();
  });
}

/** Runs work as one transaction that has the schema for itself. */
async function together(sequelize: Sequelize, work: (transaction: Transaction | null) => Promise<void>): Promise<void> {
  if (sequelize.getDialect() === 'postgres') {
    return sequelize.transaction(async (transaction) => {
      await sequelize.query(`select pg_advisory_xact_lock(${LOCK})`, { transaction });
      await work(transaction);
    });
  }
  await sequelize.query('begin immediate');
  try {
    await work(null);
    await sequelize.query('commit');
  } catch (error) {
    await sequelize.query('rollback').catch(() => {}); // it may be over already; the first error is the one to tell
    throw error;
  }
}

/** Names what is not yet applied; throws `newer_schema` when more is applied than is known here. */
async function pending(
  sequelize: Sequelize,
  transaction: Transaction | null,
  name: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  const done = await applied(sequelize, transaction);
  const known = new Set(migrations.map((migration) => migration.name));
  const unknown = done.find((step) => !known.has(step));
  if (unknown !== undefined) {
    const words = `was written by a newer Token Spy (it knows "${unknown}"); start that version or put a backup in its place`;
    throw new StoreError('newer_schema', `${name}: ${words}`);
  }
  return [...known].filter((step) => !done.includes(step));
}

async function applied(sequelize: Sequelize, transaction: Transaction | null): Promise<string[]> {
  const there =
    sequelize.getDialect() === 'postgres'
      ? `select 1 from pg_tables where tablename = 'migrations' and schemaname = any (current_schemas(false))`
      : `select 1 from sqlite_master where type = 'table' and name = 'migrations'`;
  const type = QueryTypes.SELECT as const;
  if ((await sequelize.query(there, { type, transaction })).length === 0) return [];
  const rows = await sequelize.query<{ name: string }>('select name from migrations order by name', {
    type,
    transaction,
  });
  return rows.map((row) => row.name);
}

function umzug(sequelize: Sequelize, transaction: Transaction | null, migrations: readonly Migration[]): Umzug<Step> {
  const run = async (sql: string): Promise<void> => {
    await sequelize.query(sql, { transaction, raw: true });
  };
  const dialect = sequelize.getDialect() === 'postgres' ? 'postgres' : 'sqlite';
  return new Umzug<Step>({
    migrations: migrations.map(({ name, up }) => ({ name, up: ({ context }) => up(context) })),
    context: { dialect, run },
    storage: book(sequelize, transaction),
    logger: undefined,
  });
}

/** The list of applied steps, written in the transaction of the steps themselves. */
function book(sequelize: Sequelize, transaction: Transaction | null): UmzugStorage<Step> {
  return {
    executed: () => applied(sequelize, transaction),
    async logMigration({ name, context }) {
      await context.run('create table if not exists migrations (name text primary key, applied_at text not null)');
      const bind = [name, new Date().toISOString()];
      await sequelize.query('insert into migrations (name, applied_at) values ($1, $2)', { bind, transaction });
    },
    async unlogMigration({ name }) {
      await sequelize.query('delete from migrations where name = $1', { bind: [name], transaction });
    },
  };
}
