import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { hashOf } from '../../../plugins/receipts/hash.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The same bytes in pieces of a size. */
function cut(bytes: Buffer, size: number): { length: number; pieces: Buffer[] } {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return { length: bytes.length, pieces };
}

describe('a hash of a body', () => {
  it('is the same however long the body is, and in whatever pieces it lies', async () => {
    for (const length of [0, 1, 1000, 100 * 1024, 100 * 1024 + 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000]) {
      const bytes = randomBytes(length);
      for (const size of [Math.max(1, length), 1 + Math.ceil(length / 3), 65_537])
        expect(await hashOf(cut(bytes, size)), `${length} in ${size}`).to.equal(sha256(bytes));
    }
  });

  it('is there at once where the body is short, and never holds the loop for long', async () => {
    expect(hashOf(cut(randomBytes(100 * 1024), 4096))).to.be.a('string');
    const bytes = cut(Buffer.alloc(64 * 1024 * 1024), 32 * 1024 * 1024);
    let turns = 0;
    let goesOn = true;
    const count = (): void => {
      turns++;
      if (goesOn) setImmediate(count);
    };
    setImmediate(count);
    const hash = hashOf(bytes);
    expect(hash).to.be.a('promise');
    expect(await hash).to.equal(sha256(Buffer.alloc(64 * 1024 * 1024)));
    goesOn = false;
    expect(turns).to.be.above(500);
  });
});
