import { expect } from 'chai';

import type { Dialect } from '../../src/pipeline/dialect.ts';
import type { Provider } from '../../src/pipeline/provider.ts';
import { type CompiledRoute, Routes } from '../../src/proxy/routes.ts';
import type { Asked, EndpointFacts } from '../../src/proxy/traffic.ts';

const provider = (name: string) =>
  ({ name, adapters: name === 'second' ? ['special'] : ([] as string[]) }) as unknown as Provider;
const providers = new Map(['first', 'second', 'openai', 'anthropic'].map((name) => [name, provider(name)]));
const FAMILIES: Record<string, string[]> = {
  first: ['openai'],
  second: ['openai', 'anthropic'],
  openai: ['openai'],
  anthropic: ['anthropic'],
};

function routes(configured: string[], list: CompiledRoute[] = [], lists: Record<string, string[]> = {}): Routes {
  return new Routes({
    routes: list,
    providers: new Map([...configured, ...providers.keys()].map((name) => [name, providers.get(name)!])),
    configured: new Set(configured),
    families: ({ name }) => new Set(FAMILIES[name]),
    lists: ({ name }, model) => lists[name]?.includes(model) ?? false,
  });
}

const asked = (more: Partial<Asked> = {}): Asked => ({
  path: '/v1/chat/completions',
  model: 'm',
  stream: false,
  endpoint: null,
  dialect: { dialect: 'openai' } as Dialect,
  listener: { name: 'l', agent: null, provider: null, locked: false },
  agent: null,
  ...more,
});
const names = (found: readonly { provider: Provider }[]): string[] => found.map(({ provider: { name } }) => name);

describe('Routes', () => {
  it("the listener's provider comes before everything", () => {
    const all = { applies: () => true, targets: [{ provider: providers.get('first')!, model: null }] };
    const listener = { ...asked().listener, provider: 'anthropic' };
    expect(names(routes(['first'], [all]).targets(asked({ listener })))).to.deep.equal(['anthropic']);
  });

  it('then the first route that applies, with all its targets', () => {
    const target = (name: string) => ({ provider: providers.get(name)!, model: null });
    const list = [
      { applies: () => false, targets: [target('first')] },
      { applies: ({ model }: Asked) => model === 'm', targets: [target('second'), target('openai')] },
      { applies: () => true, targets: [target('first')] },
    ];
    expect(names(routes(['first'], list).targets(asked()))).to.deep.equal(['second', 'openai']);
  });

  it('then the configured provider that lists the model and speaks the dialect', () => {
    const table = routes(['first', 'second'], [], { second: ['m'] });
    expect(names(table.targets(asked()))).to.deep.equal(['second']);
    expect(names(table.targets(asked({ model: 'other' })))).to.deep.equal(['first']);
  });

  it("then the home of the path's API where it is configured, whoever stands above it", () => {
    const endpoint = { adapter: 'a', home: 'openai' } as EndpointFacts;
    expect(names(routes(['first', 'openai']).targets(asked()))).to.deep.equal(['openai']);
    expect(names(routes(['first', 'openai']).targets(asked({ endpoint })))).to.deep.equal(['openai']);
    const home = { ...endpoint, home: 'anthropic' };
    expect(names(routes(['openai', 'anthropic']).targets(asked({ endpoint: home })))).to.deep.equal(['anthropic']);
  });

  it('then the first configured one that speaks the API itself', () => {
    const endpoint = { adapter: 'special', home: 'elsewhere' } as EndpointFacts;
    expect(names(routes(['first', 'second']).targets(asked({ endpoint })))).to.deep.equal(['second']);
  });

  it('then the first configured one of its family, then the one of the catalogue with its name', () => {
    const anthropic = { dialect: 'anthropic' } as Dialect;
    expect(names(routes(['first', 'second']).targets(asked({ dialect: anthropic })))).to.deep.equal(['second']);
    expect(names(routes(['first']).targets(asked({ dialect: anthropic })))).to.deep.equal(['anthropic']);
    expect(names(routes([]).targets(asked({ model: null })))).to.deep.equal(['openai']);
    expect(names(routes([]).targets(asked({ dialect: { dialect: 'klingon' } as Dialect })))).to.deep.equal([]);
  });
});
