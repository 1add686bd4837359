import { randomBytes } from 'node:crypto';
import { expect } from 'chai';

import { tokensByLength } from '../../src/tokens/length.ts';

describe('tokens by length', () => {
  it('are a quarter of the characters of plain English, rounded up', () => {
    expect(tokensByLength('')).to.equal(0);
    expect(tokensByLength('a')).to.equal(1);
    expect(tokensByLength('twelve chars')).to.equal(3);
    expect(tokensByLength('twelve chars.')).to.equal(4);
  });

  it('are more for each character of other scripts', () => {
    expect(tokensByLength('ab')).to.equal(1);
    expect(tokensByLength('Привет'), 'Cyrillic').to.equal(3);
    expect(tokensByLength('这是一个测试'), 'Chinese').to.equal(6);
    expect(tokensByLength('😀😀'), 'emoji').to.equal(4);
  });

  it('are the same for a text and for its bytes', () => {
    for (const text of ['plain', 'naïve café', '日本語のテキスト', 'a😀b']) {
      expect(tokensByLength(Buffer.from(text)), text).to.equal(tokensByLength(text));
    }
  });

  it('are few for base64, which is a picture, and as always for a run of one letter', () => {
    const picture = randomBytes(75_000).toString('base64');
    expect(tokensByLength(picture)).to.be.within(200, 210);
    expect(tokensByLength('a'.repeat(100_000))).to.equal(25_000);
    expect(tokensByLength('A1'.repeat(50_000)), 'no letters of both cases').to.equal(25_000);
  });

  it('look at a part of what is long, wherever that lies', () => {
    let looked = 0;
    const bytes = {
      length: 9_000_000,
      slice: (start: number, end: number) => {
        looked += end - start;
        return Buffer.alloc(end - start, start < 4_500_000 ? 'a' : '界');
      },
    };
    const tokens = tokensByLength(bytes);
    expect(looked).to.equal(64 * 1024);
    // One half a letter for each byte, the other a character for three.
    expect(tokens).to.be.within(2_550_000, 2_700_000);
  });
});
