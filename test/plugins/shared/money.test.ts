import { expect } from 'chai';
import { perDay, perTurn, sumOf } from '../../../plugins/shared/money.ts';

const HOUR = 3_600_000;

describe('plugins/shared/money', () => {
  it('divides to the pico-dollar, rounded half up', () => {
    expect(perTurn('0.6', 200)).to.equal('0.003');
    expect(perTurn('1', 3)).to.equal('0.333333333333');
    expect(perTurn('2', 3)).to.equal('0.666666666667');
    expect(perTurn('0.000000000001', 2)).to.equal('0.000000000001');
  });

  it('makes a day of the hours there were', () => {
    expect(perDay('0.5', 12 * HOUR)).to.equal('1');
    expect(perDay('123456789.000000000001', 24 * HOUR)).to.equal('123456789.000000000001');
    expect(perDay('0.3', 30 * 24 * HOUR)).to.equal('0.01');
  });

  it('sums what is known', () => {
    expect(sumOf(['0.1', null, '0.2'])).to.equal('0.3');
    expect(sumOf(['0', '0'])).to.equal('0');
  });

  it('is unknown where nothing is known, and where there is nothing to divide by', () => {
    expect([perTurn(null, 3), perTurn('1', 0), perDay(null, HOUR), perDay('1', 0), sumOf([null]), sumOf([])]).to.eql(
      Array(6).fill(null),
    );
  });
});
