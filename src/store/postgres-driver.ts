import pg from 'pg';

/**
 * A client that somebody always listens to.
 *
 * A server that stops just when it lets a client in says both in one packet. Sequelize listens for
 * errors only a moment after that, and an error that nobody hears ends the process.
 */
class HeardClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => {});
  }
}

/** The driver as Sequelize is handed it. */
export const postgresDriver: object = Object.create(pg, { Client: { value: HeardClient } });

export type PostgresClient = pg.PoolClient;
export type PostgresPool = pg.Pool;

export interface PoolOptions {
  /** Connections at most. */
  most: number;
  /** How long one may take to come, the wait for a free one included, milliseconds. */
  connectMs: number;
  /** How long the server works on a statement, locks included, milliseconds. */
  statementMs: number;
}

/** How long the server lets a transaction stand open of which it hears nothing, milliseconds: others wait for its locks. */
const IDLE_MS = 3000;

/** Opens a pool of bare clients, for transactions that have to end in time whatever the server does. */
export function postgresPool(url: string, { most, connectMs, statementMs }: PoolOptions): PostgresPool {
  const pool = new pg.Pool({
    connectionString: url,
    Client: HeardClient,
    max: most,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'token-spy',
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: IDLE_MS,
  });
  pool.on('error', () => {}); // one that idled; the next has a connection of its own
  return pool;
}
