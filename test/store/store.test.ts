import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { encode, lineOf } from '../../src/store/line.ts';
import { toRow } from '../../src/store/row.ts';
import { onBothDialects, until } from './places.ts';
import { listeningLog, NOON, recordOf } from './records.ts';

const ALL = { from: new Date(0), to: new Date(NOON * 2) };

onBothDialects('the store', (place) => {
  it('gives back whole what was appended', async () => {
    const store = await place().open();
    const records = [
      recordOf({
        tags: { team: 'backend', 'a "b"': "it's $1" },
        attempts: [{ provider: 'a', model: null, status: 500, reason: 'x', ms: 1.5 }],
      }),
      recordOf({
        usage: null,
        cost_usd: null,
        price: null,
        session: { id: 'one', source: 'header', confidence: 'high' },
      }),
      recordOf({
        cost_usd: '999999.123456789012',
        usage: { input_tokens: 1e12, 'audio.seconds': 1.25 },
        duration_ms: 0.1 + 0.2,
      }),
      recordOf({
        raw_usage: '{"prompt_tokens":1,\\"x\\":"\\u0000 ü"}',
        stop_reason: { raw: 'end_turn', normalized: null },
      }),
    ];
    for (const record of records) store.append(record);
    expect(await store.flush()).to.equal(true);
    for (const record of records) expect(await store.queries.byId(record.id)).to.deep.equal(record);
    expect(await store.queries.byId('no such id')).to.equal(null);
  });

  it('adds money up exactly', async () => {
    const store = await place().open();
    for (let count = 0; count < 20_000; count++) {
      store.append(recordOf({ cost_usd: count % 2 ? '0.000000000001' : '0.1', tags: {} }, NOON + count));
    }
    expect(await store.flush()).to.equal(true);
    const totals = await store.queries.totals(ALL);
    expect(totals.requests).to.equal(20_000);
    expect(totals.cost_usd).to.equal('1000.00000001');
    expect(totals.input_tokens).to.equal(20_000_000);
  });

  it('adds up more money than a 64-bit integer of pico-dollars holds', async () => {
    const store = await place().open();
    for (let count = 0; count < 12; count++) store.append(recordOf({ cost_usd: '999999.999999999999' }));
    await store.flush();
    expect((await store.queries.totals(ALL)).cost_usd).to.equal('11999999.999999999988');
  });

  it('rings after each commit, and the feed has the rows in the order in which they came', async () => {
    const store = await place().open();
    let heard = 0;
    store.on('stored', () => {
      throw new Error('a listener that fails harms nobody');
    });
    const off = store.on('stored', (rows) => {
      heard += rows;
    });
    const records = Array.from({ length: 2500 }, (_, count) => recordOf({ agent: `a${count}` }));
    for (const record of records) store.append(record);
    await store.flush();
    expect(heard).to.equal(2500);
    const events = await store.queries.eventsAfter(4, 7);
    expect(events.map((event) => event.agent_name)).to.deep.equal(['a4', 'a5', 'a6', 'a7', 'a8', 'a9', 'a10']);
    off();
    store.append(recordOf());
    await store.flush();
    expect(heard).to.equal(2500);
  });

  it('stores a row once, however often it is sent', async () => {
    const store = await place().open();
    const record = recordOf({ tags: { team: 'a' } });
    for (let count = 0; count < 3; count++) store.append(record);
    await store.flush();
    store.append(record);
    await store.flush();
    expect(await place().query('select id from exchanges')).to.have.lengthOf(1);
    expect(await place().query('select * from exchange_tags')).to.have.lengthOf(1);
  });

  it('reads the journal of an earlier life again, first, and clears it', async () => {
    const journal = join(place().folder, 'journal');
    mkdirSync(journal);
    const left = Array.from({ length: 1200 }, (_, count) => recordOf({ agent: `left ${count}`, tags: { n: '1' } }));
    const lines = left.map((record) => lineOf(encode(toRow(record))));
    writeFileSync(join(journal, '0000000001.jsonl'), lines.slice(0, 700).join(''));
    writeFileSync(join(journal, '0000000002.jsonl'), `${lines.slice(600).join('')}0badc0de {"id":"torn`);
    const log = listeningLog();
    const store = await place().open({ log });
    store.append(recordOf({ agent: 'new' }));
    await store.flush();
    expect(store.health().torn).to.equal(1);
    const rows = await place().query('select agent from exchanges order by seq');
    expect(rows.map((row) => row.agent)).to.deep.equal([...left.map((record) => record.agent), 'new']);
    expect(log.lines.map((line) => line.message)).to.include('the journal is read again');
    await until(() => readdirSync(journal).length === 0, 'the journal is empty');
  });

  it('drops a row that the database refuses for good, says so, and stores its neighbours in order', async () => {
    const log = listeningLog();
    const store = await place().open({ log });
    const records = Array.from({ length: 9 }, (_, count) => recordOf({ agent: `a${count}` }));
    for (const [index, record] of records.entries()) {
      store.append(index === 5 ? { ...record, listener: null as unknown as string } : record);
    }
    expect(await store.flush()).to.equal(true);
    const rows = await place().query('select agent from exchanges order by seq');
    expect(rows.map((row) => row.agent)).to.deep.equal(['a0', 'a1', 'a2', 'a3', 'a4', 'a6', 'a7', 'a8']);
    expect(store.health()).to.include({ ok: true, lost: 1, waiting: 0 });
    expect(log.lines.some((line) => line.level === 'error')).to.equal(true);
  });

  it('takes hostile texts for what they are', async () => {
    const store = await place().open();
    const evil = `'; drop table exchanges; -- $1 :a ?1 \0 \ud800 ${'x'.repeat(5000)}`;
    const model = { request: evil, response: evil, priced_as: evil };
    const session = { id: evil, source: evil, confidence: 'low' as const };
    store.append(recordOf({ agent: evil, model, session, tags: { [evil]: evil }, path: evil, raw_usage: evil }));
    store.append(recordOf());
    expect(await store.flush()).to.equal(true);
    expect(store.health().lost).to.equal(0);
    expect((await store.queries.totals(ALL)).requests).to.equal(2);
  });

  it('goes on without its journal folder, and says so', async () => {
    const store = await place().open();
    const journal = join(place().folder, 'journal');
    renameSync(journal, `${journal}-gone`);
    writeFileSync(journal, 'in the way');
    const record = recordOf();
    store.append(record);
    await until(() => store.health().journal === 'failing' || store.health().waiting === 0, 'the failure shows');
    expect(await store.flush()).to.equal(true);
    expect(await store.queries.byId(record.id)).to.deep.equal(record);
  });

  it('loses nothing at a close, and counts what comes after it', async () => {
    const store = await place().open();
    const records = Array.from({ length: 300 }, () => recordOf());
    for (const record of records) store.append(record);
    expect(await store.close()).to.equal(true);
    store.append(recordOf());
    expect(store.health().lost).to.equal(1);
    expect(await place().query('select id from exchanges')).to.have.lengthOf(300);
    expect(readdirSync(join(place().folder, 'journal'))).to.deep.equal([]);
  });

  it('never throws at the exchange, whatever it is handed', async () => {
    const store = await place().open();
    store.append({} as never);
    store.append({ ...recordOf(), time: 'yesterday' });
    await store.flush();
    expect(store.health().waiting).to.equal(0);
    expect(store.health().lost).to.equal(2);
  });

  it('works in strict durability', async () => {
    const store = await place().open({ durability: 'strict' });
    store.append(recordOf());
    expect(await store.flush()).to.equal(true);
    expect(existsSync(join(place().folder, 'journal'))).to.equal(true);
  });

  it('keeps times on either side of midnight and of a clock change apart', async () => {
    const store = await place().open();
    const midnight = Date.parse('2026-10-25T00:00:00.000Z'); // clocks go back in Europe that night
    for (const offset of [-1, 0, 1, 3_600_000, 7_200_000, 86_399_999, 86_400_000]) {
      store.append(recordOf({ agent: String(offset) }, midnight + offset));
    }
    await store.flush();
    const day = await store.queries.list({ from: new Date(midnight), to: new Date(midnight + 86_400_000) });
    expect(day.entries.map((entry) => entry.agent).reverse()).to.deep.equal([
      '0',
      '1',
      '3600000',
      '7200000',
      '86399999',
    ]);
    expect(day.entries.at(-1)?.time).to.equal('2026-10-25T00:00:00.000Z');
  });
});
