import { expect } from 'chai';

import { Remembered } from '../../src/tokens/remembered.ts';

describe('counts that are remembered', () => {
  const known = (tokens: number) => ({ tokens, isExact: true });

  it('are found again by their text, in one encoding', () => {
    const [one, other] = [new Remembered('o200k'), new Remembered('cl100k')];
    one.set(one.keyOf('a text'), known(2));
    expect(one.get(one.keyOf('a text'))).to.eql(known(2));
    expect(one.get(one.keyOf('a text '))).to.equal(undefined);
    expect(one.keyOf('a text')).to.not.equal(other.keyOf('a text'));
  });

  it('have nothing of the text in them', () => {
    const key = new Remembered('o200k').keyOf('secret '.repeat(1000));
    expect(key).to.have.length(24).and.not.include('secret');
  });

  it('go when there are too many, first those that nobody asked for', () => {
    const remembered = new Remembered('o200k', 3);
    for (const key of ['a', 'b', 'c']) remembered.set(key, known(1));
    remembered.get('a');
    remembered.set('d', known(4));
    expect(['a', 'b', 'c', 'd'].map((key) => remembered.get(key)?.tokens)).to.eql([1, undefined, 1, 4]);
    expect(remembered.size).to.equal(3);
  });
});
