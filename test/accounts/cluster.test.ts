import { expect } from 'chai';
import type { Claim, Taken } from '../../src/accounts/accounts.ts';
import { ClusterAccounts, type ClusterOptions } from '../../src/accounts/cluster.ts';
import { LEASE_MS } from '../../src/accounts/rows.ts';
import { until } from '../support/until.ts';
import { Chance } from './chance.ts';
import { everywhere, seriesOf, type TestRows } from './rows.ts';
import { TestShared } from './shared.ts';

const all = seriesOf();
const key = { series: all, window: everywhere, subject: '' };
const claim = (amount: bigint, limit: bigint | null = 10n): Claim => ({ ...key, amount, limit });
/** Gives up soon on a database that says nothing. */
const QUICK: ClusterOptions = { takeMs: 30 };
const nobody = { spent: 0n, held: 0n };

describe('accounts of several processes', () => {
  let shared: TestShared;
  let nodes: { accounts: ClusterAccounts; rows: TestRows }[] = [];
  let now: number;

  function node(options: ClusterOptions = {}): { accounts: ClusterAccounts; rows: TestRows } {
    const rows = shared.node();
    const times = { takeMs: 10_000, firstMs: 10_000, leaseMs: 4000, rowMs: 20, probeMs: 5 };
    const made = { rows, accounts: new ClusterAccounts(rows, shared, { clock: () => now, ...times, ...options }) };
    nodes.push(made);
    return made;
  }

  /** Says what a node may have left to say, and writes what it may have left to write. */
  const write = (): void => {
    for (const { rows } of nodes) rows.flush();
  };

  beforeEach(() => {
    shared = new TestShared();
    nodes = [];
    now = 1_000_000;
  });
  afterEach(() => {
    for (const { accounts } of nodes) accounts.close();
  });

  describe('while the database answers', () => {
    it('have one limit, however many ask at once', async () => {
      const four = Array.from({ length: 4 }, () => node());
      const answers = await Promise.all(
        Array.from({ length: 500 }, async (_, i) => four[i % 4]!.accounts.hold(`${i}`, [claim(1n)], 'slice')),
      );
      expect(answers.filter(({ taken }) => taken)).to.have.length(10);
      expect(shared.standing(key)).to.eql({ spent: 0n, held: 10n });
    });

    it('go together in one question while another is under way, in portions', async () => {
      const { accounts } = node();
      await Promise.all(Array.from({ length: 250 }, async (_, i) => accounts.hold(`${i}`, [claim(1n)], 'slice')));
      expect(shared.calls).to.eql(['take 1', 'take 100', 'take 100', 'take 49']);
    });

    it('answer at once where nothing is claimed', () => {
      expect(node().accounts.hold('a', [], 'refuse')).to.eql({ taken: true, standings: [], apart: false });
      expect(shared.calls).to.eql([]);
    });

    it('change what is held, also while it is on its way', async () => {
      const { accounts } = node();
      const held = accounts.hold('a', [claim(9n)], 'slice');
      accounts.adjust('a', [5n]);
      await held;
      await until('it is told', () => shared.standing(key).held === 5n);
      accounts.adjust('a', [4n]);
      accounts.adjust('a', [3n]);
      accounts.adjust('nobody', [1n]);
      await until('it is told', () => shared.standing(key).held === 3n);
      expect(shared.calls).to.eql(['take 1', 'adjust 1', 'adjust 1']);
    });

    it('leave a hold to its row, and let it go when none comes', async () => {
      const { accounts, rows } = node();
      await accounts.hold('a', [claim(4n)], 'slice');
      await accounts.hold('b', [claim(5n)], 'slice');
      accounts.end('a');
      accounts.end('b');
      rows.take({ id: 'a', at: 5, usd: 3n });
      await until('b is let go', () => !shared.holds.has('b'));
      expect(shared.holds.has('a')).to.equal(true);
      expect(shared.standing(key).held).to.equal(4n);
      write();
      expect(shared.standing(key)).to.eql({ spent: 3n, held: 0n });
      expect(shared.calls).to.eql(['take 1', 'take 1', 'release 1']);
    });

    it('let go of what was over before its answer came', async () => {
      const { accounts, rows } = node();
      const gone = accounts.hold('gone', [claim(4n)], 'slice');
      rows.take({ id: 'gone', at: 5, usd: 1n });
      const left = accounts.hold('left', [claim(4n)], 'slice');
      accounts.end('left');
      expect([(await gone).taken, (await left).taken]).to.eql([true, true]);
      await until('both are let go', () => shared.holds.size === 0);
    });

    it('say that holds are alive, four times a lease, and once more when their row is on its way', async () => {
      const { accounts, rows } = node({ leaseMs: 40 });
      await accounts.hold('a', [claim(1n)], 'slice');
      await accounts.hold('b', [claim(1n)], 'slice');
      const renewals = (id: string): number => shared.holds.get(id)!.renewed;
      await until('both are renewed', () => renewals('a') > 1 && renewals('b') > 1);
      rows.take({ id: 'a', at: 5, usd: 1n });
      const before = renewals('a');
      await until('a is renewed once more', () => renewals('a') > before);
      const later = async (): Promise<number> => {
        const then = renewals('b');
        await until('b goes on', () => renewals('b') > then + 2);
        return renewals('a');
      };
      expect(await later()).to.equal(await later());
      expect(LEASE_MS).to.equal(20_000);
    });

    it('ask the database for what people see', async () => {
      const { accounts } = node();
      await accounts.hold('a', [claim(4n)], 'slice');
      expect(await accounts.standings([key])).to.eql([{ spent: 0n, held: 4n }]);
      expect(await accounts.list(all, everywhere, 5)).to.eql([{ ...key, spent: 0n, held: 4n }]);
    });
  });

  describe('while it does not', () => {
    for (const state of ['silent', 'failing'] as const) {
      it(`spend what was left as far as they know, and then nothing (${state})`, async () => {
        const [one, other] = [node(QUICK), node()];
        await other.accounts.hold('other', [claim(3n)], 'slice');
        await one.accounts.hold('before', [claim(2n)], 'slice');
        shared.state = state;
        const answers = await Promise.all(['a', 'b', 'c'].map((id) => one.accounts.hold(id, [claim(2n)], 'slice')));
        expect(answers[0]).to.eql({ taken: true, standings: [{ spent: 0n, held: 5n }], apart: true });
        expect(answers.map(({ taken }) => taken)).to.eql([true, true, false]);
        expect(one.accounts.apartSince).to.equal(now);
        expect(other.accounts.apartSince).to.equal(null);
        one.rows.take({ id: 'a', at: 5, usd: 1n });
        expect(one.accounts.hold('d', [claim(1n)], 'slice')).to.include({ taken: true });
        expect(one.accounts.hold('e', [claim(2n)], 'slice')).to.eql({
          taken: false,
          standings: [{ spent: 1n, held: 3n + 2n + 2n + 1n }],
          short: [0],
        });
      });

      it(`hold nothing for who wants no guess (${state})`, async () => {
        const { accounts } = node(QUICK);
        await accounts.hold('before', [claim(2n)], 'refuse');
        shared.state = state;
        const none: Taken = { taken: false, standings: null, short: [] };
        expect(await accounts.hold('a', [claim(1n)], 'refuse')).to.eql(none);
        expect(accounts.hold('b', [claim(1n)], 'refuse')).to.eql(none);
        expect(accounts.hold('c', [claim(1n)], 'slice')).to.include({ taken: true, apart: true });
      });
    }

    it('are patient before they have ever heard of it', async () => {
      shared.state = 'silent';
      const { accounts } = node({ takeMs: 1 });
      const hold = accounts.hold('a', [claim(1n)], 'slice');
      setTimeout(() => shared.mend(), 20);
      expect(await hold).to.eql({ taken: true, standings: [nobody], apart: false });
    });

    it('change and end holds of their own', async () => {
      const { accounts } = node();
      shared.state = 'failing';
      await accounts.hold('a', [claim(9n)], 'slice');
      accounts.adjust('a', [4n]);
      expect(accounts.hold('b', [claim(6n)], 'slice')).to.include({ taken: true });
      expect(accounts.hold('c', [claim(1n)], 'slice')).to.include({ taken: false });
      accounts.end('b');
      await until('b is let go', () => (accounts.hold('c', [claim(1n)], 'slice') as Taken).taken);
    });
  });

  describe('when it is back', () => {
    it('tell what they hold by then, and go on together', async () => {
      const { accounts, rows } = node();
      shared.state = 'failing';
      for (const id of ['a', 'b', 'c']) await accounts.hold(id, [claim(3n)], 'slice');
      accounts.adjust('b', [2n]);
      rows.take({ id: 'c', at: 5, usd: 1n });
      write();
      shared.mend();
      await until('they are together', () => accounts.apartSince === null);
      expect([...shared.holds.keys()].sort()).to.eql(['a', 'b']);
      expect(shared.standing(key)).to.eql({ spent: 1n, held: 5n });
      expect(await accounts.hold('d', [claim(1n)], 'refuse')).to.include({ taken: true, apart: false });
    });

    it('count alone until their rows are written, so that nothing is spent twice', async () => {
      const { accounts, rows } = node();
      shared.state = 'failing';
      await accounts.hold('a', [claim(10n)], 'slice');
      rows.take({ id: 'a', at: 5, usd: 10n });
      shared.mend();
      await until('the database is asked again', () => shared.calls.includes('standings'));
      await turns(20);
      expect(accounts.apartSince).to.equal(now);
      expect(accounts.hold('b', [claim(1n)], 'slice')).to.include({ taken: false });
      write();
      await until('they are together', () => accounts.apartSince === null);
      expect(await accounts.hold('c', [claim(1n)], 'slice')).to.eql({
        taken: false,
        standings: [{ spent: 10n, held: 0n }],
        short: [0],
      });
    });

    it('leave no hold behind whose answer was lost', async () => {
      const { accounts } = node();
      const before = accounts.hold('before', [claim(1n)], 'slice');
      const rest = [
        accounts.hold('alive', [claim(4n)], 'slice'),
        accounts.hold('over', [claim(4n)], 'slice'),
        accounts.hold('no guess', [claim(1n)], 'refuse'),
      ];
      await before;
      shared.deaf = true;
      const taken = (await Promise.all(rest)).map((answer) => answer.taken);
      expect(taken).to.eql([true, true, false]);
      expect([...shared.holds.keys()]).to.eql(['before', 'alive', 'over', 'no guess']);
      accounts.end('over');
      shared.deaf = false;
      await until('they are together', () => accounts.apartSince === null);
      await until('the rest is let go', () => shared.holds.size === 2);
      expect([...shared.holds.keys()].sort()).to.eql(['alive', 'before']);
    });

    it('keep of an answer that comes late what is still wanted', async () => {
      const { accounts, rows } = node(QUICK);
      await accounts.hold('before', [claim(1n)], 'slice');
      shared.state = 'silent';
      const ids = ['alive', 'over', 'no guess'];
      await Promise.all(ids.map((id) => accounts.hold(id, [claim(2n)], id === 'no guess' ? 'refuse' : 'slice')));
      accounts.adjust('alive', [3n]);
      rows.take({ id: 'over', at: 5, usd: 1n });
      write();
      shared.mend();
      await until('they are together', () => accounts.apartSince === null);
      await until('the rest is let go', () => shared.holds.size === 2);
      expect(shared.standing(key)).to.eql({ spent: 1n, held: 4n });
    });

    it('tell again what was held under a lease that has ended', async () => {
      const { accounts } = node({ leaseMs: 20 });
      await accounts.hold('a', [claim(3n)], 'slice');
      shared.state = 'failing';
      await accounts.hold('b', [claim(3n)], 'slice');
      shared.holds.clear();
      await turns(20);
      await new Promise((done) => setTimeout(done, 20));
      shared.mend();
      await until('they are together', () => accounts.apartSince === null);
      expect([...shared.holds.keys()].sort()).to.eql(['a', 'b']);
    });

    it('let requests wait on the threshold for a moment only', async () => {
      const { accounts, rows } = node({ takeMs: 150 });
      await accounts.hold('before', [claim(1n)], 'slice');
      shared.state = 'failing';
      await accounts.hold('a', [claim(1n)], 'slice');
      // The rows of the time of waiting are not written before the time is over.
      const still = rows.still.bind(rows);
      let looks = 0;
      rows.still = async (work) => {
        if (++looks === 2) rows.take({ id: 'late', at: 5, usd: 1n });
        return still(work);
      };
      shared.mend();
      await until('it stands on the threshold', () => accounts.hold('b', [claim(1n)], 'slice') instanceof Promise);
      expect(await accounts.hold('c', [claim(1n)], 'slice')).to.include({ taken: true, apart: true });
      expect(accounts.apartSince).to.equal(now);
      write();
      await until('they are together', () => accounts.apartSince === null);
      expect([...shared.holds.keys()].sort()).to.eql(['a', 'b', 'before', 'c']);
    });
  });

  const chance = new Chance();
  it(`overspend nothing and leave nothing behind, whatever the database does (SEED=${chance.seed})`, async function () {
    this.timeout(20_000);
    const three = Array.from({ length: 3 }, () => node({ takeMs: 10, firstMs: 10, probeMs: 2, rowMs: 5 }));
    const limit = 200n;
    let n = 0;
    const live = async (): Promise<void> => {
      const { accounts, rows } = chance.one(three);
      const id = `${n++}`;
      const amount = BigInt(1 + chance.below(20));
      const taken = await accounts.hold(id, [claim(amount, limit)], chance.next() < 0.2 ? 'refuse' : 'slice');
      if (!taken.taken) return;
      await turns(chance.below(10));
      if (chance.next() < 0.2) accounts.adjust(id, [amount / 2n]);
      const spent = BigInt(chance.below(Number(amount / 2n) + 1));
      const ends = chance.next();
      if (ends < 0.8) accounts.end(id);
      await turns(chance.below(3));
      if (ends < 0.6 || ends >= 0.8) rows.take({ id, at: 5, usd: spent });
    };
    for (let round = 0; round < 60; round++) {
      const lives = Array.from({ length: 10 }, live);
      const fate = chance.next();
      if (fate < 0.1) shared.state = 'failing';
      else if (fate < 0.2) shared.state = 'silent';
      else if (fate < 0.5) {
        shared.deaf = false;
        shared.mend();
      } else if (fate < 0.6) shared.deaf = true;
      await Promise.all(lives);
      write();
      expect(shared.spent(key) <= limit * 3n, `${shared.spent(key)}`).to.equal(true);
    }
    shared.deaf = false;
    shared.mend();
    await until('all is at rest', () => {
      write();
      return three.every(({ accounts }) => accounts.apartSince === null) && shared.standing(key).held === 0n;
    });
    const last = await three[0]!.accounts.hold('last', [claim(0n, null)], 'refuse');
    expect(last.standings).to.eql([{ spent: shared.spent(key), held: 0n }]);
    expect(shared.spent(key)).to.equal(three.reduce((sum, { rows }) => sum + rows.truth(all, everywhere), 0n));
  });
});

async function turns(many: number): Promise<void> {
  for (let i = 0; i < many; i++) await new Promise(setImmediate);
}
