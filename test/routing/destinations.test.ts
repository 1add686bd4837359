import { expect } from 'chai';
import { Destinations } from '../../src/routing/destinations.ts';
import { provider } from './asks.ts';

const caller = (seed: number | null, own = false) => ({ seed, bringsKeyTo: () => own });

describe('a provider and its keys', () => {
  it('is one destination for each name of a model, so that targets are the same objects', () => {
    const destinations = new Destinations();
    const openai = provider('openai', 2);
    expect(destinations.of(openai, 'a')).to.equal(destinations.of(openai, 'a'));
    expect(destinations.of(openai, 'a')).to.not.equal(destinations.of(openai, null));
    expect(destinations.of(openai, 'a')).to.not.equal(destinations.of(provider('openai', 2), 'a'));
  });

  it('without a key is one target', () => {
    const free = new Destinations().of(provider('ollama', 0), null);
    expect(free.targetsFor(caller(null)).map(({ key }) => key)).to.eql([null]);
    expect(free.own).to.equal(free.targets);
  });

  it('a key that is taken away moves only the sessions that it had', () => {
    const three = provider('openai', 3);
    const two = provider('openai', 3, { keys: three.keys.slice(0, 2) });
    const first = (one: typeof three, seed: number) =>
      new Destinations().of(one, null).targetsFor(caller(seed))[0]!.key!.name;
    for (let seed = 0; seed < 200; seed++) {
      const before = first(three, seed * 7919);
      if (before !== 'c') expect(first(two, seed * 7919)).to.equal(before);
    }
  });

  it('with the client’s own key is one target without ours', () => {
    for (const keys of [1, 3]) {
      const [only, ...more] = new Destinations().of(provider('openai', keys), 'm').targetsFor(caller(1, true));
      expect(only).to.include({ model: 'm', key: null });
      expect(more).to.eql([]);
    }
  });
});
