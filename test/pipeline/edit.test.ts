import { expect } from 'chai';

import { removeMember, renameInArray, setMember } from '../../src/pipeline/edit.ts';

const set = (text: string, path: string[], json: string) => String(setMember(Buffer.from(text), path, json));
const remove = (text: string, path: string[]) => String(removeMember(Buffer.from(text), path));
const rename = (text: string) => String(renameInArray(Buffer.from(text), 'a', 'r', { x: 'y', constructor: 'z' }));

/** What parse and stringify would change. */
const FRAGILE =
  '"big":9007199254740993,"one":1.0,"e":1E2,"esc":"\\u00e9\\/","d":1,"d":2, "nested" : { "z" : [ 1 , 2 ] }';

describe('setMember', () => {
  for (const [before, path, json, after] of [
    ['{}', ['a'], '1', '{"a":1}'],
    ['{ }', ['a'], '1', '{ "a":1}'],
    [`{${FRAGILE}}`, ['new'], 'true', `{${FRAGILE},"new":true}`],
    [`{"a":[1],${FRAGILE}}`, ['a'], '"x"', `{"a":"x",${FRAGILE}}`],
    [`{${FRAGILE}}`, ['nested', 'y'], '3', `{${FRAGILE.replace('] }', '] ,"y":3}')}}`],
    ['{"a":null}', ['a', 'b', 'c'], '1', '{"a":{"b":{"c":1}}}'],
    ['{"a":1}', ['a', 'b'], '1', '{"a":{"b":1}}'],
    ['{"d":1,"d":2}', ['d'], '3', '{"d":1,"d":3}'],
    ['{"a":"} ,\\"b\\":1 {"}', ['b'], '2', '{"a":"} ,\\"b\\":1 {","b":2}'],
    [' \r\n{"a":1}\n ', ['b'], '2', ' \r\n{"a":1,"b":2}\n '],
    ['{"ü":1}', ['ü'], '2', '{"ü":2}'],
  ] as [string, string[], string, string][]) {
    it(`${path.join('.')} = ${json} makes ${before.slice(0, 30)} ${after.slice(0, 40)}`, () => {
      expect(set(before, path, json)).to.equal(after);
    });
  }
});

describe('removeMember', () => {
  for (const [before, path, after] of [
    ['{"a":1}', ['a'], '{}'],
    ['{"a":1,"b":2}', ['a'], '{"b":2}'],
    ['{"a":1 , "b":2}', ['b'], '{"a":1 }'],
    [`{"x":0,${FRAGILE}}`, ['x'], `{${FRAGILE}}`],
    [`{${FRAGILE},"x":{"y":[]}}`, ['x'], `{${FRAGILE}}`],
    ['{"a":{"b":1,"c":2}}', ['a', 'b'], '{"a":{"c":2}}'],
    ['{"a":{"b":1}}', ['a', 'b'], '{"a":{}}'],
    ['{"a":[1]}', ['a', 'b'], '{"a":[1]}'],
    ['{"a":1}', ['b'], '{"a":1}'],
    ['{"a":1}', [], '{"a":1}'],
  ] as [string, string[], string][]) {
    it(`without ${path.join('.') || 'anything'} ${before.slice(0, 30)} is ${after.slice(0, 30)}`, () => {
      expect(remove(before, path)).to.equal(after);
    });
  }
});

describe('renameInArray', () => {
  for (const [before, after] of [
    ['{"a":[{"r":"x"}, {"r" : "q"} ,{"r":"x","n":1.0}]}', '{"a":[{"r":"y"}, {"r" : "q"} ,{"r":"y","n":1.0}]}'],
    ['{"a":[{"r":"constructor"},{"r":"toString"}]}', '{"a":[{"r":"z"},{"r":"toString"}]}'],
    ['{"a":[{"c":"\\"r\\":\\"x\\"","in":{"r":"x"}}]}', '{"a":[{"c":"\\"r\\":\\"x\\"","in":{"r":"x"}}]}'],
    ['{"a":["x",1,null,[{"r":"x"}],{"r":"\\u0078"}]}', '{"a":["x",1,null,[{"r":"x"}],{"r":"y"}]}'],
    ['{"a":{"r":"x"}}', '{"a":{"r":"x"}}'],
    ['{"a":[]}', '{"a":[]}'],
    ['{"b":[{"r":"x"}]}', '{"b":[{"r":"x"}]}'],
  ]) {
    it(`makes ${before} ${after}`, () => {
      expect(rename(before!)).to.equal(after);
    });
  }
});
