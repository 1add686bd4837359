import { expect } from 'chai';

import { countTexts } from '../../src/tokens/bpe.ts';

/** Counts a token for each character, and remembers the pieces it was given. */
function tokenizer() {
  const pieces: string[] = [];
  const countTokens = (text: string): number => {
    pieces.push(text);
    return text.length;
  };
  return { pieces, countTokens };
}

describe('counting texts', () => {
  it('adds them up, each given whole', () => {
    const { pieces, countTokens } = tokenizer();
    const prose = 'A sentence of usual words, and one more. '.repeat(500);
    expect(countTexts(['abc', '', prose], countTokens)).to.eql({ tokens: 3 + prose.length, isExact: true });
    expect(pieces).to.eql(['abc', '', prose]);
  });

  it('leaves whole what has no spaces, as long as its runs are short', () => {
    const { pieces, countTokens } = tokenizer();
    const chinese = '他们在公园里散步，然后去喝茶。'.repeat(200);
    const minified = JSON.stringify(Array.from({ length: 300 }, (_, i) => ({ key: i, word: 'value' })));
    expect(countTexts([chinese, minified], countTokens).isExact).to.equal(true);
    expect(pieces).to.eql([chinese, minified]);
  });

  for (const [what, run] of [
    ['one letter', 'a'.repeat(3000)],
    ['letters with their marks', 'a\u0301'.repeat(1500)],
    ['letters of another script', '界'.repeat(3000)],
    ['signs', '!?'.repeat(1500)],
    ['signs with marks', '!\u0301'.repeat(1500)],
    ['spaces', ' '.repeat(3000)],
    ['spaces of several kinds', ' \u00a0\u3000\n'.repeat(750)],
    ['signs that cannot be seen', '\u0001!'.repeat(1500)],
  ] as const) {
    it(`cuts where a long run of ${what} stands, and says that it did`, () => {
      const { pieces, countTokens } = tokenizer();
      const text = `before ${run} after`;
      expect(countTexts([text], countTokens)).to.eql({ tokens: text.length, isExact: false });
      expect(pieces.join('')).to.equal(text);
      expect(Math.max(...pieces.map((piece) => piece.length))).to.be.at.most(200);
    });
  }

  it('reckons from the beginning what is too long to be counted', () => {
    const { pieces, countTokens } = tokenizer();
    const prose = 'some words '.repeat(50_000);
    const { tokens, isExact } = countTexts([prose, prose, 'and a last one'], countTokens);
    expect(isExact).to.equal(false);
    expect(tokens).to.equal(2 * prose.length + 14);
    expect(pieces.join('').length).to.equal(512 * 1024);
  });
});
