import { expect } from 'chai';

import type { PluginShape } from '../../src/config/compose.ts';
import { problemLine } from '../../src/config/problem.ts';
import { checkConfig } from '../../src/config/validate.ts';

/** Complains of whatever it is shown, wherever it stands. */
const plugin = (more: Partial<PluginShape>): PluginShape => ({
  name: 'p',
  summary: 'P.',
  options: { size: { type: 'integer', default: 3, description: 'Size.' } },
  ...more,
});

function linesOf(text: string, shape: PluginShape): string[] {
  const checked = checkConfig(
    { text, file: 'gateway.yaml', env: {}, overrides: false },
    { plugins: [shape], adapters: [], catalogue: new Map() },
  );
  return checked.ok ? [] : checked.problems.map(problemLine);
}

describe('What plugins find wrong with their options', () => {
  it('is told where it stands in the entry, with defaults filled in', () => {
    const shape = plugin({ check: ({ size }: { size: number }) => [{ path: ['size'], message: `is ${size}` }] });
    expect(linesOf('plugins:\n  - { plugin: p, size: 4 }\n', shape)).to.eql(['gateway.yaml:2:24 plugins[0].size is 4']);
    expect(linesOf('plugins: [p]\n', shape)).to.eql(['gateway.yaml:1:11 plugins[0].size is 3']);
  });

  it('is told where it stands in the section, be it the section itself or a member of it', () => {
    const list = { type: 'array', items: { type: 'string' }, default: [], description: 'Things.' };
    const fault = { path: ['things', 1], message: 'is one too many' };
    const text = 'things:\n  - a\n  - b\nplugins: [p]\n';
    const whole = plugin({ section: 'things', options: { things: list }, check: () => [fault] });
    expect(linesOf(text, whole)).to.eql(['gateway.yaml:3:5 things[1] is one too many']);
    const member = plugin({ section: 'box', options: { things: list }, check: () => [fault] });
    expect(linesOf('box:\n  things: [a, b]\nplugins: [p]\n', member)).to.eql([
      'gateway.yaml:2:15 box.things[1] is one too many',
    ]);
  });

  it('may be a name that another section does not give', () => {
    const check: PluginShape['check'] = (_, { names }) => [
      { path: ['size'], message: [...names('keys'), ...names('providers'), ...names('nothing')].join(' ') },
    ];
    const text =
      'keys: [ { name: k, key: 0123456789abcdef } ]\nproviders: { q: { base_url: "http://q" } }\nplugins: [p]\n';
    expect(linesOf(text, plugin({ check }))[0]).to.match(/k q$/);
  });

  it('is not asked for of what is off, nor where the schema has something to say', () => {
    const shape = plugin({ check: () => [{ path: ['size'], message: 'never' }] });
    expect(linesOf('plugins: [ { plugin: p, enabled: false } ]\n', shape)).to.eql([]);
    expect(linesOf('routes: [ { provider: nobody } ]\nplugins: [p]\n', shape).join()).to.not.include('never');
  });
});
