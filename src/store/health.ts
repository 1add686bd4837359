/** How the store feels, for `/health` and the dashboard. */
export interface StoreHealth {
  /** False while rows wait for a database or a journal that does not take them. */
  ok: boolean;
  /** `degraded`: the last write failed or hangs; `down`: so for more than ten seconds. */
  database: 'ok' | 'degraded' | 'down';
  /** `failing`: a crash now would lose the rows that wait. */
  journal: 'ok' | 'failing';
  /** Rows that are not in the database yet. */
  waiting: number;
  /** Rows dropped since the start: the bound was reached, or the database refuses them for good. */
  lost: number;
  /** Lines of the journal that a crash had torn, seen at the start. */
  torn: number;
  oldest_waiting_ms: number | null;
  /** Since when budgets go by what this process knows, because the database does not answer; UTC ISO. Null: all count together. */
  budgets_apart_since: string | null;
  /** One line, without values of rows. */
  last_error: string | null;
  dialect: 'sqlite' | 'postgres';
}

/** What the store says to the operator. */
export interface StoreLog {
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
  error(message: string, facts?: Record<string, unknown>): void;
}
