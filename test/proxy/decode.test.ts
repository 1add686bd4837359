import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';

import { decodeBody, decodeUpTo, encodingsOf, isDecodable, openDecoder } from '../../src/proxy/decode.ts';
import { ZstdInScript } from '../../src/proxy/zstd.ts';
import { ZstdFrames } from '../../src/proxy/zstd-frames.ts';

const TEXT = Buffer.from('The quick brown fox. '.repeat(500));
const MIB = 1024 * 1024;

/** A zstd frame: a window of 2^log bytes, then blocks: raw ones as they are, runs as a byte and how often. */
function zstd(log: number, blocks: (Buffer | [byte: number, times: number])[], checksum = false): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, checksum ? 4 : 0, (log - 10) << 3]);
  const parts = blocks.map((block, i) => {
    const run = Array.isArray(block);
    const header = Buffer.alloc(3);
    header.writeUIntLE(
      ((run ? block[1] : block.length) << 3) | (run ? 2 : 0) | (i === blocks.length - 1 ? 1 : 0),
      0,
      3,
    );
    return Buffer.concat([header, run ? Buffer.of(block[0]) : block]);
  });
  return Buffer.concat([head, ...parts, Buffer.alloc(checksum ? 4 : 0)]);
}

async function through(chunks: Buffer[], hold = false): Promise<{ out: Buffer; failed: boolean }> {
  const out: Uint8Array[] = [];
  const decoder = new ZstdInScript(
    (chunk) => {
      out.push(Uint8Array.from(chunk));
      if (hold) setImmediate(() => decoder.resume());
      return !hold;
    },
    () => {},
  );
  for (const chunk of chunks) decoder.push(chunk);
  await decoder.end();
  return { out: Buffer.concat(out), failed: decoder.failed };
}

describe('encodings', () => {
  it('are read in the order they were applied, without identity', () => {
    expect(encodingsOf(' GZIP , identity,br')).to.deep.equal(['gzip', 'br']);
    expect(encodingsOf(undefined)).to.deep.equal([]);
  });

  it('are decodable by name, up to three', () => {
    expect(isDecodable(['gzip', 'br', 'zstd'])).to.equal(true);
    expect(isDecodable(['x-gzip'])).to.equal(true);
    expect(isDecodable(['compress'])).to.equal(false);
    expect(isDecodable(['gzip', 'gzip', 'gzip', 'gzip'])).to.equal(false);
  });
});

describe('decodeBody', () => {
  for (const [encodings, bytes] of [
    [['gzip'], gzipSync(TEXT)],
    [['x-gzip'], gzipSync(TEXT)],
    [['deflate'], deflateSync(TEXT)],
    [['deflate'], deflateRawSync(TEXT)],
    [['br'], brotliCompressSync(TEXT)],
    [['zstd'], zstd(17, [TEXT])],
    [['gzip', 'br'], brotliCompressSync(gzipSync(TEXT))],
    [['br', 'zstd', 'gzip'], gzipSync(zstd(17, [brotliCompressSync(TEXT)]))],
  ] as [string[], Buffer][]) {
    it(`undoes ${encodings.join(', then ')}`, async () => {
      expect((await decodeBody(bytes, encodings, MIB)).equals(TEXT)).to.equal(true);
    });
  }

  for (const [encodings, bytes] of [
    [['gzip'], gzipSync(Buffer.alloc(64 * MIB))],
    [['br'], brotliCompressSync(Buffer.alloc(64 * MIB))],
    [['gzip', 'gzip'], gzipSync(gzipSync(Buffer.alloc(64 * MIB)))],
    [
      ['zstd'],
      zstd(
        17,
        Array.from({ length: 20_000 }, () => [0, 128 * 1024]),
      ),
    ],
  ] as [string[], Buffer][]) {
    it(`sees that ${encodings.join(', ')} unpacks to more than allowed, before it has`, async () => {
      const before = process.memoryUsage().rss;
      const error = await decodeBody(bytes, encodings, MIB).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(RangeError);
      expect(process.memoryUsage().rss - before).to.be.lessThan(128 * MIB);
    });
  }

  for (const name of ['gzip', 'br', 'deflate', 'zstd']) {
    it(`rejects what is no ${name}`, async () => {
      const error = await decodeBody(Buffer.from('{"model":"gpt-4o, and more of it"}'), [name], MIB).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(Error).and.not.instanceOf(RangeError);
    });
  }

  it('gives the beginning of a body that was cut', async () => {
    const { plain, more } = await decodeUpTo(gzipSync(TEXT).subarray(0, 60), ['gzip'], MIB);
    expect(more).to.equal(false);
    expect(TEXT.subarray(0, plain.length).equals(plain)).to.equal(true);
  });
});

describe('openDecoder', () => {
  it('holds back when it is told to, and loses nothing', async () => {
    for (const encodings of [['gzip'], ['gzip', 'deflate']]) {
      const packed =
        encodings.length === 1
          ? gzipSync(Buffer.alloc(4 * MIB, 'x'))
          : deflateSync(gzipSync(Buffer.alloc(4 * MIB, 'x')));
      let size = 0;
      let held = 0;
      const decoder = openDecoder(
        encodings,
        (chunk) => {
          size += chunk.length;
          held++;
          setImmediate(() => decoder.resume());
          return false;
        },
        () => {},
      );
      decoder.push(packed);
      await decoder.end();
      expect(size).to.equal(4 * MIB);
      expect(held).to.be.greaterThan(10);
    }
  });
});

describe('zstd without Node', () => {
  const blocks: (Buffer | [number, number])[] = [TEXT, [0x61, 1000], Buffer.from('end')];
  const plain = Buffer.concat([TEXT, Buffer.alloc(1000, 'a'), Buffer.from('end')]);

  it('gives the same bytes wherever it is cut, held back or not', async () => {
    const packed = zstd(17, blocks, true);
    for (const size of [1, 7, 5000]) {
      const chunks = Array.from({ length: Math.ceil(packed.length / size) }, (_, i) =>
        packed.subarray(i * size, (i + 1) * size),
      );
      for (const hold of [false, true])
        expect((await through(chunks, hold)).out.equals(plain), `${size} ${hold}`).to.equal(true);
    }
  });

  it('reads frame after frame, and past what may be skipped', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const { out, failed } = await through([Buffer.concat([zstd(17, blocks), skippable, zstd(17, blocks, true)])]);
    expect(failed).to.equal(false);
    expect(out.equals(Buffer.concat([plain, plain]))).to.equal(true);
  });

  it('refuses a frame that asks for more memory than HTTP allows, the second one, too', async () => {
    const frames = new ZstdFrames();
    frames.push(zstd(23, [TEXT]));
    expect(frames.refused).to.equal(false);
    frames.push(zstd(24, [TEXT]));
    expect(frames.refused).to.equal(true);
    expect((await through([zstd(17, blocks), zstd(30, blocks)])).failed).to.equal(true);
  });

  it('lets other work go on while it unpacks much', async () => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const bomb = zstd(
      17,
      Array.from({ length: 8000 }, () => [0, 128 * 1024] as [number, number]),
    );
    let size = 0;
    const decoder = new ZstdInScript(
      (chunk) => {
        size += chunk.length;
        return true;
      },
      () => {},
    );
    decoder.push(bomb);
    await decoder.end();
    clearInterval(timer);
    expect(size).to.equal(8000 * 128 * 1024);
    expect(longest).to.be.lessThan(1000);
  });
});
