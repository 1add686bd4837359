import { expect } from 'chai';

import { JsonWalk } from '../../src/bytes/json-walk.ts';
import { Words } from '../../src/bytes/words.ts';

const numberOf = (words: Words, text: string): number => new JsonWalk(Buffer.from(text)).word(words);

describe('words in bytes', () => {
  const spelled = Array.from({ length: 300 }, (_, n) => `word_${n * 7919}`);
  const words = new Words(Object.fromEntries(spelled.map((word, n) => [word, n + 1])));

  it('have their numbers, and all others none', () => {
    spelled.forEach((word, n) => {
      expect(numberOf(words, `"${word}"`)).to.equal(n + 1);
      expect(numberOf(words, `"${word}x"`)).to.equal(0);
      expect(numberOf(words, `"${word.slice(1)}"`)).to.equal(0);
    });
    expect(numberOf(words, '""')).to.equal(0);
  });

  it('are not taken for others of the same hash', () => {
    // 31 times the first and the second: 'Aa' and 'BB' are one.
    const one = new Words({ Aa: 1 });
    expect([numberOf(one, '"Aa"'), numberOf(one, '"BB"')]).to.eql([1, 0]);
    expect(numberOf(new Words({ Aa: 1, BB: 2 }), '"BB"')).to.equal(2);
  });

  it('are known by their escapes, which are bounded', () => {
    expect(numberOf(words, '"word\\u005f0"')).to.equal(1);
    expect(numberOf(words, `"${'\\u0061'.repeat(200)}"`)).to.equal(0);
    expect(numberOf(words, '"\\uzzzz"')).to.equal(0);
  });
});
