import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { exec } from '../../src/store/driver.ts';
import { Store } from '../../src/store/store.ts';
import { postgres, startServer } from '../support/postgres.ts';
import { startChild } from './children.ts';
import { look, newFolder, onBothDialects, openSqlite, until, withPlaces } from './places.ts';
import { listeningLog, recordOf } from './records.ts';

/** ACC-2: what ended this long before a kill must be there after the restart, milliseconds. */
const PROMISED_MS = 250;

onBothDialects('kill -9', (place) => {
  /** Kills a process in the middle of its work and counts what a restart brings back. */
  async function survives(
    durability: 'normal' | 'strict',
    whileRunning: () => Promise<() => Promise<void>>,
  ): Promise<void> {
    const child = await startChild(['append', place().address, place().folder, durability]);
    const undo = await whileRunning();
    await new Promise((resolve) => setTimeout(resolve, 700));
    const killedAt = Date.now();
    await child.kill();
    await undo();
    const appended = child
      .lines()
      .slice(1)
      .map((line) => line.split(' '));
    const promised = appended.filter(([, at]) => Number(at) < killedAt - PROMISED_MS).map(([id]) => id);
    expect(promised.length).to.be.above(50);
    const store = await place().open();
    expect(await store.flush()).to.equal(true);
    const stored = (await place().query('select id from exchanges order by seq')).map((row) => row.id);
    expect(new Set(stored).size).to.equal(stored.length);
    expect(stored).to.include.members(promised);
    expect(appended.slice(0, stored.length).map(([id]) => id)).to.deep.equal(stored);
    const tags = await place().query('select * from exchange_tags');
    expect(tags).to.have.lengthOf(stored.length);
  }

  it('loses no record that was appended 250 ms before, and stores none twice', () =>
    survives('normal', async () => async () => {}));

  it('loses none in strict durability either', () => survives('strict', async () => async () => {}));

  it('loses none while the database is locked', () =>
    survives('normal', async () => {
      if (!place().address.startsWith('sqlite:'))
        return hold(() => place().query('lock table exchanges; select pg_sleep(2)'));
      const other = await openSqlite(place().address.slice('sqlite:'.length));
      await exec(other, 'pragma busy_timeout=2000; begin immediate');
      return () => new Promise((resolve) => other.close(() => resolve()));
    }));
});

/** Runs something in the background until it ends by itself. */
async function hold(work: () => Promise<unknown>): Promise<() => Promise<void>> {
  const running = work();
  await new Promise((resolve) => setTimeout(resolve, 100));
  return async () => void (await running);
}

describe('a SQLite file that another process has locked', () => {
  withPlaces(
    async () => null,
    (place) => {
      it('makes rows wait, shows it, delays nobody, and takes each row once and in order afterwards', async () => {
        const log = listeningLog();
        const store = await place().open({ log });
        let heard = 0;
        store.on('stored', (rows) => {
          heard += rows;
        });
        const other = await openSqlite(place().address.slice('sqlite:'.length));
        await exec(other, 'begin immediate');
        const ids: string[] = [];
        let late = 0;
        for (let count = 0; count < 150; count++) {
          const record = recordOf({ tags: { team: 'a' } });
          ids.push(record.id);
          store.append(record);
          const before = performance.now();
          await new Promise((resolve) => setTimeout(resolve, 10));
          late = Math.max(late, performance.now() - before - 10);
        }
        expect(late, 'the event loop is not in the lock').to.be.below(1000);
        expect(store.health()).to.include({ ok: false, database: 'degraded', waiting: 150, lost: 0 });
        expect(store.health().oldest_waiting_ms).to.be.above(1000);
        expect((await store.queries.list()).entries).to.deep.equal([]);
        await exec(other, 'commit');
        await new Promise((resolve) => other.close(resolve));
        await until(() => store.health().waiting === 0, 'all rows are stored');
        expect(store.health()).to.include({ ok: true, database: 'ok', budgets_apart_since: null, last_error: null });
        const rows = await place().query('select id from exchanges order by seq');
        expect(rows.map((row) => row.id)).to.deep.equal(ids);
        expect(heard).to.equal(ids.length);
        expect(log.lines.filter((line) => line.level === 'error')).to.have.lengthOf(1);
      });

      it('does not keep a restart from taking up its traffic', async () => {
        await (await place().open()).close();
        const file = place().address.slice('sqlite:'.length);
        const other = await openSqlite(file);
        await exec(other, 'begin immediate');
        const store = await place().open();
        store.append(recordOf());
        expect(await store.flush(600)).to.equal(false);
        expect(await store.close(), 'the row waits in the journal').to.equal(false);
        expect(readdirSync(join(place().folder, 'journal'))).to.have.lengthOf(1);
        await new Promise((resolve) => other.close(resolve));
        expect(await (await place().open()).flush()).to.equal(true);
        expect(await look(file, 'select id from exchanges')).to.have.lengthOf(1);
      });
    },
  );
});

describe('a PostgreSQL server', () => {
  let folder: string;
  let store: Store | undefined;
  beforeEach(() => {
    folder = newFolder();
  });
  afterEach(async () => {
    await store?.close();
    store = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  it('that turns read-only makes rows wait until it is not', async function () {
    const database = await postgres();
    if ('missing' in database) return this.skip();
    store = await Store.open({ database: database.url, folder, log: listeningLog() });
    const others = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
    const [{ name } = { name: '' }] = await database.query('select current_database() as name');
    await database.query(`alter database ${name} set default_transaction_read_only = on`);
    await database.query(others);
    store.append(recordOf());
    await until(() => !store!.health().ok, 'the outage shows');
    await database.query(`begin read write; alter database ${name} set default_transaction_read_only = off; commit`);
    await database.query(others);
    await until(() => store!.health().waiting === 0, 'the row is stored');
    expect(await database.query('select id from exchanges')).to.have.lengthOf(1);
  });

  it('whose connections are cut again and again takes each row once and in order', async function () {
    const database = await postgres();
    if ('missing' in database) return this.skip();
    store = await Store.open({ database: database.url, folder, log: listeningLog() });
    const ids: string[] = [];
    for (let round = 0; round < 8; round++) {
      for (let count = 0; count < 400; count++) {
        const record = recordOf({ tags: { n: '1' } });
        ids.push(record.id);
        store.append(record);
      }
      await new Promise((resolve) => setTimeout(resolve, 120));
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
    }
    expect(await store.flush()).to.equal(true);
    const rows = await database.query('select id from exchanges order by seq');
    expect(rows.map((row) => row.id)).to.deep.equal(ids);
  });

  it('that hangs shows in the health within five seconds, and gets all rows within ten after it goes on', async function () {
    this.timeout(60_000);
    if (process.env.PG_TEST_URL) return this.skip(); // a server that is not ours cannot be frozen
    const server = await startServer().catch(() => null);
    if (!server) return this.skip();
    store = await Store.open({ database: server.url, folder, log: listeningLog() });
    store.append(recordOf());
    expect(await store.flush()).to.equal(true);
    const pids = await server.freeze();
    const frozenAt = performance.now();
    await until(() => !store!.health().ok, 'the outage shows without traffic', 9000);
    for (let count = 0; count < 500; count++) store.append(recordOf());
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 8000 - (performance.now() - frozenAt))));
    expect(store.health()).to.include({ ok: false, waiting: 500, lost: 0 });
    server.thaw(pids);
    await until(() => store!.health().waiting === 0, 'all rows are stored');
    expect((await store.queries.totals({ from: new Date(0), to: new Date(8e14) })).requests).to.equal(501);
    await store.close();
    store = undefined;
    await server.stop();
  });
});
