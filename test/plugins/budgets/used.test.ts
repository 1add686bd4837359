import { expect } from 'chai';
import { readBudget } from '../../../plugins/budgets/spec.ts';
import type { Budget, BudgetAccount } from '../../../plugins/budgets/types.ts';
import { budgetUsed } from '../../../plugins/budgets/used.ts';

const budget = (spec: object): Budget => readBudget({ period: 'day', ...spec }, 'file').budget!;
const account = ({ limit }: Budget, values: string[], spent: bigint): BudgetAccount => ({
  subject: values.join('\x1f'),
  values,
  spent,
  held: 1n,
  remaining: limit - spent - 1n,
  limit,
  window: { from: 0, to: 1 },
  forecast: null,
});

describe('the figure of used budgets', () => {
  const agents = budget({
    name: 'agents',
    per: ['agent', 'team'],
    scope: { tenant: 'acme', agent: 'ci-*' },
    limit_tokens: 3000,
  });
  const all = budget({ name: 'all', limit_usd: '0.3' });
  const nothing = budget({ name: 'nothing', limit_usd: 0 });
  const accounts = new Map([
    [agents, [account(agents, ['ci-1', 'be'], 1000n), account(agents, ['ci-2', 'fe'], 6000n)]],
    [all, [account(all, [], 299_999_999_999n)]],
    [nothing, [account(nothing, [], 5n)]],
  ]);
  const list = { all: () => [...accounts.keys()], accounts: async (one: Budget) => accounts.get(one)! };

  it('is percent that is spent of each account, held or not, with whose it is', async () => {
    expect(await budgetUsed(list)).to.eql([
      { subject: { budget: 'agents', tenant: 'acme', agent: 'ci-1', 'tags.team': 'be' }, value: 33.33 },
      { subject: { budget: 'agents', tenant: 'acme', agent: 'ci-2', 'tags.team': 'fe' }, value: 200 },
      // Never rounded up: what is not used up is less than 100.
      { subject: { budget: 'all' }, value: 99.99 },
    ]);
  });

  it('cannot be told while the database does not answer', async () => {
    const away = { all: list.all, accounts: () => Promise.reject(new Error('away')) };
    await budgetUsed(away).then(
      () => expect.fail('it was told'),
      (error: Error) => expect(error.message).to.equal('away'),
    );
  });
});
