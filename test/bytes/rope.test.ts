import { expect } from 'chai';
import { Rope } from '../../src/bytes/rope.ts';

const TEXT = Buffer.from('{"a":"Größe €","b":"🙂","c":[1,2,3]}');

/** The text in pieces of so many bytes. */
function ropeOf(bytes: Buffer, size: number): Rope {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return new Rope(pieces);
}

describe('Rope', () => {
  for (const size of [1, 2, 3, 5, 7, 1000]) {
    it(`reads the same in pieces of ${size}`, () => {
      const rope = ropeOf(TEXT, size);
      expect(rope.length).to.equal(TEXT.length);
      for (let start = 0; start <= TEXT.length; start++) {
        for (let end = start; end <= TEXT.length; end++) {
          if (!rope.slice(start, end).equals(TEXT.subarray(start, end))) expect.fail(`slice ${start} to ${end}`);
        }
      }
      expect([
        rope.includes('"b"'),
        rope.includes('Größe'),
        rope.includes('3]}'),
        rope.includes('nowhere'),
      ]).to.deep.equal([true, true, true, false]);
      expect(rope.isUtf8()).to.equal(true);
      expect(rope.join().equals(TEXT)).to.equal(true);
      expect(rope.pieces).to.have.length(1);
    });

    it(`knows what is no UTF-8 in pieces of ${size}, wherever it is cut`, () => {
      for (const broken of ['ff', 'c3', 'e282', 'f09f98', 'c328', 'e28228', 'f0288cbc', '61c3']) {
        const bytes = Buffer.concat([TEXT, Buffer.from(broken, 'hex')]);
        expect(ropeOf(bytes, size).isUtf8(), broken).to.equal(false);
        const before = Buffer.concat([Buffer.from(broken, 'hex'), TEXT]);
        expect(ropeOf(before, size).isUtf8(), `${broken} in front`).to.equal(false);
      }
    });
  }

  it('gives other bytes in place of some without touching the first rope', () => {
    const rope = ropeOf(TEXT, 4);
    for (const [start, end] of [
      [0, 0],
      [0, 5],
      [3, 9],
      [4, 8],
      [TEXT.length, TEXT.length],
      [0, TEXT.length],
    ] as const) {
      const spliced = rope.splice(start, end, Buffer.from('new'));
      const expected = Buffer.concat([TEXT.subarray(0, start), Buffer.from('new'), TEXT.subarray(end)]);
      expect(spliced.join().equals(expected), `${start} to ${end}`).to.equal(true);
    }
    expect(rope.join().equals(TEXT)).to.equal(true);
  });

  it('may be empty', () => {
    const rope = new Rope([]);
    expect([rope.length, rope.isUtf8(), rope.includes('a'), rope.slice(0, 0).length, rope.join().length]).to.deep.equal(
      [0, true, false, 0, 0],
    );
  });
});
