import { expect } from 'chai';
import { checkAdapter, checkPlugin } from '../../src/loader/plugins.ts';

const plugin = { summary: 'Does.', setup: () => undefined };
const adapter = { summary: 'x', dialect: 'openai', endpoints: [], meter() {}, error() {}, errorEvent() {} };

describe('what a file exports', () => {
  it('is a plugin by its shape', () => {
    expect(checkPlugin(plugin, 'x')).to.equal(plugin);
    const optioned = { ...plugin, options: { a: { type: 'string', description: 'A.' } } };
    expect(checkPlugin(optioned, 'x')).to.equal(optioned);
  });

  const plugins: [unknown, RegExp][] = [
    [undefined, /^hello does not export a plugin/],
    [null, /does not export a plugin/],
    [() => plugin, /does not export a plugin/],
    [{}, /hello has no summary/],
    [{ ...plugin, summary: 5 }, /has no summary/],
    [{ ...plugin, setup: 'x' }, /has no setup function/],
    [{ ...plugin, options: { a: {} } }, /option a of plugin hello has no description/],
    [{ ...plugin, options: { a: null } }, /option a of plugin hello has no description/],
  ];
  for (const [value, complaint] of plugins) {
    it(`is no plugin: ${complaint.source}`, () => expect(() => checkPlugin(value, 'hello')).to.throw(complaint));
  }

  it('is an adapter by its shape', () => {
    expect(checkAdapter(adapter, 'x')).to.equal(adapter);
    for (const member of ['meter', 'error', 'errorEvent']) {
      expect(() => checkAdapter({ ...adapter, [member]: undefined }, 'x')).to.throw(
        `adapter x has no function ${member}`,
      );
    }
    expect(() => checkAdapter({ ...adapter, endpoints: {} }, 'x')).to.throw('no dialect or no endpoints');
    expect(() => checkAdapter(7, 'x')).to.throw('x does not export an adapter');
  });
});
