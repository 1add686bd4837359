import { expect } from 'chai';
import { orderPlugins } from '../../src/loader/order.ts';
import { good } from '../config/known.ts';

type Definitions = Parameters<typeof orderPlugins>[1];
const requiring: Definitions = new Map([['history', { requires: { identity: 'below' } }]]);
const order = (text: string, definitions = requiring) => orderPlugins(good(text).config.plugins, definitions);

describe('the pipeline', () => {
  it('stands in the order of the list', () => {
    const entries = order(
      'plugins:\n  - history\n  - { plugin: simulator, as: second, port: 4, on_error: skip, when: { agent: ci } }\n  - { plugin: identity, enabled: false }\n',
    );
    expect(entries.map(({ name, enabled, onError }) => [name, enabled, onError])).to.eql([
      ['history', true, 'refuse'],
      ['second', true, 'skip'],
      ['identity', false, 'refuse'],
    ]);
    expect(entries[1]!.options).to.eql({ port: 4, pace: 25 });
    expect(entries[0]!.applies).to.equal(null);
    const facts = { provider: null, model: null, path: '/', listener: 'x', tags: {} };
    expect(entries[1]!.applies!({ ...facts, agent: 'ci' })).to.equal(true);
    expect(entries[1]!.applies!({ ...facts, agent: 'cd' })).to.equal(false);
  });

  it('is refused when a plugin stands on the wrong side of one it requires', () => {
    expect(() => order('plugins:\n  - identity\n  - simulator\n  - history\n')).to.throw(
      'gateway.yaml:4:5 plugins: history needs identity below it, but identity on line 2 stands above; move identity below history',
    );
    const above: Definitions = new Map([['history', { requires: { identity: 'above' } }]]);
    expect(() => order('plugins:\n  - history\n  - identity\n', above)).to.throw(
      'gateway.yaml:2:5 plugins: history needs identity above it, but identity on line 3 stands below; move identity above history',
    );
  });

  it('is refused when a plugin is listed without one it needs', () => {
    const needing: Definitions = new Map([['history', { needs: ['identity'] }]]);
    expect(() => order('plugins:\n  - history\n', needing)).to.throw(
      'gateway.yaml:2:5 plugins: history needs the plugin identity, which is not in the list; add identity, or take history out',
    );
    const off = 'plugins:\n  - history\n  - { plugin: identity, enabled: false }\n';
    expect(() => order(off, needing)).to.throw('history needs the plugin identity');
    expect(order('plugins: [identity, history]', needing)).to.have.length(2);
  });

  it('is refused when a plugin has options that need another, and only then', () => {
    const needing: Definitions = new Map([
      ['simulator', { needsBy: ({ pace }) => ((pace as number) > 100 ? ['identity'] : []) }],
    ]);
    expect(() => order('plugins:\n  - { plugin: simulator, pace: 200 }\n', needing)).to.throw(
      'gateway.yaml:2:5 plugins: simulator needs the plugin identity, which is not in the list; add identity, or take simulator out',
    );
    expect(order('plugins:\n  - { plugin: simulator, pace: 20 }\n', needing)).to.have.length(1);
    expect(order('plugins: [identity, { plugin: simulator, pace: 200 }]', needing)).to.have.length(2);
  });

  it('asks nothing of plugins that are not there', () => {
    expect(order('plugins: [history, identity]')).to.have.length(2);
    expect(order('plugins: [history]')).to.have.length(1);
    expect(order('plugins:\n  - { plugin: identity, enabled: false }\n  - history\n')).to.have.length(2);
  });

  it('asks it of each instance', () => {
    expect(() => order('plugins: [history, identity, { plugin: history, as: again }]')).to.throw(
      'again needs identity below it, but identity on line 1 stands above; move identity below again',
    );
  });
});
