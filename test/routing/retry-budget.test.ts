import { expect } from 'chai';

import { RetryBudget } from '../../src/routing/retry-budget.ts';

describe('the budget for retries', () => {
  let now = 0;
  const at = (ms: number) => {
    now = ms;
  };
  const budget = () => {
    at(50_000);
    return new RetryBudget(() => now);
  };
  const granted = (of: RetryBudget, tries: number, provider = 'a') =>
    Array.from({ length: tries }, () => of.grant(provider)).filter(Boolean).length;

  it('lets 80 requests that fail at once make 96 calls', () => {
    const of = budget();
    for (let i = 0; i < 80; i++) of.sent('a');
    expect(80 + granted(of, 80)).to.equal(96);
  });

  it('lets a single request be tried again, and again, on a quiet day', () => {
    const of = budget();
    of.sent('a');
    expect(granted(of, 5)).to.equal(5);
  });

  it('grants a fifth of what the last ten seconds had, and ten at least', () => {
    const of = budget();
    for (let i = 0; i < 100; i++) of.sent('a');
    expect(granted(of, 100)).to.equal(20);
    at(59_999);
    expect(granted(of, 1)).to.equal(0);
    at(60_000);
    expect(granted(of, 100)).to.equal(10);
    at(3_600_000);
    for (let i = 0; i < 200; i++) of.sent('a');
    expect(granted(of, 100)).to.equal(40);
  });

  it('counts each provider for itself', () => {
    const of = budget();
    expect(granted(of, 20, 'a')).to.equal(10);
    expect(granted(of, 20, 'b')).to.equal(10);
  });
});
