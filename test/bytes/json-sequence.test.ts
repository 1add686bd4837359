import { expect } from 'chai';
import { JsonSequence } from '../../src/bytes/json-sequence.ts';

interface Seen {
  objects: string[];
  isWhole: boolean;
  broken: boolean;
  overflow: boolean;
}

function cut(pieces: Iterable<Uint8Array>, limit?: number): Seen {
  const sequence = new JsonSequence(limit);
  const objects: string[] = [];
  for (const piece of pieces) sequence.push(piece, (object) => objects.push(object.toString('utf8')));
  const { isWhole, broken, overflow } = sequence;
  return { objects, isWhole, broken, overflow };
}

/** Whole, in two at every place, in three at every pair of places of a short text, and byte by byte with empty chunks between. */
function* cuts(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes];
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  if (bytes.length <= 60) {
    for (let a = 0; a <= bytes.length; a++) {
      for (let b = a; b <= bytes.length; b++) yield [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
    }
  }
  yield Array.from(bytes, (_, at) => [bytes.subarray(at, at + 1), Buffer.alloc(0)]).flat();
}

/** The same however the text is cut. */
function readEveryWay(text: string, limit?: number): Seen {
  const bytes = Buffer.from(text);
  const whole = cut([bytes], limit);
  for (const pieces of cuts(bytes)) {
    expect(cut(pieces, limit), pieces.map(({ length }) => length).join('+')).to.deep.equal(whole);
  }
  return whole;
}

/** A number from 0 to 1, the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

const STRINGS = ['', 'a', '"', '\\', '\\"', '{', '}', '[{', '}]', ',', '\n', '\u2028', 'Größe', '🦊', '{"a":"\\""}'];

function anyValue(next: () => number, depth: number): unknown {
  const kind = Math.floor(next() * (depth > 3 ? 4 : 6));
  if (kind < 2) return STRINGS[Math.floor(next() * STRINGS.length)];
  if (kind === 2) return Math.floor(next() * 1e6) / 7;
  if (kind === 3) return next() < 0.5 ? null : next() < 0.5;
  const items = Array.from({ length: Math.floor(next() * 4) }, () => anyValue(next, depth + 1));
  return kind === 4 ? items : Object.fromEntries(items.map((item, at) => [STRINGS[at + 3], item]));
}

const anyObject = (next: () => number): object => ({ x: anyValue(next, 0), y: anyValue(next, 0) });

describe('JsonSequence', () => {
  describe('in an array', () => {
    for (const [what, text, objects] of [
      ['one object', '[{"a":1}]', ['{"a":1}']],
      ['none', '[]', []],
      ['blanks everywhere', ' \r\n[ \t{"a":1}\n,\r\n{ "b" : 2 } ]\n', ['{"a":1}', '{ "b" : 2 }']],
      ['objects and arrays in objects', '[{"a":[{"b":[[]]}],"c":{}},{}]', ['{"a":[{"b":[[]]}],"c":{}}', '{}']],
      ['brackets in strings', '[{"a":"]} ,[{"},{"}{":"]["}]', ['{"a":"]} ,[{"}', '{"}{":"]["}']],
      [
        'escaped quotes',
        '[{"a":"\\"}"},{"b":"\\\\"},{"c":"\\\\\\"]"}]',
        ['{"a":"\\"}"}', '{"b":"\\\\"}', '{"c":"\\\\\\"]"}'],
      ],
      ['characters of several bytes', '[{"a":"Größe 🦊"}]', ['{"a":"Größe 🦊"}']],
    ] as [string, string, string[]][]) {
      it(`finds ${what}, wherever the chunks end`, () => {
        expect(readEveryWay(text)).to.deep.equal({ objects, isWhole: true, broken: false, overflow: false });
      });
    }

    it('is not whole before its bracket, though its objects are given out', () => {
      for (const text of ['[', '[{"a":1}', '[{"a":1},', '[{"a":1},{"b":', '[{"a":1},{"b":"]']) {
        const { objects, isWhole, broken } = readEveryWay(text);
        expect([isWhole, broken], text).to.deep.equal([false, false]);
        expect(objects).to.deep.equal(text.includes('1') ? ['{"a":1}'] : []);
      }
    });

    it('breaks at what does not belong there, and reads nothing behind it', () => {
      for (const tail of ['x', '"a"', '1', 'null', '}', '[', ']]', ']{"b":2}', '],']) {
        const { objects, isWhole, broken } = readEveryWay(`[{"a":1}${tail},{"c":3}]`);
        expect([objects, isWhole, broken], tail).to.deep.equal([['{"a":1}'], false, true]);
      }
    });
  });

  describe('in lines', () => {
    it('finds objects one behind the other, with line ends or without', () => {
      for (const between of ['\n', '\r\n', '', '\n\n \n']) {
        const text = `{"a":"\\n"}${between}{"b":[{}]}${between}`;
        expect(readEveryWay(text), JSON.stringify(between)).to.deep.equal({
          objects: ['{"a":"\\n"}', '{"b":[{}]}'],
          isWhole: true,
          broken: false,
          overflow: false,
        });
      }
    });

    it('is whole between two objects and not within one', () => {
      expect(readEveryWay('{"a":1}').isWhole).to.equal(true);
      expect(readEveryWay('{"a":1}\n{"b"').isWhole).to.equal(false);
      expect(readEveryWay('').isWhole).to.equal(false);
      expect(readEveryWay(' \n').isWhole).to.equal(false);
    });

    it('breaks at what is no object', () => {
      for (const tail of [',{"b":2}', '[{"b":2}]', 'oops', '}', '"{}"']) {
        expect(readEveryWay(`{"a":1}\n${tail}`), tail).to.deep.include({ objects: ['{"a":1}'], broken: true });
      }
    });
  });

  it('gives back what was written, for any objects', () => {
    const next = random(7);
    for (let round = 0; round < 20; round++) {
      const objects = Array.from({ length: 1 + Math.floor(next() * 3) }, () => JSON.stringify(anyObject(next)));
      const array = `[${objects.join(' ,\r\n')}\n]`;
      expect(readEveryWay(array), array).to.deep.include({ objects, isWhole: true });
      expect(readEveryWay(objects.join('\n'))).to.deep.include({ objects, isWhole: true });
    }
  });

  it('passes over an object that is too large, and goes on behind it', () => {
    const large = `{"a":"${'x'.repeat(100)}"}`;
    expect(readEveryWay(`[{"b":1},${large},{"c":2}]`, 64)).to.deep.equal({
      objects: ['{"b":1}', '{"c":2}'],
      isWhole: true,
      broken: false,
      overflow: true,
    });
    expect(readEveryWay(`[${large}]`, large.length).objects).to.deep.equal([large]);
    expect(readEveryWay(`[${large}]`, large.length - 1).overflow).to.equal(true);
  });

  it('gives an object out in the push that brought its end', () => {
    const sequence = new JsonSequence();
    const seen: string[] = [];
    const onObject = (object: Buffer) => void seen.push(String(object));
    sequence.push(Buffer.from('[{"a":1'), onObject);
    expect(seen).to.deep.equal([]);
    sequence.push(Buffer.from('}'), onObject);
    expect(seen).to.deep.equal(['{"a":1}']);
  });

  it('does not hold the memory of a chunk for a small rest', () => {
    const chunk = Buffer.from('[{"a":1},{"b":');
    const sequence = new JsonSequence();
    const seen: string[] = [];
    sequence.push(chunk, () => {});
    chunk.fill(120);
    sequence.push(Buffer.from('2}]'), (object) => void seen.push(String(object)));
    expect(seen).to.deep.equal(['{"b":2}']);
  });

  it('joins an object of many megabytes in linear time', () => {
    const object = `{"data":"${'A'.repeat(8 * 1024 * 1024)}\\""}`;
    const bytes = Buffer.from(`[${object}]`);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 1000) pieces.push(bytes.subarray(at, at + 1000));
    const { objects, isWhole } = cut(pieces);
    expect(isWhole).to.equal(true);
    expect(objects).to.have.length(1);
    expect(objects[0] === object).to.equal(true);
  });
});
