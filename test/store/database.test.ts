import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseAddress } from '../../src/store/address.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { load } from '../../src/store/driver.ts';
import type { Migration } from '../../src/store/migrations/migration.ts';
import { MIGRATIONS, migrate } from '../../src/store/migrations.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import { postgres } from '../support/postgres.ts';
import { canBeNobody, startChild } from './children.ts';
import { newFolder, onBothDialects, withPlaces } from './places.ts';
import { recordOf } from './records.ts';

/** Gives the error of an opening that must fail. */
async function refusal(opening: Promise<{ close(): Promise<unknown> }>): Promise<StoreError> {
  try {
    await (await opening).close();
  } catch (error) {
    expect((error as Error).message).not.to.include('\n');
    return error as StoreError;
  }
  throw new Error('it was opened');
}

onBothDialects('a database', (place, dialect) => {
  it('is made in an empty place, and opens again as it was', async () => {
    const store = await place().open();
    store.append(recordOf());
    expect(await store.flush()).to.equal(true);
    await store.close();
    const again = await place().open();
    expect((await again.queries.list()).entries).to.have.lengthOf(1);
    const steps = await place().query('select name from migrations order by name');
    expect(steps.map((step) => step.name)).to.deep.equal(MIGRATIONS.map((migration) => migration.name));
  });

  it('is brought up to date once when two openings come at the same time', async () => {
    const both = await Promise.all([
      Database.open(place().address, 'normal'),
      Database.open(place().address, 'normal'),
    ]);
    for (const database of both) await database.close();
    expect(await place().query('select name from migrations')).to.have.lengthOf(MIGRATIONS.length);
  });

  it('that a newer version has written is refused by the name of what is not known', async () => {
    await (await place().open()).close();
    await place().query(`insert into migrations (name, applied_at) values ('9999-future', 'tomorrow')`);
    const error = await refusal(place().open());
    expect(error.code).to.equal('newer_schema');
    expect(error.message).to.include('9999-future');
  });

  it('keeps nothing of a migration that breaks off half-way, and takes it up at the next start', async () => {
    const half: Migration = {
      name: '0002-half',
      up: async ({ run }) => {
        await run('create table half (a integer)');
        await run('insert into there_is_no_such_table values (1)');
      },
    };
    const whole: Migration = { name: '0002-half', up: ({ run }) => run('create table half (a integer)') };
    await (await place().open()).close();
    const sequelize = await connect(parseAddress(place().address), 'migrator', 'normal');
    try {
      const failure = await migrate(sequelize, 'it', [...MIGRATIONS, half]).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Error);
      expect(await place().query('select name from migrations')).to.have.lengthOf(MIGRATIONS.length);
      await migrate(sequelize, 'it', [...MIGRATIONS, whole]);
      expect(await place().query('select a from half')).to.deep.equal([]);
    } finally {
      await sequelize.close();
    }
  });

  it('answers the queries of the Dream Server document', async () => {
    const store = await place().open();
    const session = (id: string) => ({ id, source: 'header', confidence: 'high' as const });
    const at = Date.parse('2026-11-20T23:59:59.999Z');
    store.append(recordOf({ session: session('one'), cost_usd: '0.25' }, at));
    store.append(recordOf({ session: session('two'), cost_usd: '0.5', status: 500 }, at + 1));
    store.append(recordOf({ session: session('two'), cost_usd: '0.125', usage: { input_tokens: 7 } }, at + 2));
    store.append(recordOf({ session: session('two'), cost_usd: null, usage: null, status: 500 }, at + 3));
    await store.flush();
    // Only the first has to be said otherwise in SQLite, which has no time_bucket.
    const hour = dialect === 'sqlite' ? `strftime('%Y-%m-%d %H:00', timestamp)` : `time_bucket('1 hour', timestamp)`;
    const hours = await place().query(`SELECT ${hour} as hour, sum(prompt_tokens + completion_tokens) as total_tokens
      FROM requests GROUP BY hour ORDER BY hour DESC`);
    expect(hours.map((row) => Number(row.total_tokens))).to.deep.equal([1012, 1005]);
    const top = await place().query(`SELECT session_id, sum(cost) as total_cost FROM requests
      GROUP BY session_id ORDER BY total_cost DESC LIMIT 10`);
    expect(top.map((row) => [row.session_id, Number(row.total_cost)])).to.deep.equal([
      ['two', 0.625],
      ['one', 0.25],
    ]);
    const errors = await place().query('SELECT status_code, count(*) as count FROM requests GROUP BY status_code');
    const counts = new Map(errors.map((row) => [Number(row.status_code), Number(row.count)]));
    expect(counts).to.deep.equal(
      new Map([
        [200, 2],
        [500, 2],
      ]),
    );
  });
});

describe('a SQLite file', () => {
  withPlaces(
    async () => null,
    (place) => {
      const file = () => place().address.slice('sqlite:'.length);

      it('that is no database is refused by name and left as it is', async () => {
        const text = 'these are my notes, not a database\n'.repeat(400);
        writeFileSync(file(), text);
        const error = await refusal(place().open());
        expect(error.code).to.equal('corrupt');
        expect(error.message).to.include(file());
        expect(readFileSync(file(), 'utf8')).to.equal(text);
      });

      it('that is damaged in the middle is refused at the start', async () => {
        const store = await place().open();
        for (let count = 0; count < 500; count++) store.append(recordOf());
        await store.flush();
        await store.close();
        const bytes = readFileSync(file());
        bytes.fill(0xa5, 4096 * 3, bytes.length - 4096);
        writeFileSync(file(), bytes);
        expect((await refusal(place().open())).code).to.equal('corrupt');
        expect(readFileSync(file()).equals(bytes)).to.equal(true);
      });

      it('that may only be read is refused by name', async function () {
        if (!canBeNobody()) return this.skip();
        await (await place().open()).close();
        chmodSync(file(), 0o444);
        chmodSync(place().folder, 0o777);
        rmSync(join(place().folder, 'lock'));
        rmSync(join(place().folder, 'lock.pid'));
        rmSync(join(place().folder, 'journal'), { recursive: true });
        const child = await startChild(['open', place().address, place().folder], { asNobody: true });
        expect(child.lines()[0]).to.match(/^refused no_rights: .*token-spy\.db: this user may not write/);
      });

      it('in a folder that may not be written is refused by name', async function () {
        if (!canBeNobody()) return this.skip();
        const other = join(place().folder, 'locked-away');
        mkdirSync(other);
        chmodSync(place().folder, 0o755);
        if (process.getuid?.() === 0) {
          const data = join(place().folder, 'data');
          mkdirSync(data);
          chownSync(data, 65_534, 65_534);
          const child = await startChild(['open', `sqlite:${other}/a.db`, data], { asNobody: true });
          expect(child.lines()[0]).to.match(/^refused no_rights/);
        } else {
          chmodSync(other, 0o555);
          expect((await refusal(place().open({ database: `sqlite:${other}/a.db` }))).code).to.equal('no_rights');
        }
      });

      it('below a file, or that is a folder, or that has no name, is refused', async () => {
        writeFileSync(join(place().folder, 'plain'), '');
        for (const address of [
          `sqlite:${place().folder}/plain/a.db`,
          `sqlite:${place().folder}`,
          'sqlite:',
          'sqlite::memory:',
          'mysql://a',
        ]) {
          expect((await refusal(place().open({ database: address }))).code, address).to.equal('bad_address');
        }
      });

      it('is in WAL mode, checks foreign keys and gives space back in steps', async () => {
        await place().open();
        const [mode] = await place().query('pragma journal_mode');
        const [vacuum] = await place().query('pragma auto_vacuum');
        expect(Object.values({ ...mode, ...vacuum })).to.deep.equal(['wal', 2]);
      });

      it('opens with the prebuilt driver where the first one is missing', async () => {
        const { Database: Handle } = await load(['there-is-no-such-driver', '@appthreat/sqlite3']);
        await new Promise<void>((resolve, reject) => {
          const handle = new Handle(file(), () =>
            handle.exec('create table a (b)', (error) => (error ? reject(error) : resolve())),
          );
        });
        const failure = await load(['there-is-no-such-driver']).catch((error: unknown) => error);
        expect((failure as StoreError).code).to.equal('no_driver');
      });
    },
  );
});

describe('a PostgreSQL server', () => {
  const folder = newFolder();
  after(() => rmSync(folder, { recursive: true, force: true }));
  const secret = 'correct-horse';

  it('that is not there is a clear line without the password', async () => {
    const error = await refusal(Database.open(`postgres://me:${secret}@127.0.0.1:1/spy`, 'normal'));
    expect(error.code).to.equal('unreachable');
    expect(error.message).to.equal(
      'PostgreSQL at 127.0.0.1:1/spy: nobody listens there; is the server running? (ECONNREFUSED)',
    );
  });

  it('that takes connections and says nothing is given up on in seconds', async () => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as { port: number };
    const error = await refusal(Database.open(`postgres://me:${secret}@127.0.0.1:${port}/spy`, 'normal'));
    expect(error.code).to.equal('unreachable');
    expect(error.message).not.to.include(secret);
    mute.close();
  });

  it('without the database says so', async function () {
    const database = await postgres();
    if ('missing' in database) return this.skip();
    const error = await refusal(Database.open(`${database.url}_not_made`, 'normal'));
    expect(error.code).to.equal('refused');
    expect(error.message).to.include('does not exist');
  });
});
