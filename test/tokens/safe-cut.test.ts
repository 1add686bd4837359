import { expect } from 'chai';
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';

import { safeCut } from '../../src/tokens/safe-cut.ts';
import { read } from '../support/source.ts';

/** A text of all that tokenizers have rules for, the same each time. */
function madeUp(length: number): string {
  const parts = [
    "it's",
    "I'LL",
    'a’s',
    ' word',
    'Word',
    '42',
    '12345',
    ' ',
    '  ',
    '\n',
    '\r\n',
    '\t',
    '.',
    '...',
    ' -- ',
    '/',
    '世界',
    '、',
    'é',
    'e\u0301',
    '😀',
    '_',
    '{',
    '}',
    ' x=',
    "'",
    '"',
    'ß',
    'Ǆ',
    'ª',
    '०',
  ];
  let state = 7;
  let text = '';
  while (text.length < length) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += parts[Math.floor((state / 2_147_483_648) * parts.length)];
  }
  return text;
}

describe('cutting a text', () => {
  const texts = {
    prose: 'The quick brown fox, whose name isn’t known, jumps over "lazy" dogs; they don\'t care. '.repeat(40),
    code: read('src/tokens/counter.ts'),
    chinese: '他们在公园里散步，然后去喝茶。'.repeat(200),
    anything: madeUp(5000),
  };

  for (const [what, text] of Object.entries(texts))
    it(`leaves both parts as many tokens as the whole: ${what}`, () => {
      let cuts = 0;
      for (const count of [o200k, cl100k]) {
        const all = count(text);
        for (let from = 1; from < text.length; from += 97) {
          const { at, isSafe } = safeCut(text, from);
          expect(isSafe).to.equal(true);
          if (at === text.length) continue;
          cuts++;
          const [before, after] = [text.slice(0, at), text.slice(at)];
          if (count(before) + count(after) !== all)
            expect.fail(`${what} at ${at}: ${JSON.stringify(text.slice(at - 8, at + 8))}`);
        }
      }
      expect(cuts).to.be.greaterThan(30);
    });

  it('is at the end where there is no such place before it', () => {
    for (const text of ['', 'a', 'aaaa', '1 2 3 4', 'a\n b\n/c', "a'b'c", '    '])
      expect(safeCut(text, 1), text).to.eql({ at: text.length, isSafe: true });
    expect(safeCut('one two three', 4)).to.eql({ at: 7, isSafe: true });
    expect(safeCut('one two', 100)).to.eql({ at: 7, isSafe: true });
    expect(safeCut('1,2\n3,4\n', 1)).to.eql({ at: 4, isSafe: true });
  });

  it('is anywhere where there is no such place for long', () => {
    expect(safeCut('1'.repeat(100_000), 1000)).to.eql({ at: 17_384, isSafe: false });
  });
});
