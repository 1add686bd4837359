import { expect } from 'chai';
import { type Claim, type Standing, shortOf } from '../../src/accounts/accounts.ts';
import type { AccountKey } from '../../src/accounts/series.ts';
import { everywhere, seriesOf } from './rows.ts';

const key: AccountKey = { series: seriesOf(['agent']), window: everywhere, subject: 'a' };
const claim = (amount: bigint, limit: bigint | null, more: Partial<AccountKey> = {}): Claim => ({
  ...key,
  amount,
  limit,
  ...more,
});
const stands = (spent: bigint, held = 0n): Standing => ({ spent, held });

describe('a limit', () => {
  it('may be reached and not exceeded, by what is spent, held and wanted', () => {
    expect(shortOf([claim(3n, 10n)], [stands(5n, 2n)])).to.eql([]);
    expect(shortOf([claim(4n, 10n)], [stands(5n, 2n)])).to.eql([0]);
    expect(shortOf([claim(0n, 10n)], [stands(10n)])).to.eql([]);
    expect(shortOf([claim(0n, 10n)], [stands(11n)])).to.eql([0]);
  });

  it('is exact beyond what a double holds', () => {
    const much = 10n ** 30n;
    expect(shortOf([claim(1n, much)], [stands(much - 1n)])).to.eql([]);
    expect(shortOf([claim(2n, much)], [stands(much - 1n)])).to.eql([0]);
  });

  it('stops nothing where there is none', () => {
    expect(shortOf([claim(10n ** 30n, null)], [stands(10n ** 30n)])).to.eql([]);
  });

  it('is told for each claim by itself', () => {
    const claims = [claim(5n, 4n), claim(5n, 5n, { subject: 'b' }), claim(5n, 9n, { subject: 'c' })];
    expect(shortOf(claims, [stands(0n), stands(0n), stands(5n)])).to.eql([0, 2]);
  });

  it('holds for all that is wanted of one account together', () => {
    const again = { series: seriesOf(['agent']), window: { ...everywhere } };
    expect(shortOf([claim(6n, 10n), claim(6n, null, again)], [stands(0n), stands(0n)])).to.eql([0]);
    const others: Partial<AccountKey>[] = [
      { subject: 'b' },
      { series: seriesOf() },
      { window: { from: 1, to: null } },
      { window: { from: 0, to: 9 } },
    ];
    for (const other of others)
      expect(shortOf([claim(6n, 10n), claim(6n, null, other)], [stands(0n), stands(0n)])).to.eql([]);
  });
});
