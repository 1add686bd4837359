import { expect } from 'chai';
import { SseCutter, type SseEvent } from '../../src/bytes/sse.ts';

interface Seen {
  name: string | null;
  data: string;
}

function cut(pieces: Uint8Array[], limit?: number): { seen: Seen[]; raw: Buffer; blocks: string[]; overflow: boolean } {
  const cutter = new SseCutter(limit);
  const seen: Seen[] = [];
  const raw: Buffer[] = [];
  const onEvent = (event: SseEvent) => {
    raw.push(event.raw);
    if (event.data !== null) seen.push({ name: event.name, data: event.data.toString() });
  };
  for (const piece of pieces) cutter.push(piece, onEvent);
  cutter.end(onEvent);
  return { seen, raw: Buffer.concat(raw), blocks: raw.map(String), overflow: cutter.overflow };
}

/** Every way to cut the bytes in two, and one byte at a time. */
function* cuts(bytes: Buffer): Generator<Buffer[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

describe('SseCutter', () => {
  const streams: [string, string, Seen[]][] = [
    [
      'LF',
      'data: a\n\nevent: e\ndata: b\n\n',
      [
        { name: null, data: 'a' },
        { name: 'e', data: 'b' },
      ],
    ],
    [
      'CRLF',
      'data: a\r\n\r\nevent: e\r\ndata: b\r\n\r\n',
      [
        { name: null, data: 'a' },
        { name: 'e', data: 'b' },
      ],
    ],
    [
      'lone CR',
      'data: a\r\revent: e\rdata: b\r\r',
      [
        { name: null, data: 'a' },
        { name: 'e', data: 'b' },
      ],
    ],
    [
      'mixed line ends',
      'data: a\n\r\ndata: b\r\n\ndata: c\r\r\ndata: d\n\rdata: e\r\n\rdata: f\r\n\r\n',
      ['a', 'b', 'c', 'd', 'e', 'f'].map((data) => ({ name: null, data })),
    ],
    [
      'a byte order mark',
      '\uFEFFdata: a\n\ndata: b\n\n',
      [
        { name: null, data: 'a' },
        { name: null, data: 'b' },
      ],
    ],
    ['comments', ': keep-alive\n\n:\ndata: a\n: x\n\n\n\n: end\n\n', [{ name: null, data: 'a' }]],
    [
      'no space after the colon',
      'data:{"a":1}\n\ndata:  two\n\n',
      [
        { name: null, data: '{"a":1}' },
        { name: null, data: ' two' },
      ],
    ],
    ['several data lines', 'data: a\ndata\ndata:\ndata: b\n\n', [{ name: null, data: 'a\n\n\nb' }]],
    [
      'empty data',
      'data\n\ndata:\n\n',
      [
        { name: null, data: '' },
        { name: null, data: '' },
      ],
    ],
    [
      'other fields',
      'id: 1\nretry: 5\ndatabase: x\nevents: y\ndata: a\nevent:e\n\nid: 2\n\n',
      [{ name: 'e', data: 'a' }],
    ],
    [
      'a last event without its blank line',
      'data: a\n\ndata: [DONE]',
      [
        { name: null, data: 'a' },
        { name: null, data: '[DONE]' },
      ],
    ],
    ['a last event with half of its blank line', 'data: a\r\n\r', [{ name: null, data: 'a' }]],
    ['characters of several bytes', 'data: Größe 世界 \u2028 🦊\n\n', [{ name: null, data: 'Größe 世界 \u2028 🦊' }]],
    ['nothing', '', []],
  ];
  for (const [what, text, expected] of streams) {
    it(`reads ${what}, wherever the chunks end, and gives back every byte`, () => {
      const bytes = Buffer.from(text);
      for (const pieces of [[bytes], ...cuts(bytes)]) {
        const { seen, raw } = cut(pieces);
        expect(seen).to.deep.equal(expected);
        expect(raw.equals(bytes)).to.equal(true);
      }
    });
  }

  it('ends each raw block with its blank line', () => {
    expect(cut([Buffer.from(': c\n\ndata: a\n\n\ndata: b\n\n')]).blocks).to.deep.equal([
      ': c\n\n',
      'data: a\n\n',
      '\n',
      'data: b\n\n',
    ]);
    const crlf = Buffer.from('data: a\r\n\r\ndata: b\r\n\r\n');
    for (const pieces of cuts(crlf)) expect(cut(pieces).blocks).to.deep.equal(['data: a\r\n\r\n', 'data: b\r\n\r\n']);
  });

  it('dispatches an event in the push that brought its end', () => {
    const seen: string[] = [];
    const cutter = new SseCutter();
    const onEvent = (event: SseEvent) => seen.push(String(event.data));
    cutter.push(Buffer.from('data: a\n'), onEvent);
    expect(seen).to.deep.equal([]);
    cutter.push(Buffer.from('\n'), onEvent);
    expect(seen).to.deep.equal(['a']);
    cutter.push(Buffer.from('data: b\r\r'), onEvent);
    expect(seen).to.deep.equal(['a', 'b']);
  });

  it('joins a line of many megabytes in linear time', () => {
    const line = Buffer.from(`data: ${'x'.repeat(8 * 1024 * 1024)}\n\n`);
    const pieces: Buffer[] = [];
    for (let at = 0; at < line.length; at += 1000) pieces.push(line.subarray(at, at + 1000));
    const { seen, raw } = cut(pieces);
    expect(seen).to.have.length(1);
    expect(seen[0]!.data).to.have.length(8 * 1024 * 1024);
    expect(raw.equals(line)).to.equal(true);
  });

  it('does not hold the memory of a chunk for a small rest', () => {
    const chunk = Buffer.from('data: a\n\ndata: b');
    const cutter = new SseCutter();
    const seen: string[] = [];
    cutter.push(chunk, () => {});
    chunk.fill(120);
    cutter.push(Buffer.from('\n\n'), (event) => seen.push(String(event.data)));
    expect(seen).to.deep.equal(['b']);
  });

  it('stops interpreting beyond its limit and still gives back every byte', () => {
    const bytes = Buffer.from(`data: a\n\ndata: ${'x'.repeat(100)}\n\ndata: c\n\n`);
    const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    const { seen, raw, overflow } = cut(pieces, 64);
    expect(overflow).to.equal(true);
    expect(seen).to.deep.equal([{ name: null, data: 'a' }]);
    expect(raw.equals(bytes)).to.equal(true);
  });
});
