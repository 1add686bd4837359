import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Charge, Series } from '../../src/accounts/series.ts';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { Backlog } from '../../src/store/backlog.ts';
import { Database } from '../../src/store/database.ts';
import { exec } from '../../src/store/driver.ts';
import { Journal } from '../../src/store/journal.ts';
import { encode, lineOf } from '../../src/store/line.ts';
import { OwnRows } from '../../src/store/own-rows.ts';
import { toRow } from '../../src/store/row.ts';
import { Writer } from '../../src/store/writer.ts';
import { onBothDialects, openSqlite, type Place, until, withPlaces } from './places.ts';
import { listeningLog, NOON, recordOf } from './records.ts';

const ALL = { from: 0, to: null };
const REQUESTS = new Series({ measure: 'requests', where: {}, per: [] });
const SPENT = new Series({ measure: 'usd', where: {}, per: [] });

/** The machine below a store, by hand. */
async function machine(place: Place) {
  const database = await Database.open(place.address, 'normal');
  const journal = new Journal(join(place.folder, 'journal'), 'normal');
  await journal.recover(performance.now());
  const [backlog, log] = [new Backlog(), listeningLog()];
  const writer = new Writer({ database, backlog, journal, log, onStored: () => {} });
  const rows = new OwnRows({ database, backlog, writer, log });
  let taken = 0;
  return {
    database,
    writer,
    rows,
    log,
    taken: () => taken,
    take(record: ExchangeRecord): void {
      const row = toRow(record);
      const waiting = { text: encode(row), since: performance.now(), segment: null, stored: false };
      backlog.push(waiting);
      journal.append(waiting);
      writer.wake();
      taken++;
      rows.taken(row);
    },
    /** Rows of the database and rows that wait, and how many there were in that moment. */
    count: () =>
      rows.still(async (waiting) => {
        const before = taken;
        await new Promise(setImmediate);
        const stored = (await rows.sums(REQUESTS, ALL)).get('') ?? 0n;
        return { found: Number(stored) + waiting.length, before };
      }),
    async close(): Promise<void> {
      await writer.close(5000);
      await journal.close();
      await database.close();
    },
  };
}

onBothDialects('the rows of a store', (place) => {
  it('are told in the moment they are taken, each once, until nobody listens', async () => {
    const { rows, take, close } = await machine(place());
    const heard: Charge[] = [];
    const end = rows.onTaken((charge) => heard.push(charge));
    const record = recordOf({ project: null, tags: { team: 'a' } });
    take(record);
    end();
    take(recordOf());
    await close();
    expect(heard).to.have.lengthOf(1);
    const [{ id, at, fact, amounts } = heard[0]!] = heard;
    expect([id, at, amounts]).to.deep.equal([record.id, NOON, { usd: 1_425_000_000n, tokens: 1005n, requests: 1n }]);
    const said = (['project', 'agent', 'tags.team', 'tags.toString', 'user'] as const).map(fact);
    expect(said).to.deep.equal(['default', 'open-webui', 'a', null, null]);
  });

  it('are each in the database or among those that wait, in a moment in which nothing is written', async () => {
    const { take, taken, count, close } = await machine(place());
    let feeding = true;
    const feed = async (): Promise<void> => {
      while (feeding && taken() < 6000) {
        for (let n = 0; n < 10; n++) take(recordOf());
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const fed = feed();
    for (let round = 0; round < 12; round++) {
      const counts = await Promise.all([count(), count()]);
      for (const { found, before } of counts) expect(found).to.equal(before);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    feeding = false;
    await fed;
    await close();
    const [row] = await place().query('select count(*) as n from exchanges');
    expect(Number(row?.n), 'writing went on').to.equal(taken());
  });

  it('are counted once when the answer to a commit was lost', async () => {
    const { database, writer, take, count, close } = await machine(place());
    const [together, write] = [database.together, database.write];
    let losing = 1;
    const lose = async (done: Promise<void>): Promise<void> => {
      await done;
      if (losing-- > 0) throw new Error('the answer was lost');
    };
    database.together = (work) => lose(together.call(database, work));
    database.write = (sql, binds) => lose(write.call(database, sql, binds));
    for (let n = 0; n < 10; n++) take(recordOf());
    await writer.drain(20);
    take(recordOf());
    expect(await count()).to.deep.equal({ found: 11, before: 11 });
    losing = 100;
    take(recordOf());
    await writer.drain(20);
    const refused = await count().catch((error: Error) => error.message);
    expect(refused).to.equal('the database takes no rows: the answer was lost');
    losing = 0;
    expect(await count()).to.deep.equal({ found: 12, before: 12 });
    await close();
  });
});

describe('the accounts of a store', () => {
  withPlaces(
    async () => null,
    (place) => {
      const standing = async (store: Awaited<ReturnType<Place['open']>>) =>
        (await store.accounts.standings([{ series: SPENT, window: ALL, subject: '' }]))[0]!;

      it('count a row of the journal once, whether its commit had come before the crash or not', async () => {
        const stored = [recordOf({ cost_usd: '1' }), recordOf({ cost_usd: '2' })];
        const store = await place().filled(...stored);
        await store.close();
        const old: Record<string, unknown> = { ...toRow(recordOf({ cost_usd: '4' })) };
        for (const name of Object.keys(old)) if (/^(charged|predicted)_/.test(name)) delete old[name];
        const texts = [...stored.map((record) => encode(toRow(record))), JSON.stringify(old)];
        mkdirSync(join(place().folder, 'journal'), { recursive: true });
        writeFileSync(join(place().folder, 'journal', '0000000001.jsonl'), texts.map(lineOf).join(''));
        const again = await place().open();
        again.append(recordOf({ cost_usd: '8' }));
        expect(await standing(again)).to.deep.equal({ spent: 15_000_000_000_000n, held: 0n });
      });

      it('do not count what could not be taken, and the store says that it is full', async () => {
        const store = await place().open();
        await standing(store);
        const other = await openSqlite(place().address.slice('sqlite:'.length));
        await exec(other, 'begin immediate');
        expect(store.full).to.equal(false);
        const big = 'x'.repeat(8 * 1024 * 1024);
        let kept = 0n;
        while (store.append(recordOf({ cost_usd: '1', raw_usage: big }))) kept++;
        expect(await standing(store)).to.deep.equal({ spent: kept * 1_000_000_000_000n, held: 0n });
        while (store.append(recordOf({ cost_usd: '1', raw_usage: 'x'.repeat(15_000) }))) kept++;
        expect(store.full).to.equal(true);
        expect((await standing(store)).spent).to.equal(kept * 1_000_000_000_000n);
        await new Promise((resolve) => other.close(resolve));
        expect(await store.flush()).to.equal(true);
        expect(store.full).to.equal(false);
      });

      it('reject within seconds while rows of an earlier life cannot be written, and tell afterwards', async () => {
        await (await place().open()).close();
        mkdirSync(join(place().folder, 'journal'), { recursive: true });
        const line = lineOf(encode(toRow(recordOf({ cost_usd: '1' }))));
        writeFileSync(join(place().folder, 'journal', '0000000001.jsonl'), line);
        const other = await openSqlite(place().address.slice('sqlite:'.length));
        await exec(other, 'begin immediate');
        const store = await place().open();
        const begun = performance.now();
        const failure = await standing(store).catch((error: Error) => error);
        expect(failure).to.be.instanceOf(Error);
        expect(performance.now() - begun).to.be.below(5000);
        await new Promise((resolve) => other.close(resolve));
        await until(async () => (await standing(store).catch(() => null))?.spent === 1_000_000_000_000n, 'it tells');
      });
    },
  );
});
