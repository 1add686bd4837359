import { expect } from 'chai';

import {
  add,
  compare,
  divide,
  formatDecimal,
  multiply,
  parseDecimal,
  shift,
  ZERO,
} from '../../src/metering/decimal.ts';

const plain = (text: string | number) => formatDecimal(parseDecimal(text));

describe('exact decimals', () => {
  it('read number literals, exponents included, and write the shortest plain form', () => {
    expect(['0.15', '1e-7', '1.50', '.5', '5.', '00.100', '-0', '1E3', '-2.50'].map(plain)).to.deep.equal([
      '0.15',
      '0.0000001',
      '1.5',
      '0.5',
      '5',
      '0.1',
      '0',
      '1000',
      '-2.5',
    ]);
    expect([1e-7, 0.1, 3, 1e21].map(plain)).to.deep.equal(['0.0000001', '0.1', '3', '1000000000000000000000']);
  });

  it('refuse what is not a number, and numbers that could fill the memory', () => {
    for (const text of ['', '.', 'NaN', '0x10', '1,5', '1e', '1 2', '1e9999', '9'.repeat(101), 'Infinity'])
      expect(() => parseDecimal(text), text).to.throw(RangeError);
  });

  it('do not round where doubles do', () => {
    expect(formatDecimal(add(parseDecimal('0.1'), parseDecimal('0.2')))).to.equal('0.3');
    expect(formatDecimal(multiply(parseDecimal('1.1'), parseDecimal('1.1')))).to.equal('1.21');
    expect(formatDecimal(shift(parseDecimal('4.65'), 6))).to.equal('0.00000465');
  });

  it('agree with integers for random sums, products and comparisons', () => {
    const random = () => BigInt(Math.floor((Math.random() - 0.5) * 1e12));
    for (let round = 0; round < 2000; round++) {
      const [a, b] = [random(), random()];
      const [left, right] = [shift({ digits: a, scale: 0 }, round % 9), shift({ digits: b, scale: 0 }, round % 7)];
      const unit = 10n ** BigInt(Math.max(round % 9, round % 7));
      const [x, y] = [a * (unit / 10n ** BigInt(round % 9)), b * (unit / 10n ** BigInt(round % 7))];
      expect(compare(add(left, right), shift({ digits: x + y, scale: 0 }, unit.toString().length - 1))).to.equal(0);
      expect(compare(multiply(left, right), shift({ digits: a * b, scale: 0 }, (round % 9) + (round % 7)))).to.equal(0);
      expect(compare(left, right)).to.equal(x < y ? -1 : x > y ? 1 : 0);
      expect(compare(parseDecimal(formatDecimal(left)), left)).to.equal(0);
    }
  });

  it('divide evenly without a trace, and round half up where it does not come out', () => {
    expect(formatDecimal(divide(parseDecimal('0.162'), 60, 24))).to.equal('0.0027');
    expect(formatDecimal(divide(parseDecimal('1'), 3, 6))).to.equal('0.333333');
    expect(formatDecimal(divide(parseDecimal('2'), 3, 6))).to.equal('0.666667');
  });

  it('add up a million rows to the last digit', () => {
    const row = parseDecimal('0.00000465');
    let sum = ZERO;
    for (let rows = 0; rows < 1_000_000; rows++) sum = add(sum, row);
    expect(formatDecimal(sum)).to.equal('4.65');
  });
});
