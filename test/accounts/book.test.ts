import { expect } from 'chai';
import type { Claim, Taken } from '../../src/accounts/accounts.ts';
import { MemoryAccounts } from '../../src/accounts/book.ts';
import { Once } from '../../src/accounts/once.ts';
import { Sheets } from '../../src/accounts/sheets.ts';
import { until } from '../support/until.ts';
import { everywhere, seriesOf, TestRows } from './rows.ts';

const all = seriesOf();
const key = { series: all, window: everywhere, subject: '' };
const claim = (amount: bigint, limit: bigint | null = 10n, more: Partial<Claim> = {}): Claim => ({
  ...key,
  amount,
  limit,
  ...more,
});
const NONE: Taken = { taken: false, standings: null, short: [] };

describe('accounts of one process', () => {
  let rows: TestRows;
  let now: number;
  let accounts: MemoryAccounts;

  beforeEach(() => {
    rows = new TestRows();
    now = 1_000_000;
    accounts = new MemoryAccounts(rows, () => now, { openMs: 10_000, rowMs: 20, pauseMs: 5 });
  });
  afterEach(() => accounts.close());

  /** What there is of an account; it is open. */
  const stands = async (): Promise<string> => {
    const [standing] = await accounts.standings([key]);
    return `${standing!.spent} spent, ${standing!.held} held`;
  };

  describe('a sum', () => {
    it('begins with what the rows come to, those on their way to the database included', async () => {
      rows.take({ id: 'a', at: 10, usd: 5n });
      rows.flush();
      rows.take({ id: 'b', at: 20, usd: 7n });
      const taken = await accounts.hold('c', [claim(3n, 15n)], 'refuse');
      expect(taken).to.eql({ taken: true, standings: [{ spent: 12n, held: 0n }], apart: false });
      expect(await stands()).to.equal('12 spent, 3 held');
    });

    it('is not followed before somebody asks, and not after the end', async () => {
      expect(rows.followers).to.equal(0);
      await stands();
      await stands();
      expect(rows.followers).to.equal(1);
      accounts.close();
      expect(rows.followers).to.equal(0);
    });

    it('is read once, for all who wait, and then kept', async () => {
      await Promise.all([stands(), stands(), accounts.hold('a', [claim(1n)], 'refuse')]);
      // The second question is whether the clock was set back.
      expect(rows.asked).to.equal(2);
      rows.take({ id: 'b', at: 10, usd: 5n });
      rows.flush();
      expect(await stands()).to.equal('5 spent, 1 held');
      expect(rows.asked).to.equal(2);
    });

    it('has each row once that comes while it is read', async () => {
      rows.take({ id: 'a', at: 10, usd: 1n });
      rows.flush();
      rows.take({ id: 'b', at: 10, usd: 10n });
      let n = 0;
      rows.meanwhile = () => {
        rows.take({ id: `during ${n++}`, at: 20, usd: 100n });
        rows.flush();
      };
      const asked = stands();
      rows.take({ id: 'at once', at: 10, usd: 1000n });
      await asked;
      rows.meanwhile = () => undefined;
      rows.flush();
      expect(n).to.be.greaterThan(1);
      expect(await stands()).to.equal(`${rows.truth(all, everywhere)} spent, 0 held`);
    });

    it('has the rows of its window, by the time at which they began', async () => {
      const window = { from: 100, to: 200 };
      const [before] = await accounts.standings([{ ...key, window }]);
      for (const at of [99, 100, 199, 200]) rows.take({ id: `${at}`, at, usd: BigInt(at) });
      expect(before).to.eql({ spent: 0n, held: 0n });
      expect(await accounts.standings([{ ...key, window }])).to.eql([{ spent: 299n, held: 0n }]);
    });

    it('is kept for each subject, measure and window by itself', async () => {
      const perAgent = seriesOf(['agent']);
      const tokens = seriesOf(['agent'], {}, 'tokens');
      const requests = seriesOf([], { agent: ['a*'] }, 'requests');
      const keys = [
        { series: perAgent, window: everywhere, subject: 'a' },
        { series: perAgent, window: everywhere, subject: 'b' },
        { series: tokens, window: everywhere, subject: 'a' },
        { series: requests, window: everywhere, subject: '' },
        { series: perAgent, window: { from: 15, to: null }, subject: 'a' },
      ];
      rows.take({ id: '1', at: 10, usd: 3n, facts: { agent: 'a' } });
      rows.flush();
      await accounts.standings(keys);
      rows.take({ id: '2', at: 20, usd: 4n, facts: { agent: 'a' } });
      rows.take({ id: '3', at: 20, usd: 50n, facts: { agent: 'b' } });
      rows.take({ id: '4', at: 20, usd: 600n });
      const spent = (await accounts.standings(keys)).map((standing) => standing.spent);
      expect(spent).to.eql([7n, 50n, 14n, 2n, 4n]);
    });

    it('counts once what is told twice', async () => {
      const again = { id: '00000000000012345678901234567890', at: 10, usd: 5n };
      rows.take(again);
      rows.take(again);
      expect(await stands()).to.equal('5 spent, 0 held');
      rows.take(again);
      rows.flush();
      rows.take(again);
      expect(await stands()).to.equal('5 spent, 0 held');
      rows.take({ ...again, id: again.id.replace('1', '2') });
      expect(await stands()).to.equal('10 spent, 0 held');
    });
  });

  describe('a hold', () => {
    it('is checked and taken in one step, without a promise', async () => {
      await stands();
      expect(accounts.hold('a', [claim(10n)], 'refuse')).to.eql({
        taken: true,
        standings: [{ spent: 0n, held: 0n }],
        apart: false,
      });
      expect(accounts.hold('b', [claim(1n)], 'refuse')).to.eql({
        taken: false,
        standings: [{ spent: 0n, held: 10n }],
        short: [0],
      });
      expect(await stands()).to.equal('0 spent, 10 held');
    });

    it('lets as many through as there is room for, however many wait for the sum', async () => {
      rows.take({ id: 'before', at: 10, usd: 1n });
      rows.flush();
      const ids = Array.from({ length: 500 }, (_, i) => `${i}`);
      const answers = await Promise.all(ids.map((id) => accounts.hold(id, [claim(3n)], 'slice')));
      expect(answers.filter(({ taken }) => taken)).to.have.length(3);
    });

    it('is on all accounts or on none', async () => {
      const other = { series: seriesOf([], { agent: ['a'] }) };
      await stands();
      await accounts.hold('a', [claim(4n, 4n, other)], 'refuse');
      const taken = accounts.hold('b', [claim(1n), claim(1n, 4n, other)], 'refuse');
      expect(taken).to.deep.include({ taken: false, short: [1] });
      expect(await stands()).to.equal('0 spent, 0 held');
    });

    it('ends in the step in which its row counts', async () => {
      await accounts.hold('a', [claim(10n)], 'refuse');
      rows.take({ id: 'a', at: 10, usd: 4n });
      expect(accounts.hold('b', [claim(6n)], 'refuse')).to.include({ taken: true });
      expect(await stands()).to.equal('4 spent, 6 held');
    });

    it('ends with a row that costs nothing, and with one of another window', async () => {
      const today = { window: { from: 100, to: 200 } };
      await accounts.hold('a', [claim(10n, 10n, today)], 'refuse');
      await accounts.hold('b', [claim(10n)], 'refuse');
      rows.take({ id: 'a', at: 99, usd: 4n });
      rows.take({ id: 'b', at: 10 });
      expect(await accounts.standings([{ ...key, ...today }, key])).to.eql([
        { spent: 0n, held: 0n },
        { spent: 4n, held: 0n },
      ]);
    });

    it('ends by itself when its row does not come', async () => {
      await accounts.hold('a', [claim(3n)], 'refuse');
      await accounts.hold('b', [claim(4n)], 'refuse');
      accounts.end('a');
      accounts.end('a');
      accounts.end('nobody');
      expect(await stands()).to.equal('0 spent, 7 held');
      await until('a is let go', async () => (await stands()) === '0 spent, 4 held');
      accounts.end('b');
      await until('b is let go', async () => (await stands()) === '0 spent, 0 held');
    });

    it('may be changed, beyond the limit too: nothing is checked', async () => {
      await accounts.hold('a', [claim(3n), claim(4n, null, { subject: 'x' })], 'refuse');
      accounts.adjust('a', [11n, 1n]);
      accounts.adjust('nobody', [1n]);
      expect(await stands()).to.equal('0 spent, 11 held');
      accounts.adjust('a', [2n]);
      expect(await accounts.standings([key, { ...key, subject: 'x' }])).to.eql([
        { spent: 0n, held: 2n },
        { spent: 0n, held: 1n },
      ]);
      rows.take({ id: 'a', at: 10 });
      expect(await stands()).to.equal('0 spent, 0 held');
    });

    it('of an id that holds something takes its place', async () => {
      await accounts.hold('a', [claim(8n)], 'refuse');
      expect(accounts.hold('a', [claim(9n)], 'refuse')).to.include({ taken: true });
      expect(await stands()).to.equal('0 spent, 9 held');
      expect(accounts.hold('a', [claim(11n)], 'refuse')).to.include({ taken: false });
      expect(await stands()).to.equal('0 spent, 0 held');
    });

    it('on one account by several claims is the sum of them', async () => {
      expect(await accounts.hold('a', [claim(6n), claim(5n, null)], 'refuse')).to.include({ taken: false });
      await accounts.hold('a', [claim(6n), claim(4n, null)], 'refuse');
      expect(await stands()).to.equal('0 spent, 10 held');
      rows.take({ id: 'a', at: 10 });
      expect(await stands()).to.equal('0 spent, 0 held');
    });

    it('keeps nothing of an exchange that was over while it waited', async () => {
      const gone = accounts.hold('gone', [claim(3n)], 'refuse');
      const left = accounts.hold('left', [claim(4n)], 'refuse');
      const less = accounts.hold('less', [claim(3n)], 'refuse');
      rows.take({ id: 'gone', at: 10, usd: 1n });
      accounts.end('left');
      accounts.adjust('less', [1n]);
      for (const taken of [gone, left, less]) expect(await taken).to.include({ taken: true });
      expect(await stands()).to.equal('1 spent, 5 held');
      await until('the rest is let go', async () => (await stands()) === '1 spent, 1 held');
    });

    it('on nothing is taken', () => {
      expect(accounts.hold('a', [], 'refuse')).to.eql({ taken: true, standings: [], apart: false });
    });
  });

  describe('a window that begins', () => {
    const next = { window: { from: 2_000_000, to: 3_000_000 } };

    it('needs no question, so it begins at once while the database is away', async () => {
      await accounts.hold('a', [claim(10n, 10n, { window: { from: 0, to: 2_000_000 } })], 'refuse');
      const { asked } = rows;
      rows.state = 'silent';
      now = 2_000_001;
      expect(accounts.hold('b', [claim(10n, 10n, next)], 'refuse')).to.include({ taken: true, apart: false });
      // A request of the window before, that ends now.
      rows.take({ id: 'a', at: 1_999_999, usd: 9n });
      expect(accounts.hold('c', [claim(1n, 10n, next)], 'refuse')).to.deep.include({
        standings: [{ spent: 0n, held: 10n }],
      });
      expect(rows.asked).to.equal(asked);
    });

    it('does so too where somebody starts it anew', async () => {
      await accounts.hold('a', [claim(10n)], 'refuse');
      rows.take({ id: 'a', at: now, usd: 10n });
      rows.state = 'failing';
      now += 1;
      const reset = { window: { from: now, to: null } };
      expect(accounts.hold('b', [claim(10n, 10n, reset)], 'refuse')).to.include({ taken: true });
    });

    it('has the rows that were there before anybody asked for it', async () => {
      await stands();
      now = 2_000_001;
      rows.take({ id: 'early', at: 2_000_001, usd: 7n });
      expect(await accounts.hold('a', [claim(4n, 10n, next)], 'refuse')).to.deep.include({
        taken: false,
        standings: [{ spent: 7n, held: 0n }],
      });
    });

    for (const [where, flush] of [
      ['in the database', true],
      ['on their way to it', false],
    ] as const)
      it(`has the rows that a clock has left in its future, ${where}`, async () => {
        rows.take({ id: 'future', at: 2_500_000, usd: 7n });
        if (flush) rows.flush();
        await accounts.standings([{ ...key, window: { from: 0, to: 2_000_000 } }]);
        now = 2_000_001;
        const taken = await accounts.hold('a', [claim(4n, 10n, next)], 'refuse');
        expect(taken).to.deep.include({ taken: false, standings: [{ spent: 7n, held: 0n }] });
      });
  });

  describe('without the database', () => {
    for (const state of ['failing', 'silent'] as const)
      it(`go on from what they know, for who wants that, and read the sum as soon as they can (${state})`, async () => {
        rows.take({ id: 'old', at: 10, usd: 8n });
        rows.flush();
        rows.state = state;
        accounts = new MemoryAccounts(rows, () => now, { openMs: 30, pauseMs: 5 });
        const refused = accounts.hold('a', [claim(1n)], 'refuse');
        const taken = accounts.hold('b', [claim(6n)], 'slice');
        expect(accounts.apartSince).to.equal(null);
        expect(await refused).to.eql(NONE);
        expect(await taken).to.eql({ taken: true, standings: [{ spent: 0n, held: 0n }], apart: true });
        expect(accounts.apartSince).to.equal(now);
        // From here on nobody waits.
        expect(accounts.hold('c', [claim(1n)], 'refuse')).to.eql(NONE);
        expect(accounts.hold('d', [claim(4n)], 'slice')).to.include({ taken: true, apart: true });
        expect(accounts.hold('e', [claim(1n)], 'slice')).to.include({ taken: false });
        rows.take({ id: 'b', at: 10, usd: 1n });
        expect(accounts.hold('f', [claim(5n)], 'slice')).to.deep.include({ standings: [{ spent: 1n, held: 4n }] });
        rows.mend();
        await until('the sum is there', () => accounts.apartSince === null);
        expect(await stands()).to.equal('9 spent, 9 held');
        expect(accounts.hold('g', [claim(1n)], 'slice')).to.include({ taken: false });
      });

    it('hold on other accounts as ever', async () => {
      await stands();
      rows.state = 'failing';
      const other = { series: seriesOf(['agent']), subject: 'a' };
      expect(await accounts.hold('a', [claim(1n, 10n, other)], 'refuse')).to.eql(NONE);
      expect(accounts.hold('b', [claim(1n)], 'refuse')).to.include({ taken: true, apart: false });
    });

    it('say to people that nobody knows', async () => {
      rows.state = 'failing';
      const failure = await stands().catch((error: Error) => error.message);
      expect(failure).to.match(/^the database does not answer/);
    });

    it('let nobody wait for ever when they are closed', async () => {
      rows.state = 'silent';
      const hold = accounts.hold('a', [claim(1n)], 'refuse');
      accounts.close();
      expect(await hold).to.eql(NONE);
    });
  });

  describe('a list', () => {
    it('shows the largest accounts, by what is spent and held, in an order that stays', async () => {
      const series = seriesOf(['agent']);
      const names = Array.from({ length: 60 }, (_, i) => `a${i}`);
      for (const agent of names)
        rows.take({ id: agent, at: 10, usd: BigInt(Number(agent.slice(1)) % 7), facts: { agent } });
      await accounts.hold('h', [claim(9n, null, { series, subject: 'held' })], 'refuse');
      const listed = (await accounts.list(series, everywhere, 4)).map(({ subject, spent, held }) => [
        subject,
        spent,
        held,
      ]);
      expect(listed).to.eql([
        ['held', 0n, 9n],
        ['a13', 6n, 0n],
        ['a20', 6n, 0n],
        ['a27', 6n, 0n],
      ]);
      expect(await accounts.list(series, everywhere, 100)).to.have.length(1 + 60 - 9);
      expect(await accounts.list(series, everywhere, 0)).to.eql([]);
    });
  });

  describe('memory', () => {
    const HOUR = 3_600_000;
    const at = (n: number): { from: number; to: number } => ({ from: n * HOUR, to: (n + 1) * HOUR });

    it('forgets windows that are over and those that nobody asks for, and never one that is held', () => {
      const sheets = new Sheets();
      const over = sheets.find({ series: all, window: at(1) }, 2 * HOUR);
      const held = sheets.find({ series: all, window: at(2) }, 2 * HOUR);
      const open = sheets.find({ series: all, window: everywhere }, 2 * HOUR);
      held.users = 1;
      sheets.forget(2 * HOUR);
      expect(sheets.size).to.equal(3);
      sheets.forget(4 * HOUR);
      expect([over, held, open].map(({ forgotten }) => forgotten)).to.eql([true, false, false]);
      sheets.forget(48 * HOUR);
      expect([held, open].map(({ forgotten }) => forgotten)).to.eql([false, true]);
      held.users = 0;
      sheets.forget(48 * HOUR);
      expect(sheets.size).to.equal(0);
    });

    it('does not keep each window of a series that is started anew again and again', () => {
      const sheets = new Sheets();
      const current = sheets.find({ series: all, window: { from: 1, to: null } }, 10);
      current.users = 1;
      for (let i = 0; i < 200; i++) sheets.find({ series: all, window: { from: 10 + i, to: null } }, 10 + i);
      expect(sheets.size).to.be.below(70);
      expect(current.forgotten).to.equal(false);
    });

    it('asks again for a window that it has forgotten', async () => {
      await stands();
      now = 2 * HOUR;
      const window = at(2);
      await accounts.hold('a', [claim(1n, null, { window })], 'refuse');
      rows.take({ id: 'a', at: 2 * HOUR, usd: 5n });
      rows.flush();
      for (let i = 0; i < 70; i++) await accounts.standings([{ ...key, window: { from: now + i, to: null } }]);
      expect(await accounts.standings([{ ...key, window }])).to.eql([{ spent: 5n, held: 0n }]);
    });

    it('has no account of who holds nothing and has spent nothing', async () => {
      const series = seriesOf(['agent']);
      for (let i = 0; i < 50; i++) {
        await accounts.hold(`${i}`, [claim(1n, null, { series, subject: `agent ${i}` })], 'refuse');
        rows.take({ id: `${i}`, at: 10 });
      }
      expect(await accounts.list(series, everywhere, 100)).to.eql([]);
    });

    it('of ids that may come again is bounded', () => {
      const once = new Once(2);
      const ids = ['a', 'b', 'c'].map((name) => `000000000000${name}`);
      expect(ids.map((id) => once.first(id))).to.eql([true, true, true]);
      expect(once.first(ids[2]!)).to.equal(false);
      expect(once.first(ids[0]!)).to.equal(true);
      expect([once.first('any other'), once.first('any other')]).to.eql([true, true]);
    });
  });
});
