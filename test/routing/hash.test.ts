import { expect } from 'chai';
import { hashOf, pairing } from '../../src/routing/hash.ts';

describe('hashes for spreading', () => {
  it('are FNV-1a, whatever the process', () => {
    expect(hashOf('')).to.equal(0x811c9dc5);
    expect(hashOf('a')).to.equal(0xe40c292c);
    expect(hashOf('foobar')).to.equal(0xbf9cf968);
  });

  it('pairs lie between 0 and 1 and spread evenly, also of numbers in a row', () => {
    const tenths = new Array(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const pair = pairing(i, 77);
      expect(pair).to.be.within(Number.MIN_VALUE, 1 - Number.EPSILON);
      tenths[Math.floor(pair * 10)]++;
    }
    for (const count of tenths) expect(count).to.be.within(880, 1120);
  });
});
