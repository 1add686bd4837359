import { expect } from 'chai';
import type { Claim, Taken } from '../../src/accounts/accounts.ts';
import { MemoryAccounts } from '../../src/accounts/book.ts';
import { everywhere, seriesOf, TestRows } from './rows.ts';

const all = seriesOf();
const claim = (amount: bigint, limit: bigint | null = null, more: Partial<Claim> = {}): Claim => ({
  series: all,
  window: everywhere,
  subject: '',
  amount,
  limit,
  ...more,
});
const key = { series: all, window: everywhere, subject: '' };

describe('accounts of one process', () => {
  let rows: TestRows;
  let now: number;
  let accounts: MemoryAccounts;
  const clock = (): number => now;

  beforeEach(() => {
    rows = new TestRows();
    now = 1_000_000;
    accounts = new MemoryAccounts(rows, clock, { openMs: 30, rowMs: 30 });
  });
  afterEach(() => accounts.close());

  it('begin with what the rows come to', async () => {
    rows.take({ id: 'a', at: 10, usd: 5n });
    rows.flush();
    rows.take({ id: 'b', at: 20, usd: 7n });
    const taken = await accounts.hold('c', [claim(3n, 15n)], 'refuse');
    expect(taken).to.eql({ taken: true, standings: [{ spent: 12n, held: 0n }], apart: false });
    expect(await accounts.standings([key])).to.eql([{ spent: 12n, held: 3n }]);
  });

  it('answer at once when they are open', async () => {
    await accounts.standings([key]);
    const taken = accounts.hold('a', [claim(3n, 3n)], 'refuse') as Taken;
    expect(taken.taken).to.equal(true);
    expect(accounts.hold('b', [claim(1n, 3n)], 'refuse')).to.eql({
      taken: false,
      standings: [{ spent: 0n, held: 3n }],
      short: [0],
    });
    expect(rows.asked).to.equal(2);
  });

  it('let a hold go in the step in which its row counts', async () => {
    await accounts.hold('a', [claim(10n, 10n)], 'refuse');
    rows.take({ id: 'a', at: now, usd: 4n });
    expect(accounts.hold('b', [claim(6n, 10n)], 'refuse')).to.include({ taken: true });
  });

  it('count neither twice nor never what is taken while the database is read', async () => {
    rows.take({ id: 'a', at: 10, usd: 1n });
    rows.flush();
    let n = 0;
    rows.meanwhile = () => {
      rows.take({ id: `during ${n++}`, at: 20, usd: 100n });
      rows.flush();
    };
    await accounts.standings([key]);
    rows.meanwhile = () => undefined;
    rows.flush();
    expect(await accounts.standings([key])).to.eql([{ spent: rows.truth(all, everywhere), held: 0n }]);
  });
});
