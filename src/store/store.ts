import { join } from 'node:path';
import type { Accounts } from '../accounts/accounts.ts';
import type { Documents } from '../accounts/documents.ts';
import type { ExchangeRecord } from '../pipeline/record.ts';
import type { Audit } from './audit.ts';
import { AuditBook } from './audit-book.ts';
import { Backlog } from './backlog.ts';
import { withCharges } from './charge.ts';
import type { Durability } from './connect.ts';
import { Database } from './database.ts';
import { lineOf } from './faults.ts';
import type { StoreHealth, StoreLog } from './health.ts';
import { Journal } from './journal.ts';
import { encode, idOf } from './line.ts';
import { lockFolder } from './lock.ts';
import { nodeName } from './node-name.ts';
import { OwnAccounts } from './own-accounts.ts';
import { OwnRows } from './own-rows.ts';
import { PromptSums } from './prompt-sums.ts';
import { type AnswerQuestion, textOfAnswer } from './queries/known.ts';
import { Queries } from './queries.ts';
import { toRecord } from './record-of-row.ts';
import { type Row, toRow } from './row.ts';
import { Shelf } from './shelf.ts';
import { StoreError } from './store-error.ts';
import type { Waiting } from './waiting.ts';
import { Writer } from './writer.ts';

export interface StoreOptions {
  /** `sqlite:PATH` or `postgres://...`. */
  database: string;
  /** The data folder: the journal lies in it, and one process at a time has it. */
  folder: string;
  /** `strict` syncs the journal and the database to the disk at each batch; `normal` unless told. */
  durability?: Durability | undefined;
  log: StoreLog;
}

interface StoreParts {
  address: string;
  node: string;
  database: Database;
  journal: Journal;
  shelf: Shelf;
  lock: { release(): Promise<void> };
  log: StoreLog;
}

/** How long a stop waits for the database, milliseconds; what is left then is in the journal. */
const CLOSE_MS = 5000;
const FLUSH_MS = 30_000;
/** How long somebody who wants to know that a record is kept waits for the database where the journal fails, milliseconds. */
const KEPT_MS = 2000;
/** How the text of a row says that the provider told its usage. */
const SETTLED = '"usage_source":"provider"';
/** Losses are logged at most this often, milliseconds. */
const LOG_MS = 5000;

/**
 * Keeps the record of every exchange: a journal that survives a crash, a database, and
 * what is asked of it. Neither a slow nor an absent database delays an exchange.
 */
export class Store {
  readonly queries: Queries;
  /** Who changed what. */
  readonly audit: Audit;
  readonly #database: Database;
  readonly #backlog = new Backlog();
  readonly #journal: Journal;
  readonly #shelf: Shelf;
  readonly #writer: Writer;
  readonly #rows: OwnRows;
  readonly #accounts: OwnAccounts;
  readonly #sums: PromptSums;
  readonly #lock: { release(): Promise<void> };
  readonly #log: StoreLog;
  readonly #listeners = new Set<(rows: number) => void>();
  #overflowed = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<boolean> | undefined;

  private constructor({ address, node, database, journal, shelf, lock, log }: StoreParts) {
    this.#database = database;
    this.#journal = journal;
    this.#shelf = shelf;
    this.#lock = lock;
    this.#log = log;
    this.queries = new Queries(database);
    this.audit = new AuditBook(database);
    this.#writer = new Writer({
      database,
      backlog: this.#backlog,
      journal,
      log,
      onStored: (rows) => this.#announce(rows),
    });
    this.#rows = new OwnRows({ database, backlog: this.#backlog, writer: this.#writer, log });
    this.#accounts = new OwnAccounts({ address, node, rows: this.#rows, log });
    this.#sums = new PromptSums(database, log);
  }

  /**
   * Opens the data folder and the database, and takes up what an earlier life has left in the journal.
   * Throws a StoreError of one line when either cannot be used.
   */
  static async open({ database: address, folder, durability = 'normal', log }: StoreOptions): Promise<Store> {
    const lock = await lockFolder(folder);
    let database: Database | undefined;
    try {
      database = await Database.open(address, durability);
      const journal = new Journal(join(folder, 'journal'), durability);
      const rows = await journal.recover(performance.now()).catch((error: unknown) => {
        throw new StoreError('folder_unusable', `the journal in ${folder} cannot be used: ${lineOf(error)}`, {
          cause: error,
        });
      });
      const shelf = await Shelf.open(database, log);
      const node = database.dialect === 'postgres' ? await nodeName(folder) : '';
      const store = new Store({ address, node, database, journal, shelf, lock, log });
      store.#takeUp(rows);
      void store.#accounts.begin();
      store.#sums.wake();
      if (rows.length > 0 || journal.torn > 0)
        log.info('the journal is read again', { rows: rows.length, torn: journal.torn });
      return store;
    } catch (error) {
      await database?.close();
      await lock.release();
      throw error;
    }
  }

  /** `sqlite` or `postgres`. */
  get dialect(): 'sqlite' | 'postgres' {
    return this.#database.dialect;
  }

  /** Sums of the rows, and what requests under way hold of them. */
  get accounts(): Accounts {
    return this.#accounts.accounts;
  }

  /** What was set while the gateway ran, of one kind: of a plugin. */
  documents(kind: string): Documents {
    return this.#shelf.of(kind);
  }

  /** Takes a finished record. Never throws and never waits; a record beyond the bound is dropped and counted, and false says so. */
  append(record: ExchangeRecord): boolean {
    try {
      const row = toRow(record);
      const waiting = { text: encode(row), since: performance.now(), segment: null, stored: false };
      if (this.#closing) throw new Error('the store is closed');
      if (!this.#backlog.push(waiting)) throw new Error('too many records wait for the database');
      this.#journal.append(waiting);
      this.#writer.wake();
      this.#rows.taken(row);
      return true;
    } catch (error) {
      this.#lose(lineOf(error));
      return false;
    }
  }

  /** So many rows wait for the database that no more are taken. */
  get full(): boolean {
    return this.#backlog.full;
  }

  /** Tells whether all that was taken so far survives a crash from now on: it is in the journal, or in the database. */
  async kept(): Promise<boolean> {
    await this.#journal.flush();
    return this.#journal.failure === null || this.#writer.drain(KEPT_MS);
  }

  /**
   * Tells which of these ids are taken already, in the database or on their way to it.
   * Rejects when the database does not answer: then nobody knows.
   */
  async has(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const asked = new Set(ids);
    const found = new Set<string>();
    this.#backlog.find(({ text }) => {
      const id = idOf(text);
      if (asked.has(id)) found.add(id);
      return found.size === asked.size;
    });
    const rest = [...asked].filter((id) => !found.has(id));
    for (const id of await this.queries.knownIds(rest)) found.add(id);
    return found;
  }

  /** Finds the exchange of an answer whose usage its provider had not told, also one that still waits for the database. */
  async unsettled(question: AnswerQuestion): Promise<ExchangeRecord | null> {
    const { api, provider, responseId } = question;
    const pieces = [textOfAnswer(responseId), `"api":${JSON.stringify(api)}`, `"provider":${JSON.stringify(provider)}`];
    const isIt = (text: string): boolean => pieces.every((piece) => text.includes(piece)) && !text.includes(SETTLED);
    const waiting = this.#backlog.find(({ text }) => isIt(text));
    return waiting ? toRecord(JSON.parse(waiting.text) as Row) : this.queries.unsettled(question);
  }

  /** Calls back with rows after their commit, in the order of `seq`; returns what ends that. */
  on(_event: 'stored', listener: (rows: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Writes what waits, at most so many milliseconds long; true when all of it is in the database. */
  async flush(milliseconds = FLUSH_MS): Promise<boolean> {
    await this.#journal.flush();
    return this.#writer.drain(milliseconds);
  }

  /** Sums up what prompts came to, at most so many milliseconds long; true when all stored rows are in the sums. */
  summed(milliseconds = FLUSH_MS): Promise<boolean> {
    return this.#sums.settle(milliseconds);
  }

  /** Tells how the store feels; cheap enough for every health check. */
  health(): StoreHealth {
    const { oldest, size } = this.#backlog;
    const { apartSince } = this.accounts;
    const database = this.#writer.state;
    return {
      ok: database === 'ok' && this.#journal.failure === null && apartSince === null,
      database,
      journal: this.#journal.failure === null ? 'ok' : 'failing',
      waiting: size,
      lost: this.#overflowed + this.#writer.refused,
      torn: this.#journal.torn,
      oldest_waiting_ms: oldest ? Math.round(performance.now() - oldest.since) : null,
      budgets_apart_since: apartSince === null ? null : new Date(apartSince).toISOString(),
      last_error: this.#journal.failure ?? this.#writer.lastError,
      dialect: this.#database.dialect,
    };
  }

  /**
   * Writes what waits, within five seconds, and closes. What the database did not take by then
   * is in the journal and comes at the next start; false says so.
   */
  close(): Promise<boolean> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<boolean> {
    this.#shelf.close();
    this.#accounts.stop();
    await this.#journal.flush();
    const done = await this.#writer.close(CLOSE_MS);
    await this.#journal.close();
    await this.#sums.close();
    await Promise.all([this.#accounts.close(done), this.#database.close()]);
    await this.#lock.release();
    return done;
  }

  /** Takes what an earlier life has left; a crash may have come between its commit and the end of its journal. */
  #takeUp(rows: readonly Waiting[]): void {
    for (const row of rows) this.#backlog.restore({ ...row, text: withCharges(row.text) });
    this.#writer.doubt(rows.length);
    if (rows.length > 0) this.#writer.wake();
  }

  #announce(rows: number): void {
    this.#sums.wake();
    for (const listener of this.#listeners) {
      try {
        listener(rows);
      } catch (error) {
        this.#log.warn('a listener for stored rows failed', { error: lineOf(error) });
      }
    }
  }

  #lose(reason: string): void {
    this.#overflowed++;
    const now = performance.now();
    if (now - this.#loggedAt < LOG_MS) return;
    this.#loggedAt = now;
    this.#log.error('a record is lost', { lost: this.#overflowed, reason });
  }
}
