import { expect } from 'chai';
import { sharesOf } from '../../src/prompts/shares.ts';
import { anyCut, chance, cutOf } from '../support/cuts.ts';

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((all, one) => all + one, 0);

describe('prompts/shares', () => {
  it('shares tokens out by weight, whole, and what is left over by the largest remainder', () => {
    const cut = cutOf([
      ['tool', 'a', 1, 1],
      ['system', '', 2, 2],
      ['new', 'user', 3, 3],
    ]);
    expect([...sharesOf(cut, 12)!]).to.eql([2, 4, 6]);
    expect([...sharesOf(cut, 10)!]).to.eql([2, 3, 5]); // 1.67, 3.33, 5
    expect([...sharesOf(cut, 1)!]).to.eql([0, 0, 1]);
    expect([...sharesOf(cut, 0)!]).to.eql([0, 0, 0]);
  });

  it('gives of equal remainders to the earlier piece, also where nothing weighs anything', () => {
    const equal = cutOf([1, 2, 3, 4].map((hash) => ['tool', `t${hash}`, hash, 5] as const));
    expect([...sharesOf(equal, 6)!]).to.eql([2, 2, 1, 1]);
    const light = cutOf([1, 2, 3].map((hash) => ['tool', `t${hash}`, hash, 0] as const));
    expect([...sharesOf(light, 4)!]).to.eql([2, 1, 1]);
  });

  it('sums to the number of the provider, to the token, whatever the weights', () => {
    const random = chance(7);
    for (let round = 0; round < 2000; round++) {
      const cut = anyCut(random);
      const tokens = random(3) === 0 ? random(5) : random(2_000_000);
      const shares = sharesOf(cut, tokens)!;
      const total = sum(cut.pieces.map(({ weight }) => weight));
      expect(sum(shares)).to.equal(tokens);
      for (const [at, share] of shares.entries()) {
        expect(Number.isInteger(share) && share >= 0).to.equal(true);
        if (total > 0) expect(Math.abs(share - (cut.pieces[at]!.weight / total) * tokens)).to.be.lessThan(1.000001);
      }
    }
  });

  it('holds for numbers at the end of what a double can', () => {
    const cut = cutOf([1, 2, 3, 4, 5, 6, 7].map((hash) => ['tool', `t${hash}`, hash, hash / 10] as const));
    expect(sum(sharesOf(cut, 9_000_000_000_000_001)!)).to.equal(9_000_000_000_000_001);
  });

  it('says nothing where nobody counted, or where the pieces are not the whole prompt', () => {
    const cut = cutOf([['new', 'user', 1, 1]]);
    for (const tokens of [null, undefined, -1, 1.5, Number.NaN]) expect(sharesOf(cut, tokens)).to.equal(null);
    expect(sharesOf(cutOf([]), 5)).to.equal(null);
    expect(sharesOf(cutOf([['new', 'user', 1, 1]], { isWhole: false }), 5)).to.equal(null);
  });
});
