import type { Documents, Json } from '../accounts/documents.ts';
import { type Cell, textOf } from './columns.ts';
import type { Binds, Database } from './database.ts';
import { lineOf } from './faults.ts';
import type { StoreLog } from './health.ts';

/** How often other processes are asked what they have set, milliseconds: they promise it within a second. */
const POLL_MS = 700;
/** How long it is kept that a document is gone, milliseconds: no process is away for so long. */
const GONE_MS = 30 * 86_400_000;
/** How often those are looked for, milliseconds. */
const SWEEP_MS = 86_400_000;
/** Deleted documents of one kind whose versions are remembered. */
const MOST_GONE = 10_000;
/** One writer at a time, so that the order of versions is the order of commits and no reader passes one over. */
const LOCK = 7_265_003;

type Line = Record<'kind' | 'id' | 'body' | 'version', Cell>;

const POSTGRES_PUT = `with locked as materialized (select pg_advisory_xact_lock(${LOCK}))
insert into documents (kind, id, body, version, updated_ms)
select $1, $2, $3, nextval('documents_version'), $4 from locked
on conflict (kind, id) do update set body = excluded.body, version = excluded.version, updated_ms = excluded.updated_ms
returning kind, id, body, version`;
// Of one that was never seen here the version is 0.
const UNCHANGED = 'where documents.version = $5 or ($5 = 0 and documents.body is null)';
const POSTGRES_PUT_UNCHANGED = `with locked as materialized (select pg_advisory_xact_lock(${LOCK}))
insert into documents (kind, id, body, version, updated_ms)
select $1, $2, $3, nextval('documents_version'), $4 from locked
on conflict (kind, id) do update set body = excluded.body, version = excluded.version, updated_ms = excluded.updated_ms
${UNCHANGED} returning kind, id, body, version`;
const POSTGRES_DELETE = `with locked as materialized (select pg_advisory_xact_lock(${LOCK}))
update documents set body = null, version = nextval('documents_version'), updated_ms = $3 from locked
where kind = $1 and id = $2 and body is not null returning kind, id, body, version`;

const POSTGRES_PUT_ALL = `with locked as materialized (select pg_advisory_xact_lock(${LOCK}))
insert into documents (kind, id, body, version, updated_ms)
select $1, one->>'id', one->>'body', nextval('documents_version'), $3 from locked, json_array_elements($2::json) as one
on conflict (kind, id) do update set body = excluded.body, version = excluded.version, updated_ms = excluded.updated_ms
returning kind, id, body, version`;

// The driver gives no rows for what begins with the word insert, or update.
const SQLITE_NEXT = 'with newest as (select coalesce(max(version), 0) + 1 as version from documents)';
const SQLITE_PUT = `${SQLITE_NEXT}
insert into documents (kind, id, body, version, updated_ms) select $1, $2, $3, version, $4 from newest where true
on conflict (kind, id) do update set body = excluded.body, version = excluded.version, updated_ms = excluded.updated_ms
returning kind, id, body, version`;
const SQLITE_PUT_UNCHANGED = `${SQLITE_NEXT}
insert into documents (kind, id, body, version, updated_ms) select $1, $2, $3, version, $4 from newest where true
on conflict (kind, id) do update set body = excluded.body, version = excluded.version, updated_ms = excluded.updated_ms
${UNCHANGED} returning kind, id, body, version`;
const SQLITE_PUT_ALL = `${SQLITE_NEXT}
insert into documents (kind, id, body, version, updated_ms)
select $1, one.value->>'id', one.value->>'body', version, $3 from newest, json_each($2) as one where true
on conflict (kind, id) do update set body = excluded.body, version = excluded.version, updated_ms = excluded.updated_ms
returning kind, id, body, version`;
const SQLITE_DELETE = `${SQLITE_NEXT}
update documents set body = null, version = (select version from newest), updated_ms = $3
where kind = $1 and id = $2 and body is not null returning kind, id, body, version`;

const POSTGRES = {
  put: POSTGRES_PUT,
  putUnchanged: POSTGRES_PUT_UNCHANGED,
  putAll: POSTGRES_PUT_ALL,
  delete: POSTGRES_DELETE,
};
const SQLITE = {
  put: SQLITE_PUT,
  putUnchanged: SQLITE_PUT_UNCHANGED,
  putAll: SQLITE_PUT_ALL,
  delete: SQLITE_DELETE,
};

type Change = (what: keyof typeof SQLITE, binds: Binds) => Promise<Line[]>;

/** All documents as they are known here: read once, and again where another process has changed them. */
export class Shelf {
  readonly #database: Database;
  readonly #log: StoreLog;
  readonly #folders = new Map<string, Folder>();
  #timer: NodeJS.Timeout | undefined;
  #sweeping: NodeJS.Timeout | undefined;
  /** All up to this version were read. What is set here may be newer, with others' in between. */
  #read = 0;
  #polling = false;

  private constructor(database: Database, log: StoreLog) {
    this.#database = database;
    this.#log = log;
  }

  static async open(database: Database, log: StoreLog): Promise<Shelf> {
    const shelf = new Shelf(database, log);
    await shelf.#catchUp();
    if (database.dialect === 'postgres') shelf.#timer = setInterval(() => void shelf.#poll(), POLL_MS).unref();
    shelf.#sweeping = setInterval(() => shelf.#sweep(), SWEEP_MS).unref();
    shelf.#sweep();
    return shelf;
  }

  /** Gives the documents of one kind; always the same object. */
  of(kind: string): Documents {
    return this.#folder(kind);
  }

  close(): void {
    clearInterval(this.#timer);
    clearInterval(this.#sweeping);
  }

  /** A database that cannot be written now is no reason not to start. */
  #sweep(): void {
    const sweep = 'delete from documents where body is null and updated_ms < $1';
    void this.#database.write(sweep, [Date.now() - GONE_MS]).catch(() => {});
  }

  #folder(kind: string): Folder {
    let folder = this.#folders.get(kind);
    if (!folder) {
      folder = new Folder(kind, this.#change, this.#log);
      this.#folders.set(kind, folder);
    }
    return folder;
  }

  readonly #change: Change = (what, binds) => {
    const statements = this.#database.dialect === 'sqlite' ? SQLITE : POSTGRES;
    return this.#database.change<Line>(statements[what], binds);
  };

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      await this.#catchUp();
    } catch {
      // The health of the store tells that the database is away.
    } finally {
      this.#polling = false;
    }
  }

  async #catchUp(): Promise<void> {
    const lines = await this.#database.select<Line>(
      'select kind, id, body, version from documents where version > $1 order by version',
      [this.#read],
    );
    const changed = new Set<Folder>();
    for (const line of lines) {
      const folder = this.#folder(String(line.kind));
      if (folder.take(line)) changed.add(folder);
      this.#read = Number(line.version);
    }
    for (const folder of changed) folder.tell();
  }
}

/** The documents of one kind. */
class Folder implements Documents {
  readonly #kind: string;
  readonly #change: Change;
  readonly #log: StoreLog;
  readonly #bodies = new Map<string, Json>();
  /** Of deleted ones, too: what is read late may be older than what was deleted here. */
  readonly #versions = new Map<string, number>();
  /** Those, the one that went first in front: so many are remembered as nobody deletes between two readings. */
  readonly #gone = new Set<string>();
  readonly #listeners = new Set<() => void>();

  constructor(kind: string, change: Change, log: StoreLog) {
    this.#kind = kind;
    this.#change = change;
    this.#log = log;
  }

  all(): ReadonlyMap<string, Json> {
    return this.#bodies;
  }

  async put(id: string, body: Json): Promise<void> {
    this.#follow(await this.#change('put', [this.#kind, id, JSON.stringify(body), Date.now()]));
  }

  async putUnchanged(id: string, body: Json): Promise<boolean> {
    const known = this.#versions.get(id) ?? 0;
    const lines = await this.#change('putUnchanged', [this.#kind, id, JSON.stringify(body), Date.now(), known]);
    this.#follow(lines);
    return lines.length > 0;
  }

  async putAll(bodies: ReadonlyMap<string, Json | null>): Promise<void> {
    const list = [...bodies].map(([id, body]) => ({ id, body: body === null ? null : JSON.stringify(body) }));
    if (list.length > 0) this.#follow(await this.#change('putAll', [this.#kind, JSON.stringify(list), Date.now()]));
  }

  async delete(id: string): Promise<boolean> {
    const lines = await this.#change('delete', [this.#kind, id, Date.now()]);
    this.#follow(lines);
    return lines.length > 0;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes what the database says, unless something newer is known; true when that was a change. */
  take(line: Line): boolean {
    const [id, version] = [String(line.id), Number(line.version)];
    if (version <= (this.#versions.get(id) ?? 0)) return false;
    this.#versions.set(id, version);
    const body = textOf(line.body);
    if (body === null) {
      this.#forget(id);
      return this.#bodies.delete(id);
    }
    this.#gone.delete(id);
    this.#bodies.set(id, JSON.parse(body) as Json);
    return true;
  }

  #forget(id: string): void {
    this.#gone.delete(id);
    this.#gone.add(id);
    const [first] = this.#gone;
    if (this.#gone.size <= MOST_GONE || first === undefined) return;
    this.#gone.delete(first);
    this.#versions.delete(first);
  }

  tell(): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        this.#log.warn('a listener for documents failed', { kind: this.#kind, error: lineOf(error) });
      }
    }
  }

  #follow(lines: readonly Line[]): void {
    let changed = false;
    for (const line of lines) changed = this.take(line) || changed;
    if (changed) this.tell();
  }
}
