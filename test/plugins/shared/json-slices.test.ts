import { expect } from 'chai';
import { changed, charsOf, jsonOf, slicesOf, textOf, valueIn } from '../../../plugins/shared/json-slices.ts';
import { dice } from '../../support/conversations.ts';

const cut = (text: string) => slicesOf(Buffer.from(text));
const values = (text: string): string[] => cut(text).map(({ value }) => value.toString());

describe('plugins/shared/json-slices', () => {
  it('cuts lists and objects, blanks and strings of any kind in them', () => {
    expect(values('[]')).to.eql([]);
    expect(values(' [ 1 , "a,]\\"" ,\n {"b":[1,2]} ] ')).to.eql(['1', '"a,]\\""', '{"b":[1,2]}']);
    expect(values('["\\\\","\\\\\\"","x"]')).to.eql(['"\\\\"', '"\\\\\\""', '"x"']);
    const members = cut('{"a" : 1, "\\u0062":"two", "a":3}');
    expect(members.map(({ name }) => name)).to.eql(['a', 'b', 'a']);
    expect([valueIn(members, 'a')?.toString(), textOf(members, 'b'), textOf(members, 'a')]).to.eql([
      '3',
      'two',
      undefined,
    ]);
  });

  for (const broken of [
    '',
    '1',
    '[1',
    '{"a":1',
    '[1}',
    '[1]x',
    '[1,,2]',
    '[,1]',
    '[1,]',
    '{"a"}',
    '{1:2}',
    '["a]',
    '{"a":[1}',
    '{"a":"\\"}',
  ]) {
    it(`refuses ${broken || 'nothing'}`, () => expect(() => cut(broken)).to.throw());
  }

  it('changes a member and leaves every other byte', () => {
    const text = '{ "big": 12345678901234567890,\n  "a" : 1.50 , "text": "\\u00fc\\/" }';
    const change = (changes: Record<string, Buffer | null>): string => changed(cut(text), changes).toString();
    expect(change({})).to.equal(text);
    expect(change({ a: jsonOf({ b: 2 }) })).to.equal(text.replace('1.50', '{"b":2}'));
    expect(change({ a: null })).to.equal('{ "big": 12345678901234567890, "text": "\\u00fc\\/" }');
    expect(change({ text: null, a: null, big: null })).to.equal('{}');
    expect(change({ c: jsonOf(true) })).to.equal(text.replace(/ \}$/, ' ,"c":true}'));
    expect(change({ gone: null })).to.equal(text);
  });

  it('puts together again what it cut, whatever it was', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const value = { first: random(dice(seed), 4), second: random(dice(seed + 1000), 4) };
      const text = JSON.stringify(value, null, seed % 3);
      expect(changed(cut(text), {}).toString()).to.equal(text);
      for (const [at, name] of Object.keys(value).entries()) {
        expect(JSON.parse(cut(text)[at]!.value.toString()), text).to.eql(value[name as 'first']);
      }
    }
  });

  it('counts characters, not bytes', () => {
    expect(['', 'abc', 'äöü', '😀'].map((text) => charsOf(Buffer.from(text)))).to.eql([0, 3, 3, 1]);
  });
});

function random(roll: () => number, depth: number): unknown {
  const kind = Math.floor(roll() * (depth > 0 ? 6 : 4));
  if (kind === 0) return Math.floor(roll() * 1e6) / 100;
  if (kind === 1) return '"\\,]}{[: ü\n'.repeat(Math.floor(roll() * 5)).slice(Math.floor(roll() * 9));
  if (kind === 2) return roll() < 0.5;
  if (kind === 3) return null;
  const some = Array.from({ length: Math.floor(roll() * 4) }, () => random(roll, depth - 1));
  return kind === 4 ? some : Object.fromEntries(some.map((one, n) => [`k"${n}`, one]));
}
