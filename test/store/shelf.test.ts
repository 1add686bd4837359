import { rmSync } from 'node:fs';
import { expect } from 'chai';
import type { Json } from '../../src/accounts/documents.ts';
import { exec } from '../../src/store/driver.ts';
import { Store } from '../../src/store/store.ts';
import { postgres } from '../support/postgres.ts';
import { newFolder, onBothDialects, openSqlite, until, withPlaces } from './places.ts';
import { listeningLog } from './records.ts';

onBothDialects('documents', (place) => {
  it('are in force at once, come back after a restart, and are gone when they were deleted', async () => {
    const store = await place().open();
    const mine = store.documents('budgets');
    expect(store.documents('budgets')).to.equal(mine);
    let rings = 0;
    mine.onChange(() => {
      expect(mine.all().size).to.be.above(0);
      rings++;
    });
    const end = mine.onChange(() => {
      throw new Error('not my day');
    });
    const odd = { "it's": ['"', '$1', '\0', '😀', null, 1.5, { deep: [] }] };
    await mine.put("o'dd $1 name", odd);
    expect(mine.all().get("o'dd $1 name")).to.eql(odd);
    await mine.put('other', 1);
    await mine.put('other', 2);
    end();
    expect(rings).to.equal(3);
    expect(await mine.delete('other')).to.equal(true);
    expect(await mine.delete('other')).to.equal(false);
    expect(await mine.delete('never')).to.equal(false);
    await store.documents('else').put('other', true);
    expect([...mine.all()]).to.eql([["o'dd $1 name", odd]]);
    await store.close();
    const again = await place().open();
    expect([...again.documents('budgets').all()]).to.eql([["o'dd $1 name", odd]]);
    expect([...again.documents('else').all()]).to.eql([['other', true]]);
    await again.documents('budgets').put('other', 3);
    expect(again.documents('budgets').all().get('other')).to.equal(3);
  });

  it('that are set at the same time are all kept, the last word winning', async () => {
    const store = await place().open();
    const mine = store.documents('budgets');
    await Promise.all(Array.from({ length: 40 }, (_, n) => mine.put(`n${n % 4}`, n)));
    expect([...mine.all()].sort()).to.eql([
      ['n0', 36],
      ['n1', 37],
      ['n2', 38],
      ['n3', 39],
    ]);
    await store.close();
    expect([...(await place().open()).documents('budgets').all()].sort()).to.eql([...mine.all()].sort());
  });

  it('are set together, with one call to those who listen, and null takes one away', async () => {
    const store = await place().open();
    const mine = store.documents('settings');
    await mine.put('old', { deep: 'value' });
    let rings = 0;
    mine.onChange(() => rings++);
    const odd = { "it's": ['"', '$1', '\0', '😀', null, 1.5] };
    const bodies: [string, Json | null][] = [
      ['new', odd],
      ['old', null],
      ['never', null],
      ['n', 7],
      ["o'dd", 'text'],
    ];
    await mine.putAll(new Map(bodies));
    await mine.putAll(new Map());
    expect(rings).to.equal(1);
    const left = [
      ['n', 7],
      ['new', odd],
      ["o'dd", 'text'],
    ];
    expect([...mine.all()].sort()).to.eql(left);
    await store.close();
    expect([...(await place().open()).documents('settings').all()].sort()).to.eql(left);
  });

  it('are stored by one of several who saw the same', async () => {
    const store = await place().open();
    const mine = store.documents('channels');
    const all = await Promise.all(Array.from({ length: 5 }, (_, n) => mine.putUnchanged('new', n)));
    expect(all).to.eql([true, false, false, false, false]);
    expect(mine.all().get('new')).to.equal(0);
    expect(await mine.putUnchanged('new', 'seen')).to.equal(true);
    await place().query("update documents set version = version + 10, body = '7' where id = 'new'");
    expect(await mine.putUnchanged('new', 'late')).to.equal(false);
    expect(await place().query("select body from documents where id = 'new'")).to.eql([{ body: '7' }]);
    await mine.put('old', 1);
    await mine.delete('old');
    expect(await mine.putUnchanged('old', 2)).to.equal(true);
    await place().query("update documents set version = version + 10, body = null where id = 'old'");
    expect(await mine.putUnchanged('old', 3), 'it was deleted elsewhere').to.equal(false);
  });

  it('do not keep for ever that something is gone', async () => {
    const store = await place().open();
    await store.documents('budgets').put('a', 1);
    await store.documents('budgets').delete('a');
    await store.close();
    expect(await place().query('select body from documents')).to.eql([{ body: null }]);
    await place().query('update documents set updated_ms = 0');
    await place().open();
    await until(async () => (await place().query('select body from documents')).length === 0, 'it is forgotten');
  });
});

describe('documents of a locked SQLite file', () => {
  withPlaces(
    async () => null,
    (place) => {
      it('are not set, which is said, and stay as they were', async () => {
        const store = await place().open();
        const mine = store.documents('budgets');
        await mine.put('a', 1);
        const other = await openSqlite(place().address.slice('sqlite:'.length));
        await exec(other, 'begin immediate');
        expect(await mine.put('a', 2).catch((error: Error) => error)).to.be.instanceOf(Error);
        expect(await mine.delete('a').catch((error: Error) => error)).to.be.instanceOf(Error);
        expect([...mine.all()]).to.eql([['a', 1]]);
        await new Promise((resolve) => other.close(resolve));
        await mine.put('a', 3);
        expect([...mine.all()]).to.eql([['a', 3]]);
      });
    },
  );
});

describe('documents on one PostgreSQL', () => {
  it('are seen by other processes within a second or so, and the newest wins everywhere', async function () {
    const database = await postgres();
    if ('missing' in database) return this.skip();
    const folders = [newFolder(), newFolder()];
    const open = (folder: string) => Store.open({ database: database.url, folder, log: listeningLog() });
    const stores = await Promise.all(folders.map(open));
    try {
      const [one, other] = stores.map((store) => store.documents('budgets')) as [Documents, Documents];
      let rings = 0;
      other.onChange(() => rings++);
      await one.put('a', { limit: '1' });
      await until(() => other.all().has('a'), 'it is seen');
      expect(rings).to.equal(1);
      expect(await other.delete('a')).to.equal(true);
      await until(() => !one.all().has('a'), 'it is gone');
      await Promise.all(Array.from({ length: 60 }, (_, n) => (n % 2 ? one : other).put(`n${n % 3}`, n)));
      const rows = await database.query(`select id, body from documents where body is not null order by id`);
      const truth = rows.map(({ id, body }) => [id, JSON.parse(String(body))]);
      for (const side of [one, other])
        await until(() => JSON.stringify([...side.all()].sort()) === JSON.stringify(truth), 'both know the last word');
    } finally {
      for (const store of stores) await store.close();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    }
  });
});

type Documents = ReturnType<Store['documents']>;
