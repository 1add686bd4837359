import { afterAwake } from '../accounts/within.ts';
import { codeOf } from './faults.ts';
import { type PoolOptions, type PostgresClient, type PostgresPool, postgresPool } from './postgres-driver.ts';

/** Asks one statement; big integers and exact sums come as text. */
export type Ask = <T extends object>(sql: string, binds?: readonly unknown[]) => Promise<T[]>;

/** Connections to PostgreSQL on which nothing lasts longer than it may. */
export class Wire {
  readonly #pool: PostgresPool;
  /** How to break off what is under way. */
  readonly #running = new Set<(failure: Error) => void>();

  constructor(url: string, options: PoolOptions) {
    this.#pool = postgresPool(url, options);
  }

  /** Runs work as one transaction. After so many milliseconds it rejects, and the server undoes what was not committed. */
  together<T>(work: (ask: Ask) => Promise<T>, milliseconds: number): Promise<T> {
    return this.#within(milliseconds, async (ask) => {
      await ask('begin');
      const result = await work(ask);
      await ask('commit');
      return result;
    });
  }

  /** Runs one statement by itself. */
  ask<T extends object>(sql: string, binds: readonly unknown[], milliseconds: number): Promise<T[]> {
    return this.#within(milliseconds, (ask) => ask<T>(sql, binds));
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    for (const end of [...this.#running]) end(new Error('the store is closed'));
    await this.#pool.end();
  }

  /** A connection on which something failed is not used again: what it would say next is not known. */
  async #within<T>(milliseconds: number, work: (ask: Ask) => Promise<T>): Promise<T> {
    let client: PostgresClient | null = null;
    let ended = false;
    const end = (failure: Error | null): void => {
      if (ended) return;
      ended = true;
      this.#running.delete(end);
      client?.release(failure ?? undefined);
    };
    this.#running.add(end);
    let stop = (): void => {};
    const late = new Promise<never>((_, reject) => {
      stop = afterAwake(milliseconds, () => {
        const failure = new Error(`the database did not answer within ${milliseconds} ms`);
        end(failure);
        reject(failure);
      });
    });
    const connected = async (): Promise<T> => {
      client = await this.#pool.connect();
      if (!ended) return work(askOn(client));
      client.release();
      throw new Error('nobody waits for it any more');
    };
    try {
      const result = await Promise.race([connected(), late]);
      end(null);
      return result;
    } catch (error) {
      end(error as Error);
      throw error;
    } finally {
      stop();
    }
  }
}

function askOn(client: PostgresClient): Ask {
  return async <T extends object>(sql: string, binds: readonly unknown[] = []) =>
    (await client.query<T & Record<string, unknown>>(sql, [...binds])).rows;
}

/** True where the same again may go well at once: two were in each other's way, or the connection had been cut. */
export function isWorthAnother(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  if (/^(40001|40P01|57P0[1-3]|08...|ECONNRESET|EPIPE)$/.test(code)) return true;
  return error instanceof Error && /^Connection terminated unexpectedly|^Client has encountered/.test(error.message);
}
