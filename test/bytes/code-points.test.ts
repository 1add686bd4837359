import { expect } from 'chai';

import { codePoints, codePointsIn } from '../../src/bytes/code-points.ts';

describe('codePoints(bytes)', () => {
  it('counts what a decoder would give, wherever the bytes lie in memory', () => {
    const text = 'naïve “quotes” 漢字 😀 and plain words '.repeat(97);
    const bytes = Buffer.from(text);
    for (let offset = 0; offset < 9; offset++) {
      for (let cut = 0; cut < 9; cut++) {
        const memory = Buffer.alloc(bytes.length + offset);
        bytes.copy(memory, offset);
        const part = memory.subarray(offset, memory.length - cut);
        const lost = [...part.toString('utf8').replace(/\uFFFD$/, '')].length;
        const tail = part.length - Buffer.byteLength(part.toString('utf8').replace(/\uFFFD$/, ''));
        expect(codePoints(part) - (tail > 0 ? 1 : 0)).to.equal(lost);
      }
    }
  });

  it('counts long runs of continued characters without overflow', () => {
    expect(codePoints(Buffer.from('漢'.repeat(100_000)))).to.equal(100_000);
    expect(codePoints(Buffer.alloc(0))).to.equal(0);
  });

  it('takes texts of less than a word, between words', () => {
    const memory = Buffer.from('aé漢😀aé漢😀');
    const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
    for (let start = 0; start < 8; start++) {
      for (let end = start; end <= memory.length; end++) {
        const part = memory.subarray(start, end);
        const characters = part.filter((byte) => (byte & 0xc0) !== 0x80).length;
        expect(codePoints(part)).to.equal(characters);
        expect(codePointsIn(view, start, end)).to.equal(characters);
      }
    }
  });
});
