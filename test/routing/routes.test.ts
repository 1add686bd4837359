import { expect } from 'chai';
import type { Asked, EndpointFacts } from '../../src/pipeline/asked.ts';
import type { Dialect } from '../../src/pipeline/dialect.ts';
import type { RoutePlan } from '../../src/pipeline/plan.ts';
import type { Provider } from '../../src/pipeline/provider.ts';
import { type CompiledRoute, Routes } from '../../src/routing/routes.ts';
import { exchangeOf, requestOf } from '../pipeline/exchanges.ts';

const provider = (name: string) =>
  ({ name, adapters: name === 'second' ? ['special'] : ([] as string[]), keys: [] }) as unknown as Provider;
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
    dialectOf: () => ({ dialect: 'openai' }) as Dialect,
  });
}

interface Question extends Partial<Asked> {
  model?: string | null;
  family?: string;
}
const asked = ({ model = 'm', family = 'openai', ...more }: Question = {}): Asked => ({
  exchange: exchangeOf(requestOf(model === null ? '{}' : JSON.stringify({ model }))),
  listener: { name: 'l', agent: null, provider: null, locked: false },
  endpoint: { adapter: `any ${family}`, home: null, dialect: { dialect: family } as Dialect } as EndpointFacts,
  named: null,
  ...more,
});
const names = ({ targets }: RoutePlan): string[] => targets.map(({ provider: { name } }) => name);

describe('Routes', () => {
  it("the listener's provider comes before everything", () => {
    const all = {
      name: 'all',
      applies: () => true,
      targets: [{ provider: providers.get('first')!, model: null, key: null }],
    };
    const listener = { ...asked().listener, provider: 'anthropic' };
    expect(names(routes(['first'], [all]).plan(asked({ listener })))).to.deep.equal(['anthropic']);
  });

  it('then the first route that applies, with all its targets', () => {
    const target = (name: string) => ({ provider: providers.get(name)!, model: null, key: null });
    const list = [
      { name: 'a', applies: () => false, targets: [target('first')] },
      {
        name: 'b',
        applies: ({ exchange }: Asked) => exchange.request.model === 'm',
        targets: [target('second'), target('openai')],
      },
      { name: 'c', applies: () => true, targets: [target('first')] },
    ];
    expect(names(routes(['first'], list).plan(asked()))).to.deep.equal(['second', 'openai']);
  });

  it('then the configured provider that lists the model and speaks the dialect', () => {
    const table = routes(['first', 'second'], [], { second: ['m'] });
    expect(names(table.plan(asked()))).to.deep.equal(['second']);
    expect(names(table.plan(asked({ model: 'other' })))).to.deep.equal(['first']);
  });

  it("then the home of the path's API where it is configured, whoever stands above it", () => {
    const endpoint = { ...asked().endpoint!, home: 'openai' };
    expect(names(routes(['first', 'openai']).plan(asked()))).to.deep.equal(['openai']);
    expect(names(routes(['first', 'openai']).plan(asked({ endpoint })))).to.deep.equal(['openai']);
    const home = { ...endpoint, home: 'anthropic' };
    expect(names(routes(['openai', 'anthropic']).plan(asked({ endpoint: home })))).to.deep.equal(['anthropic']);
  });

  it('then the first configured one that speaks the API itself', () => {
    const endpoint = { ...asked().endpoint!, adapter: 'special', home: 'elsewhere' };
    expect(names(routes(['first', 'second']).plan(asked({ endpoint })))).to.deep.equal(['second']);
  });

  it('then the first configured one of its family, then the one of the catalogue with its name', () => {
    expect(names(routes(['first', 'second']).plan(asked({ family: 'anthropic' })))).to.deep.equal(['second']);
    expect(names(routes(['first']).plan(asked({ family: 'anthropic' })))).to.deep.equal(['anthropic']);
    expect(names(routes([]).plan(asked({ model: null })))).to.deep.equal(['openai']);
    expect(names(routes([]).plan(asked({ family: 'klingon' })))).to.deep.equal([]);
  });
});
