import { expect } from 'chai';
import {
  claimedDollars,
  claimedTokens,
  MOST,
  microsIn,
  microsOver,
  picoOf,
  sixDecimals,
  tell,
} from '../../../plugins/shared/amounts.ts';

describe('amounts of budgets', () => {
  it('are exact to the pico-dollar, and rounded up beyond', () => {
    for (const [dollars, pico] of [
      ['0', 0n],
      ['10', 10_000_000_000_000n],
      ['0.0010225', 1_022_500_000n],
      ['0.0000000000001', 1n],
      ['0.0000000000000000000001', 1n],
    ] as const)
      expect(picoOf(dollars), dollars).to.equal(pico);
    expect(tell('usd', picoOf('0.0010225'))).to.equal('0.0010225');
    expect(tell('tokens', 12n)).to.equal('12');
  });

  it('never exceed what a database can add up, whatever a request says of itself', () => {
    const huge = '9'.repeat(300);
    expect([claimedDollars(huge), claimedDollars(`${huge}.5`), claimedDollars('9000001')]).to.eql([MOST, MOST, MOST]);
    expect(claimedDollars('0.25')).to.equal(250_000_000_000n);
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, 1e300]) expect(claimedTokens(odd)).to.equal(MOST);
    expect([claimedTokens(-5), claimedTokens(0.5), claimedTokens(7)]).to.eql([0n, 1n, 7n]);
  });

  it('are told with six decimals, on the safe side', () => {
    expect([microsIn(1_999_999n), microsOver(1_000_001n)]).to.eql([1n, 2n]);
    expect([microsIn(-1n), microsOver(-1n), microsIn(-1_000_000n)]).to.eql([-1n, 0n, -1n]);
    expect([sixDecimals(0n), sixDecimals(1_500_001n), sixDecimals(-272n)]).to.eql([
      '0.000000',
      '1.500001',
      '-0.000272',
    ]);
  });
});
