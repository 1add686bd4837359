import { expect } from 'chai';

import type { ComponentSpec } from '../../src/plugin.ts';
import { charsOf, cut, cutter } from '../support/cut.ts';

describe('components of an operator', () => {
  const REFUSED: readonly (readonly [ComponentSpec, string])[] = [
    [{ name: '', tag: 'a' }, 'component 1 has no name: give it one'],
    [{ name: 'a' }, 'component "a" has nothing to find it by: give it one of heading, tag, pattern, from'],
    [
      { name: 'a', tag: 'b', pattern: 'c' },
      'component "a" has tag and pattern: give it one of heading, tag, pattern, from',
    ],
    [{ name: 'a', tag: 'b', to: 'c' }, 'component "a" has `to` without `from`: add `from`, or leave `to` out'],
    [{ name: 'a', tag: '<b>' }, 'component "a" has the tag "<b>": write its name alone, such as policy'],
    [{ name: 'a', pattern: 'x'.repeat(513) }, 'component "a" has a pattern of 513 characters: write at most 512'],
  ];

  for (const [spec, message] of REFUSED) {
    it(`are refused in one line: ${message.slice(0, 60)}`, () => {
      expect(() => cutter.components([spec])).to.throw(message);
    });
  }

  it('are refused where RE2 does not read a pattern, or it would take long', () => {
    expect(() => cutter.components([{ name: 'a', pattern: '(b' }])).to.throw(
      /^component "a" has a pattern that RE2 does not read, [^\n]*missing closing \)[^\n]*: see github\.com\/google\/re2\/wiki\/Syntax$/,
    );
    expect(() => cutter.components([{ name: 'a', pattern: '(b)\\1' }])).to.throw(/RE2 does not read/);
    expect(() => cutter.components([{ name: 'a', pattern: '(?i)(a|b)*a(a|b){400}c' }])).to.throw(
      /a pattern of \d+ steps/,
    );
  });

  it('are fifty at most', () => {
    const specs = Array.from({ length: 51 }, (_, n) => ({ name: `c${n}`, tag: 'a' }));
    expect(() => cutter.components(specs)).to.throw('51 components are too many: name at most 50');
    expect(cutter.components(specs.slice(1)).names).to.have.length(50);
  });

  it('hold nobody up, whatever the pattern and the prompt', function () {
    this.timeout(20_000);
    const specs = [
      '(a+)+$',
      '(a*)*b',
      '(a|aa)+$',
      'a*b|a',
      '(?i)(a|b)*A(a|b){75}[cd]',
      '(.*)(.*)(.*)(.*)[xyz]',
      '[ab]{0,100}c',
    ];
    const components = cutter.components(
      Array.from({ length: 50 }, (_, n) => ({ name: `c${n}`, pattern: specs[n % specs.length]! })),
    );
    for (const system of [`${'a'.repeat(200_000)}!`, 'ab'.repeat(100_000), `<a ${'<a '.repeat(60_000)}`]) {
      const begun = performance.now();
      const prompt = cut({ system }, components);
      // A search that has begun ends by itself; then no other begins.
      expect(performance.now() - begun).to.be.below(3000);
      expect(charsOf(prompt.pieces, 'system', 'component')).to.equal(system.length);
    }
  });

  it('by tag and by heading take time in proportion to the text, whatever it is', function () {
    this.timeout(20_000);
    const components = cutter.components([
      { name: 'tag', tag: 'a' },
      { name: 'heading', heading: 'a' },
      { name: 'from', from: 'a', to: 'b' },
    ]);
    const HOSTILE = [
      '<a '.repeat(70_000),
      '<a>'.repeat(70_000),
      '# a\n'.repeat(50_000),
      `# ${' #'.repeat(100_000)}`,
      '```\n'.repeat(50_000),
    ];
    for (const system of HOSTILE) {
      const begun = performance.now();
      cut({ system }, components);
      expect(performance.now() - begun, system.slice(0, 9)).to.be.below(2000);
    }
  });
});
