import { expect } from 'chai';

import { countingTexts, countTexts } from '../../src/tokens/bpe.ts';
import { Remembered } from '../../src/tokens/remembered.ts';

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
    const tokens = 3 + prose.length;
    expect(countTexts(['abc', '', prose], countTokens)).to.eql({
      tokens,
      bytes: tokens,
      abroad: 0,
      unseenBytes: 0,
      isExact: true,
    });
    expect(pieces.join('')).to.equal(`abc${prose}`);
    expect(Math.max(...pieces.map((piece) => piece.length))).to.be.within(16_384, 16_500);
  });

  it('leaves whole what has no spaces, as long as its runs are short', () => {
    const { pieces, countTokens } = tokenizer();
    const chinese = '他们在公园里散步，然后去喝茶。'.repeat(200);
    const minified = JSON.stringify(Array.from({ length: 300 }, (_, i) => ({ key: i, word: 'value' })));
    expect(countTexts([chinese, minified], countTokens).isExact).to.equal(true);
    expect(pieces).to.eql([chinese, minified]);
    expect(countTexts([chinese, 'abc'], countTokens)).to.include({
      abroad: chinese.length,
      bytes: chinese.length * 3 + 3,
    });
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
      expect(countTexts([text], countTokens)).to.include({ tokens: text.length, isExact: false });
      expect(pieces.join('')).to.equal(text);
      expect(Math.max(...pieces.map((piece) => piece.length))).to.be.at.most(200);
    });
  }

  it('reckons from the beginning what is too long to be counted', () => {
    const { pieces, countTokens } = tokenizer();
    const prose = 'some words '.repeat(300_000);
    const { tokens, bytes, unseenBytes, isExact } = countTexts([prose, prose, 'and a last one'], countTokens);
    expect(isExact).to.equal(false);
    expect(tokens).to.be.within(2 * prose.length + 13, 2 * prose.length + 15);
    expect(bytes).to.equal(2 * prose.length + 14);
    expect(pieces.join('').length).to.equal(4 * 1024 * 1024);
    expect(unseenBytes).to.equal(bytes - 4 * 1024 * 1024);
  });

  it('breaks off what takes too long, and reckons the rest', () => {
    const { pieces, countTokens } = tokenizer();
    let now = 0;
    const slow = (text: string): number => {
      now += 900;
      return countTokens(text);
    };
    const prose = 'some words '.repeat(20_000);
    const counting = countingTexts([prose, 'the next'], slow, null, () => now);
    let step = counting.next();
    while (!step.done) step = counting.next();
    expect(pieces, '900, 1800 and 2700 ms').to.have.length(3);
    expect(step.value.isExact).to.equal(false);
    expect(step.value.tokens).to.be.within(prose.length, prose.length + 10);
    expect(step.value.unseenBytes).to.equal(prose.length + 8 - pieces.join('').length);
  });

  it('does not count again what it has counted', () => {
    const { pieces, countTokens } = tokenizer();
    const remembered = new Remembered('any');
    const count = (...texts: string[]) => countingTexts(texts, countTokens, remembered).next().value;
    const [long, short] = ['a system prompt '.repeat(100), 'short'];
    const first = count(long, short);
    expect(count(long, short)).to.eql(first);
    expect(pieces, 'what is short is counted as fast').to.eql([long, short, short]);
    expect(count(`${long}!`)).to.include({ tokens: long.length + 1 });
  });
});
