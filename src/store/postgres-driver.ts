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
