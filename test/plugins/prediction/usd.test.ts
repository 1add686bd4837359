import { expect } from 'chai';

import { compareUsd, dearer, sixPlaces } from '../../../plugins/prediction/usd.ts';

describe('plugins/prediction/usd', () => {
  it('compares amounts to the last digit', () => {
    const order = ['0', '0.000000000001', '0.0000000000010000001', '0.49', '0.5', '1', '9.99', '10', '100.1'];
    for (const [at, one] of order.entries())
      for (const [place, other] of order.entries())
        expect(Math.sign(compareUsd(one, other)), `${one} ${other}`).to.equal(Math.sign(at - place));
    expect(compareUsd('1.50', '1.5')).to.equal(0);
    expect(compareUsd('007', '7.000')).to.equal(0);
  });

  it('tells the dearer one, and nothing where one is unknown', () => {
    expect(dearer('0.1', '0.09')).to.equal('0.1');
    expect(dearer('2', '10')).to.equal('10');
    expect(dearer(null, '1')).to.equal(null);
    expect(dearer('1', null)).to.equal(null);
  });

  it('rounds to six places, and what lies between two to the even one', () => {
    const rounded: Record<string, string> = {
      '0': '0.000000',
      '3': '3.000000',
      '0.0007725': '0.000772',
      '0.0819425': '0.081942',
      '0.0007735': '0.000774',
      '0.00077250001': '0.000773',
      '0.0000004': '0.000000',
      '0.9999996': '1.000000',
      '12.3456789': '12.345679',
    };
    for (const [exact, text] of Object.entries(rounded)) expect(sixPlaces(exact), exact).to.equal(text);
  });
});
