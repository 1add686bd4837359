import { expect } from 'chai';
import { Alerts, Told } from '../../../plugins/budgets/alerts.ts';
import { sharesOf } from '../../../plugins/budgets/claims.ts';
import { BudgetList } from '../../../plugins/budgets/list.ts';
import { Passage, type PassageParts } from '../../../plugins/budgets/passage.ts';
import { readBudget } from '../../../plugins/budgets/spec.ts';
import { MemoryAccounts } from '../../../src/accounts/book.ts';
import type { Accounts, Bound, Exchange, Foresight, Log, Verdict } from '../../../src/plugin.ts';
import { exchangeOf } from '../../pipeline/exchanges.ts';

const nothing = (): void => {};
const LOG: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const ROUGH: Bound = { tokens: 400, cost_usd: '0.4' };
const EXACT: Bound = { tokens: 100, cost_usd: '0.1' };

describe('the way past a budget', () => {
  let books: MemoryAccounts;
  let counting: number;
  let count: () => void;
  let refused: string[];

  beforeEach(() => {
    books = new MemoryAccounts({
      onTaken: () => nothing,
      still: (work) => work([]),
      sums: async () => new Map<string, bigint>(),
    });
    counting = 0;
    refused = [];
  });
  afterEach(() => books.close());

  function exchange(): Exchange {
    const made = exchangeOf();
    const counted = new Promise<void>((resolve) => {
      count = resolve;
    });
    const foresight: Foresight = {
      bound: () => ROUGH,
      counted: async () => {
        counting++;
        await counted;
        return { prediction: null, bound: EXACT };
      },
      countedEach: async () => [EXACT],
      affordable: async () => 7,
      clamp: () => false,
    };
    made.state.foresight = foresight;
    return made;
  }

  /** Goes past budgets; their sums are known already, unless other accounts are given. */
  async function pass(one: Exchange, budgets: object[], more: Partial<PassageParts> = {}) {
    const accounts: Accounts = more.accounts ?? books;
    const file = budgets.map((budget, i) => readBudget({ name: `b${i}`, period: 'day', ...budget }, 'file').budget!);
    const documents = {
      all: () => new Map(),
      put: async () => {},
      putUnchanged: async () => true,
      putAll: async () => {},
      delete: async () => false,
      onChange: () => nothing,
    };
    const list = new BudgetList({ file, documents, accounts: books, log: LOG });
    const alerts = new Alerts({ accounts, log: LOG, told: new Told(), publish: nothing, count: nothing });
    const shares = sharesOf(list, one);
    await books.standings(shares);
    const parts: PassageParts = {
      list,
      accounts,
      alerts,
      status: 402,
      apart: 'slice',
      remaining: 'x-left',
      isFull: () => false,
      refused: (budget, code) => void refused.push(`${budget} ${code}`),
      ...more,
    };
    const standing = async () => (await books.standings(shares))[0]!;
    return { outcome: new Passage(one, shares, parts).begin(), standing };
  }
  const code = async (outcome: Verdict | undefined | Promise<Verdict | undefined>): Promise<string> => {
    const verdict = await outcome;
    return verdict?.kind === 'refuse' ? `${verdict.status} ${verdict.code}` : 'passes';
  };
  const usd = (dollars: number): bigint => BigInt(Math.round(dollars * 1e6)) * 1_000_000n;

  it('waits for nothing while less than half is used, and holds less as soon as that is counted', async () => {
    const { outcome, standing } = await pass(exchange(), [{ limit_usd: 0.8 }]);
    expect(outcome).to.equal(undefined);
    expect((await standing()).held).to.equal(usd(0.4));
    count();
    await new Promise(setImmediate);
    expect((await standing()).held).to.equal(usd(0.1));
  });

  it('is counted first where more is used, and holds nothing meanwhile', async () => {
    const { outcome, standing } = await pass(exchange(), [{ limit_usd: 0.79 }]);
    expect(outcome).to.be.instanceOf(Promise);
    expect((await standing()).held).to.equal(0n);
    count();
    expect(await code(outcome)).to.equal('passes');
    expect((await standing()).held).to.equal(usd(0.1));
  });

  it('is judged by what was counted, not by its length', async () => {
    const first = await pass(exchange(), [{ limit_usd: 0.1 }]);
    count();
    expect(await code(first.outcome)).to.equal('passes');
    const second = await pass(exchange(), [{ limit_usd: 0.1 }]);
    count();
    expect(await code(second.outcome)).to.equal('402 budget_exceeded');
    expect(refused).to.eql(['b0 budget_exceeded']);
  });

  it('counts nothing where only requests are limited', async () => {
    const { outcome } = await pass(exchange(), [{ limit_requests: 1 }]);
    expect([outcome, counting]).to.eql([undefined, 0]);
  });

  it('lets go of what it holds when it is over and no row comes', async () => {
    const quick = new MemoryAccounts(
      { onTaken: () => nothing, still: (work) => work([]), sums: async () => new Map<string, bigint>() },
      Date.now,
      { rowMs: 10 },
    );
    books.close();
    books = quick;
    const one = exchange();
    const { outcome, standing } = await pass(one, [{ limit_usd: 1 }]);
    expect(outcome).to.equal(undefined);
    for (const { listener } of one.finishListeners) await listener();
    for (const limit = Date.now() + 2000; Date.now() < limit && (await standing()).held > 0n; )
      await new Promise((done) => setTimeout(done, 5));
    expect((await standing()).held).to.equal(0n);
  });

  it('warns by what was counted, where its length alone would be too much', async () => {
    const one = exchange();
    const { outcome } = await pass(one, [{ limit_usd: 0.3, action: 'warn' }]);
    expect(outcome).to.be.instanceOf(Promise);
    count();
    expect(await code(outcome)).to.equal('passes');
    expect(one.headers).to.not.have.property('x-token-spy-budget-warning');
    expect(one.headers['x-left']).to.equal('0.300000');
    const two = exchange();
    const passed = await pass(two, [
      { limit_usd: 0.3, action: 'warn' },
      { limit_usd: 0.15, action: 'warn' },
    ]);
    count();
    expect(await code(passed.outcome)).to.equal('passes');
    expect(two.headers['x-token-spy-budget-warning']).to.equal('b1; spent=0; limit=0.15; estimated=0.1');
  });

  it('is closed under a budget that rejects when no more rows can be kept', async () => {
    const isFull = (): boolean => true;
    const hard = await pass(exchange(), [{ limit_usd: 1 }], { isFull });
    expect(await code(hard.outcome)).to.equal('503 budget_store_full');
    expect(await hard.standing()).to.eql({ spent: 0n, held: 0n });
    const soft = await pass(exchange(), [{ limit_usd: 1, action: 'warn' }], { isFull });
    expect(await code(soft.outcome)).to.equal('passes');
  });

  it('is closed under such a budget when nobody can say what was spent', async () => {
    const asked: string[] = [];
    const accounts: Accounts = {
      hold: (_id, claims, apart) => {
        asked.push(apart);
        const standings = claims.map(() => ({ spent: 0n, held: 0n }));
        return apart === 'refuse'
          ? { taken: false, standings: null, short: [] }
          : { taken: true, standings, apart: true };
      },
      adjust: nothing,
      end: nothing,
      standings: async () => [],
      list: async () => [],
      apartSince: 0,
    };
    const strict = { accounts, apart: 'refuse' } as const;
    const hard = await pass(exchange(), [{ limit_usd: 1 }], strict);
    const verdict = await hard.outcome;
    expect(await code(verdict)).to.equal('503 budgets_unavailable');
    expect(verdict).to.have.nested.property('headers.retry-after', '5');
    expect(await code((await pass(exchange(), [{ limit_usd: 1, action: 'warn' }], strict)).outcome)).to.equal('passes');
    expect(await code((await pass(exchange(), [{ limit_usd: 1 }], { accounts })).outcome)).to.equal('passes');
    expect(asked).to.eql(['refuse', 'slice', 'slice']);
  });
});
