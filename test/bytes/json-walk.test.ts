import { expect } from 'chai';

import { JsonWalk } from '../../src/bytes/json-walk.ts';
import { Words } from '../../src/bytes/words.ts';

const NAMES = new Words({ a: 1, name: 2, alias: 2 });

/** A walk through a text that begins anywhere in memory. */
function walkIn(text: string, offset = 0): JsonWalk {
  const memory = Buffer.alloc(Buffer.byteLength(text) + offset + 8, '"');
  const length = memory.write(text, offset);
  return new JsonWalk(memory.subarray(offset, offset + length));
}

/** What JSON.parse makes of a text, made by walking. */
function parsed(walk: JsonWalk): unknown {
  const first = String.fromCharCode(walk.peek());
  const start = walk.at;
  if (first === '{') {
    const found: Record<string, unknown> = {};
    walk.at++;
    while (walk.nextMember(NAMES) !== -1) {
      const name = JSON.parse(walk.bytes.toString('utf8', walk.keyStart, walk.textEnd + 1)) as string;
      found[name] = parsed(walk);
    }
    return found;
  }
  if (first === '[') {
    const found: unknown[] = [];
    walk.at++;
    while (walk.nextElement()) found.push(parsed(walk));
    return found;
  }
  walk.skip();
  return JSON.parse(walk.bytes.toString('utf8', start, walk.at));
}

const TEXTS = [
  '{"a":[1,-2.5e3,true,false,null,"x"],"b":{"c":{}},"d":[[],[[]]]}',
  ' { "a" : [ ] ,\n"b":\t"c" , "d" : [ 1 , 2 ] } ',
  '["","\\"","\\\\","\\\\\\"","é漢😀","\\u00e9","{\\"a\\":1}","]"]',
  `["${'x'.repeat(100)}","${'\\n'.repeat(50)}","${'漢'.repeat(50)}"]`,
];

describe('a walk through JSON', () => {
  it('finds what JSON.parse finds, wherever the text lies in memory', () => {
    for (const text of TEXTS)
      for (let offset = 0; offset < 9; offset++) expect(parsed(walkIn(text, offset)), text).to.eql(JSON.parse(text));
  });

  it('passes over a value to its end, whatever is in it', () => {
    for (const text of TEXTS) {
      const walk = walkIn(`${text.trim()},5`);
      walk.skip();
      expect(walk.at, text).to.equal(Buffer.byteLength(text.trim()));
    }
  });

  it('counts the characters that a string has when it is decoded', () => {
    const parts = [
      '',
      'a',
      'abcdefg',
      '\\n',
      '\\"',
      '\\\\',
      '\\/',
      'é',
      '漢',
      '😀',
      '\\u0041',
      '\\uD83D\\uDE00',
      '\\ud83d',
      '\\ude00',
      ' '.repeat(9),
    ];
    for (const one of parts) {
      for (const two of parts) {
        for (const three of parts) {
          const text = `"${one}${two}${three}"`;
          const walk = walkIn(text, (one.length + two.length) % 5);
          walk.string();
          expect(walk.chars, text).to.equal([...(JSON.parse(text) as string)].length);
          expect([walk.textStart, walk.textEnd, walk.at], text).to.eql([1, walk.end - 1, walk.end]);
          expect(walk.continued, text).to.equal(Buffer.byteLength(text) - [...text].length);
          expect(walk.unicode, text).to.equal(text.split(/\\u/).length - 1);
        }
      }
    }
  });

  it('gives members their numbers, also where their names are written as escapes', () => {
    const walk = walkIn('{"name":1,"other":2,"\\u0061":3,"alias":4,"na\\me":5}');
    walk.at++;
    const found: number[] = [];
    for (let name = walk.nextMember(NAMES); name !== -1; name = walk.nextMember(NAMES)) {
      found.push(name);
      walk.skip();
    }
    expect(found).to.eql([2, 0, 1, 2, 0]);
  });

  it('ends where the text ends, whatever is missing in it or wrong', () => {
    for (const text of TEXTS) {
      const bytes = Buffer.from(text);
      for (let end = 0; end <= bytes.length; end++) {
        const walk = new JsonWalk(bytes, 0, end);
        walk.skip();
        expect(walk.at).to.be.at.most(end);
        const inside = new JsonWalk(bytes, 0, end);
        inside.at = 1;
        for (let n = 0; inside.nextMember(NAMES) !== -1; n++) {
          inside.skip();
          expect(n).to.be.below(bytes.length);
        }
        expect(inside.at).to.be.at.most(Math.max(1, end));
      }
    }
    for (const odd of [
      '}',
      ']',
      ':',
      ',',
      '"',
      '{]',
      '[}',
      '{"a"}',
      '{"a":}',
      '{a:1}',
      '[1 2]',
      '\\',
      '"\\',
      '"\\u',
      '{"a":1,,}',
    ]) {
      const walk = walkIn(odd);
      for (let n = 0; walk.at < walk.end; n++) {
        walk.skip();
        expect(n, odd).to.be.below(10);
      }
    }
  });

  it('does not look behind its end', () => {
    const walk = new JsonWalk(Buffer.from('"abc"def"'), 0, 4);
    walk.string();
    expect([walk.textEnd, walk.at, walk.chars]).to.eql([4, 4, 3]);
  });

  it('takes deep nesting without a stack for it', () => {
    const walk = walkIn('['.repeat(1_000_000) + ']'.repeat(1_000_000));
    walk.skip();
    expect(walk.at).to.equal(2_000_000);
  });
});
