import { expect } from 'chai';
import { compileGlobs } from '../../src/bytes/glob.ts';

describe('a glob', () => {
  it('matches the whole text, with * for any run of characters', () => {
    const cases: [string, string[], string[]][] = [
      ['gpt-4o', ['gpt-4o'], ['gpt-4o-mini', 'GPT-4o', '']],
      ['gpt-*', ['gpt-', 'gpt-4o'], ['xgpt-4o', 'gpt']],
      ['*-mini', ['gpt-4o-mini', '-mini'], ['gpt-mini-x']],
      ['*', ['', 'anything/at all'], []],
      ['a*a', ['aa', 'aba'], ['a', 'ab']],
      ['/v1/*/x/*', ['/v1/a/x/', '/v1/a/b/x/c'], ['/v1/x/', '/v1/a/x']],
      ['a*b*b*c', ['abbc', 'axbxbxc'], ['abc', 'abbcx']],
      ['a**b', ['ab', 'axb'], ['a']],
      ['[a-z]+.?', ['[a-z]+.?'], ['abc']],
    ];
    for (const [glob, yes, no] of cases) {
      for (const text of yes) expect(compileGlobs(glob)(text), `${glob} ${text}`).to.equal(true);
      for (const text of no) expect(compileGlobs(glob)(text), `${glob} ${text}`).to.equal(false);
    }
  });

  it('in a list matches when any of them does', () => {
    const test = compileGlobs(['gpt-4o', 'o3', 'claude-*']);
    expect(['gpt-4o', 'o3', 'claude-x', 'o4'].map(test)).to.eql([true, true, true, false]);
    expect(compileGlobs(['a', 'b'])('b')).to.equal(true);
  });

  it('cannot be made slow, and is no regular expression', () => {
    const hard = compileGlobs(`${'*a'.repeat(200)}b`);
    expect(hard('a'.repeat(100_000))).to.equal(false);
    expect(compileGlobs('(a+)+$')('a'.repeat(50))).to.equal(false);
  });
});
