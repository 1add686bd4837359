import { expect } from 'chai';
import { fromPico, picoSum, toPico } from '../../src/store/money.ts';

describe('money', () => {
  it('turns dollars into whole pico-dollars and back', () => {
    for (const [dollars, pico] of [
      ['0', '0'],
      ['0.000000000001', '1'],
      ['0.001425', '1425000000'],
      ['12.5', '12500000000000'],
      ['999999.999999999999', '999999999999999999'],
      ['-0.25', '-250000000000'],
    ] as const) {
      expect(toPico(dollars)).to.equal(pico);
      expect(fromPico(pico)).to.equal(dollars);
    }
  });

  it('rounds half up beyond the twelfth decimal', () => {
    expect(toPico('0.0000000000014')).to.equal('1');
    expect(toPico('0.0000000000015')).to.equal('2');
    expect(toPico('0.9999999999999')).to.equal('1000000000000');
  });

  it('does not guess at what is no plain decimal or too large for a column', () => {
    for (const text of ['', '1e-7', 'NaN', '1,5', '.5', '1000000', '$1']) expect(toPico(text), text).to.equal(null);
  });

  it('puts an exact sum together from its halves, where a 64-bit sum has long overflowed', () => {
    expect(picoSum({ cost_high: '9223372036854775807', cost_low: '999999' })).to.equal(9223372036854775807999999n);
    expect(picoSum({ cost_high: null, cost_low: null })).to.equal(null);
  });
});
