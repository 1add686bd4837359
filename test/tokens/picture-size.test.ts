import { expect } from 'chai';

import { pictureSize } from '../../src/tokens/picture-size.ts';

const base64 = (hex: string, more = ''): string =>
  Buffer.concat([Buffer.from(hex.replaceAll(' ', ''), 'hex'), Buffer.from(more), Buffer.alloc(40)]).toString('base64');

/** A segment of a JPEG with so many bytes in it. */
const segment = (marker: string, length: number): string =>
  `ff${marker}${(length + 2).toString(16).padStart(4, '0')}${'11'.repeat(length)}`;
const FRAME = 'ff c0 0011 08 0258 0320 03'; // 600 high, 800 wide

describe('the size of a picture', () => {
  const SIZE = { width: 800, height: 600 };

  it('is read from the head of a PNG', () => {
    expect(pictureSize(base64('89504e470d0a1a0a 0000000d 49484452 00000320 00000258'))).to.eql(SIZE);
  });

  it('is read from the head of a GIF', () => {
    expect(pictureSize(base64('474946383961 2003 5802'))).to.eql(SIZE);
    expect(pictureSize(base64('474946383761 2003 5802'))).to.eql(SIZE);
  });

  it('is read from the head of a WebP of each kind', () => {
    const riff = '52494646 00000000 57454250';
    expect(pictureSize(base64(`${riff} 56503820 00000000 000000 9d012a 2003 5802`)), 'lossy').to.eql(SIZE);
    // 14 bits of width - 1, then 14 of height - 1.
    const bits = (799 | (599 << 14)) >>> 0;
    const packed = Buffer.alloc(4);
    packed.writeUInt32LE(bits);
    expect(pictureSize(base64(`${riff} 5650384c 00000000 2f ${packed.toString('hex')}`)), 'lossless').to.eql(SIZE);
    expect(pictureSize(base64(`${riff} 56503858 0a000000 10000000 1f0300 570200`)), 'extended').to.eql(SIZE);
    expect(pictureSize(base64(`${riff} 41424344 00000000 10000000 1f0300 570200`)), 'of no kind').to.equal(null);
  });

  it('is read from the frame of a JPEG, whatever stands before it', () => {
    const begin = `ffd8 ${segment('e0', 14)}`;
    expect(pictureSize(base64(`${begin} ${FRAME}`))).to.eql(SIZE);
    const tables = `${segment('db', 65)} ${segment('c4', 29)} ${segment('dd', 2)}`;
    expect(pictureSize(base64(`${begin} ${tables} ffff ${FRAME.replace('c0', 'c2')}`)), 'progressive').to.eql(SIZE);
    expect(pictureSize(base64(`${begin} ${segment('e1', 60_000)} ${segment('e2', 20_000)} ${FRAME}`)), 'much').to.eql(
      SIZE,
    );
  });

  it('is nothing where it cannot be read', () => {
    for (const text of ['', 'QUJD', '~~~~', base64('ffd8'), base64('ffd8ffe0ffff'), base64('ffd8 ffda 0002'), 'data:'])
      expect(pictureSize(text), text.slice(0, 20)).to.equal(null);
    expect(pictureSize(base64('89504e470d0a1a0a 0000000d 49484452 00000000 00000258')), 'no width').to.equal(null);
    expect(pictureSize(base64(`ffd8 ${'ffe00002'.repeat(100)}`)), 'segments without an end').to.equal(null);
  });
});
