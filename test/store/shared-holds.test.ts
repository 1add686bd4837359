import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Claim, Standing, Taken } from '../../src/accounts/accounts.ts';
import { LEASE_MS } from '../../src/accounts/rows.ts';
import { Series, type SeriesParts } from '../../src/accounts/series.ts';
import { newId } from '../../src/pipeline/id.ts';
import { encode, lineOf } from '../../src/store/line.ts';
import { toRow } from '../../src/store/row.ts';
import { PostgresHolds } from '../../src/store/shared-holds.ts';
import { Store } from '../../src/store/store.ts';
import { postgres, startServer, type TestDatabase } from '../support/postgres.ts';
import { newFolder, until } from './places.ts';
import { HOUR, listeningLog, NOON, recordOf } from './records.ts';

const DAY = { from: NOON, to: NOON + 24 * HOUR };
const ONE = 1_000_000_000_000n;

const seriesOf = (parts: Partial<SeriesParts> = {}): Series =>
  new Series({ measure: 'usd', where: {}, per: [], ...parts });
const claimOf = (claim: Partial<Claim> = {}): Claim => ({
  series: seriesOf(),
  window: DAY,
  subject: '',
  amount: ONE,
  limit: 10n * ONE,
  ...claim,
});
const isTaken = ({ taken }: Taken): boolean => taken;

describe('holds that several processes share', () => {
  let database: TestDatabase;
  let stores: Store[] = [];
  let holds: PostgresHolds[] = [];
  let folders: string[] = [];

  before(async function () {
    const found = await postgres();
    if (!('missing' in found)) return;
    console.log(`      skipped: ${found.missing}`);
    this.skip();
  });

  beforeEach(async () => {
    const found = await postgres();
    if ('missing' in found) throw new Error(found.missing);
    database = found;
  });

  afterEach(async () => {
    for (const one of holds) await one.close(true);
    for (const store of stores) await store.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    [stores, holds, folders] = [[], [], []];
  });

  async function openStore(folder = newFolder(), url = database.url): Promise<Store> {
    folders.push(folder);
    const store = await Store.open({ database: url, folder, log: listeningLog() });
    stores.push(store);
    return store;
  }

  /** Asks until somebody knows: a machine that is busy may take longer than a request would wait. */
  async function hold(store: Store, id: string, claim: Claim): Promise<Taken> {
    for (;;) {
      const taken = await store.accounts.hold(id, [claim], 'refuse');
      if (taken.standings !== null) return taken;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Holds of a process of its own, on the database of a store. */
  function openHolds(node = newId(0), life = '1', url = database.url): PostgresHolds {
    const one = new PostgresHolds({ url, node, life, log: listeningLog() });
    holds.push(one);
    return one;
  }

  const take = async (from: PostgresHolds, id: string, claims: readonly Claim[]): Promise<Taken> =>
    (await from.take([{ id, claims }]))[0]!;
  const standing = async (from: PostgresHolds, claim = claimOf()): Promise<Standing> =>
    (await from.standings([claim]))[0]!;

  it('let 10 of 500 in, where there is room for 10, through four stores at once', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => openStore()));
    // Everybody is there already: nobody comes first because others still connect.
    for (const store of all) await hold(store, newId(NOON), claimOf({ amount: 0n }));
    const taken = await Promise.all(Array.from({ length: 500 }, (_, n) => hold(all[n % 4]!, newId(NOON), claimOf())));
    expect(taken.filter(isTaken)).to.have.lengthOf(10);
    for (const store of all)
      expect(await store.accounts.standings([claimOf()])).to.eql([{ spent: 0n, held: 10n * ONE }]);
  });

  it('never spend past the limit while rows come in and holds go', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => openStore()));
    const live = async (store: Store): Promise<bigint> => {
      let spent = 0n;
      for (let n = 0; n < 25; n++) {
        const id = newId(NOON);
        if (!isTaken(await hold(store, id, claimOf({ limit: 40n * ONE })))) continue;
        store.append(recordOf({ id, cost_usd: '1' }));
        store.accounts.end(id);
        spent += ONE;
        if (n % 5 === 0) await store.flush();
      }
      return spent;
    };
    const spent = await Promise.all(all.map(live));
    for (const store of all) await store.flush();
    const sum = spent.reduce((one, other) => one + other, 0n);
    expect(sum).to.equal(40n * ONE);
    expect(await all[0]!.accounts.standings([claimOf()])).to.eql([{ spent: sum, held: 0n }]);
  });

  it('turn into what is spent in the step in which their row comes', async () => {
    const store = await openStore();
    const [one, other] = [openHolds(), openHolds()];
    const record = recordOf({ cost_usd: '0.25' });
    expect(isTaken(await take(one, record.id, [claimOf()]))).to.equal(true);
    expect(await standing(other)).to.eql({ spent: 0n, held: ONE });
    const { seen, end } = watch(() => standing(other));
    await until(() => seen.size > 0, 'somebody looks');
    store.append(record);
    await store.flush();
    await until(async () => (await standing(other)).held === 0n, 'the hold is over');
    await end();
    expect([...seen]).to.eql([`0 ${ONE}`, `${ONE / 4n} 0`]);
    expect(await standing(one)).to.eql({ spent: ONE / 4n, held: 0n });
  });

  it('take all claims or none, and tell which were short and what stood before', async () => {
    await openStore();
    const one = openHolds();
    const small = claimOf({ series: seriesOf({ measure: 'requests' }), amount: 1n, limit: 1n });
    const both = [claimOf(), small];
    expect(await take(one, 'a', both)).to.eql({
      taken: true,
      standings: [nothing, nothing],
      apart: false,
    });
    expect(await take(one, 'b', both)).to.eql({
      taken: false,
      standings: [
        { spent: 0n, held: ONE },
        { spent: 0n, held: 1n },
      ],
      short: [1],
    });
    expect(await one.standings(both)).to.eql([
      { spent: 0n, held: ONE },
      { spent: 0n, held: 1n },
    ]);
    const free = claimOf({ limit: null, amount: 100n * ONE });
    expect(isTaken(await take(one, 'c', [free, free]))).to.equal(true);
    expect((await standing(one)).held, 'an account is held once by one exchange').to.equal(101n * ONE);
  });

  it('are changed, released, and taken anew by the same exchange', async () => {
    await openStore();
    const one = openHolds();
    const [big, small] = [claimOf({ amount: 9n * ONE }), claimOf({ series: seriesOf({ measure: 'tokens' }) })];
    await take(one, 'a', [big, small]);
    await one.adjust([
      { id: 'a', amounts: [2n * ONE, 0n] },
      { id: 'nobody', amounts: [1n] },
    ]);
    expect(await one.standings([big, small])).to.eql([{ spent: 0n, held: 2n * ONE }, nothing]);
    expect(isTaken(await take(one, 'a', [claimOf({ amount: 10n * ONE })])), 'its own hold is no hindrance').to.equal(
      true,
    );
    expect((await standing(one)).held).to.equal(10n * ONE);
    expect(isTaken(await take(one, 'a', [claimOf({ amount: 11n * ONE })]))).to.equal(false);
    expect(await standing(one), 'what it had goes with the refusal').to.eql(nothing);
    await take(one, 'b', [claimOf()]);
    await one.release(['b', 'nobody']);
    expect(await standing(one)).to.eql(nothing);
  });

  it('end with their lease, which is renewed as long as somebody lives', async () => {
    await openStore();
    const one = openHolds();
    for (const id of ['a', 'b']) await take(one, id, [claimOf()]);
    await database.query(`update holds set lease = lease - interval '${LEASE_MS - 50} milliseconds'`);
    await one.renew(['a', 'nobody']);
    await until(async () => (await standing(one)).held === ONE, 'the other is over');
    const [row] = await database.query(`select extract(epoch from lease - now()) as left from holds where id = 'a'`);
    expect(Number(row?.left) * 1000).to.be.within(LEASE_MS - 5000, LEASE_MS + 1000);
  });

  it('of an earlier life end at the start, in the step in which their rows come, and no others', async () => {
    const folder = newFolder();
    const store = await openStore(folder);
    await hold(store, newId(NOON), claimOf());
    const [{ node } = { node: '' }] = await database.query('select node from holds');
    await store.close();
    expect(await database.query('select * from holds'), 'a close leaves nothing').to.eql([]);
    const [earlier, stranger] = [openHolds(String(node), 'before'), openHolds()];
    const record = recordOf({ cost_usd: '0.25' });
    await take(earlier, record.id, [claimOf()]);
    await take(earlier, newId(NOON), [claimOf({ amount: 0n })]);
    await take(stranger, newId(NOON), [claimOf()]);
    mkdirSync(join(folder, 'journal'), { recursive: true });
    writeFileSync(join(folder, 'journal', '0000000001.jsonl'), lineOf(encode(toRow(record))));
    const { seen, end } = watch(() => standing(stranger));
    await openStore(folder);
    await until(async () => (await database.query('select * from holds')).length === 1, 'its own are gone');
    await end();
    expect([...seen].sort()).to.eql([`0 ${2n * ONE}`, `${ONE / 4n} ${ONE}`]);
  });

  it('are summed up by subject, the largest first', async () => {
    const series = seriesOf({ per: ['agent', 'tags.team'], where: { 'tags.team': ['t*'] } });
    const store = await openStore();
    const [one, window] = [openHolds(), DAY];
    const of = (agent: string, cost_usd: string) => recordOf({ agent, cost_usd, tags: { team: "t'1" } });
    for (const record of [of('a', '1'), of('b', '2'), of('a', '0.5'), recordOf(), of("x'; --", '0.1')])
      store.append(record);
    await store.flush();
    const key = (agent: string): Claim => claimOf({ series, subject: `${agent}\x1ft'1`, limit: null });
    await take(one, 'a', [key('new')]);
    await take(one, 'b', [key('a')]);
    store.append(of('new', '0.75'));
    await store.flush();
    const list = await one.list(series, window, 3);
    expect(list.map(({ subject, spent, held }) => [series.valuesOf(subject)[0], spent, held])).to.eql([
      ['a', (3n * ONE) / 2n, ONE],
      ['b', 2n * ONE, 0n],
      ['new', (3n * ONE) / 4n, ONE],
    ]);
    expect(await one.list(series, window, 10)).to.have.lengthOf(4);
  });

  it('are exact when many rows have come since a sheet was used, and when a sheet was forgotten', async () => {
    const store = await openStore();
    const one = openHolds();
    await take(one, 'a', [claimOf({ limit: null })]);
    for (let n = 0; n < 25_000; n++) store.append(recordOf({ cost_usd: '0.000000000001' }, NOON + n));
    await store.flush();
    expect(await take(one, 'b', [claimOf({ limit: null })])).to.eql({
      taken: true,
      standings: [{ spent: 25_000n, held: ONE }],
      apart: false,
    });
    await database.query('delete from hold_sheets');
    const [{ spent }] = (await one.standings([claimOf()])) as [Standing];
    expect(spent).to.equal(25_000n);
    expect(await standing(openHolds()), 'another sees the same').to.eql({ spent: 25_000n, held: 0n });
  });

  it('are swept when they are over, and sheets when nobody uses them', async () => {
    const store = await openStore();
    const one = openHolds();
    const record = recordOf();
    await take(one, record.id, [claimOf()]);
    await take(one, 'late', [claimOf()]);
    await take(one, 'alive', [claimOf()]);
    await database.query(`update holds set lease = now() where id = 'late'`);
    store.append(record);
    await store.flush();
    await take(one, 'other', [claimOf({ series: seriesOf({ where: { agent: ['x'] } }) })]);
    await one.release(['other']);
    await database.query(`update hold_sheets set used_at = now() - interval '3 days'`);
    await one.sweep();
    expect((await database.query('select id from holds')).map(({ id }) => id)).to.eql(['alive']);
    expect(await database.query('select id from hold_sheets'), 'one is held on').to.have.lengthOf(1);
    expect(isTaken(await take(one, 'more', [claimOf()]))).to.equal(true);
    const [row] = await database.query(`select used_at > now() - interval '1 minute' as used from hold_sheets`);
    expect(row?.used).to.equal(true);
  });

  describe('when the server does not answer', () => {
    it('reject when nobody listens there', async () => {
      const one = openHolds('x', '1', 'postgres://me@127.0.0.1:1/spy');
      expect(await take(one, 'a', [claimOf()]).catch((error: Error) => error.message)).to.include('ECONNREFUSED');
    });

    it('reject in time when it takes connections and says nothing', async () => {
      const mute = createServer(() => {}).listen(0, '127.0.0.1');
      await new Promise((resolve) => mute.once('listening', resolve));
      const { port } = mute.address() as { port: number };
      const one = openHolds('x', '1', `postgres://me@127.0.0.1:${port}/spy`);
      const begun = performance.now();
      expect(await take(one, 'a', [claimOf()]).catch((error: Error) => error)).to.be.instanceOf(Error);
      expect(performance.now() - begun).to.be.below(5000);
      mute.close();
    });

    it('reject in time while it hangs, hold nothing of it, and go on when it does', async function () {
      this.timeout(30_000);
      if (process.env.PG_TEST_URL) return this.skip(); // a server that is not ours cannot be frozen
      const server = await startServer().catch(() => null);
      if (!server) return this.skip();
      const store = await openStore(newFolder(), server.url);
      const one = openHolds('x', '1', server.url);
      await take(one, 'a', [claimOf()]);
      const pids = await server.freeze();
      const begun = performance.now();
      expect(await take(one, 'b', [claimOf()]).catch((error: Error) => error)).to.be.instanceOf(Error);
      expect(performance.now() - begun).to.be.below(5000);
      server.thaw(pids);
      await until(async () => (await take(one, 'c', [claimOf()]).catch(() => null))?.taken === true, 'it goes on');
      expect((await standing(one)).held).to.equal(2n * ONE);
      for (const holder of holds) await holder.close(true);
      await store.close();
      [stores, holds] = [[], []];
      await server.stop();
    });

    it('go on after their connections were cut', async () => {
      await openStore();
      const one = openHolds();
      for (let round = 0; round < 3; round++) {
        expect(isTaken(await take(one, `a${round}`, [claimOf()]))).to.equal(true);
        await database.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
      }
      expect((await standing(one)).held).to.equal(3n * ONE);
    });
  });
});

/** Looks again and again, and keeps all that was to be seen: spent and held. */
function watch(look: () => Promise<Standing>): { seen: Set<string>; end(): Promise<void> } {
  const seen = new Set<string>();
  let looking = true;
  const watching = (async () => {
    while (looking) {
      const { spent, held } = await look();
      seen.add(`${spent} ${held}`);
    }
  })();
  const end = async (): Promise<void> => {
    looking = false;
    await watching;
  };
  return { seen, end };
}

const nothing: Standing = { spent: 0n, held: 0n };
