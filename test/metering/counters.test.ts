import { expect } from 'chai';
import { checkUsage, codeOf, count, mergeUsage, nameOf } from '../../src/metering/counters.ts';

describe('counters', () => {
  it('are whole numbers from 0 to 2^53 - 1; anything else is named and ignored', () => {
    const notes: string[] = [];
    const said = {
      zero: 0,
      most: Number.MAX_SAFE_INTEGER,
      none: null,
      less: -1,
      half: 0.5,
      text: '1',
      more: 2 ** 53,
      yes: true,
    };
    const read = (name: string) => count(said, name, (note) => notes.push(note));
    expect([read('zero'), read('most'), read('none'), read('absent')]).to.deep.equal([
      0,
      Number.MAX_SAFE_INTEGER,
      undefined,
      undefined,
    ]);
    for (const name of ['less', 'half', 'text', 'more', 'yes']) expect(read(name)).to.equal(undefined);
    expect(notes).to.deep.equal(['less', 'half', 'text', 'more', 'yes'].map((name) => `${name} is not a count`));
  });

  it('are a state: what is said last replaces, silence does not', () => {
    const before = mergeUsage(null, { a: 1, b: 2, c: { x: 1, y: 2 } });
    expect(mergeUsage(before, { a: 0, b: null, c: { x: 5, y: null }, d: {} })).to.deep.equal({
      a: 0,
      b: 2,
      c: { x: 5, y: 2 },
    });
    for (const silence of [null, undefined, {}, [], 'x', 3, { a: null }, { c: {} }]) {
      expect(mergeUsage(before, silence)).to.equal(before);
      expect(mergeUsage(null, silence)).to.equal(null);
    }
    expect(before).to.deep.equal({ a: 1, b: 2, c: { x: 1, y: 2 } });
    expect(Object.getPrototypeOf(mergeUsage(null, JSON.parse('{"a":1,"__proto__":{"b":1}}')))).to.equal(
      Object.prototype,
    );
  });

  it('are named when they do not add up', () => {
    const notes: string[] = [];
    const usage = {
      input_tokens: 10,
      output_tokens: 5,
      'cache_read.input_tokens': 8,
      'cache_creation.input_tokens': 3,
      'cache_creation.1h.input_tokens': 2,
      'reasoning.output_tokens': 6,
    };
    checkUsage(usage, (note) => notes.push(note));
    expect(notes).to.deep.equal([
      'cache_read + cache_creation > input_tokens',
      'reasoning > output_tokens',
      'split of cache_creation does not add up',
    ]);
  });

  it('come with names and codes, never with sentences', () => {
    expect([nameOf('gpt-4o'), nameOf(''), nameOf(3), nameOf('x'.repeat(300))]).to.deep.equal([
      'gpt-4o',
      null,
      null,
      null,
    ]);
    expect([codeOf('rate_limit'), codeOf(429), codeOf('your prompt was'), codeOf(null)]).to.deep.equal([
      'rate_limit',
      '429',
      null,
      null,
    ]);
  });
});
