import { expect } from 'chai';
import type { EndpointFacts } from '../../src/pipeline/asked.ts';
import type { Provider } from '../../src/pipeline/provider.ts';
import type { RouteSpec } from '../../src/routing/compile-routes.ts';
import type { Routes } from '../../src/routing/routes.ts';
import { ask, familyOf, provider, route, routesOf, targets } from './asks.ts';

const all: Record<string, Provider> = Object.fromEntries(
  [
    provider('first', 1, { adapters: ['openai'] }),
    provider('second', 1, { adapters: ['openai', 'anthropic', 'special'], models: ['listed'] }),
    provider('openai', 1, { adapters: ['openai'] }),
    provider('anthropic', 1, { adapters: ['anthropic'] }),
  ].map((one) => [one.name, one]),
);
const providers = new Map(Object.entries(all));

const table = (configured: string[], routes: RouteSpec[] = []): Routes =>
  routesOf([], routes, {
    providers: new Map([...configured, ...providers.keys()].map((name) => [name, providers.get(name)!])),
    configured,
    familyOf: (adapter) => (adapter === 'special' ? 'openai' : adapter),
  });
const endpoint = (family: string, more: Partial<EndpointFacts> = {}) =>
  ({ adapter: `any ${family}`, home: null, dialect: familyOf(family), ...more }) as EndpointFacts;

describe('Routes', () => {
  it('the provider that the path names comes before everything', () => {
    const plan = table(['first'], [route({ to: ['first'] })]).plan(ask({ named: all.anthropic! }));
    expect(targets(plan)).to.eql(['anthropic']);
    expect(plan.decision).to.eql({
      route: null,
      strategy: null,
      reason: 'named by the path',
      alias: null,
      isBound: false,
    });
  });

  it("then the listener's provider", () => {
    const plan = table(['first'], [route({ to: ['first'] })]).plan(ask({ listener: { provider: 'anthropic' } }));
    expect(targets(plan)).to.eql(['anthropic']);
    expect(plan.decision.reason).to.equal('all of this listener');
  });

  it('then the first route that applies, with all its targets and its policy', () => {
    const list = [
      route({ name: 'a', match: { model: 'x' }, to: ['first'] }),
      route({ name: 'b', match: { model: 'm' }, to: ['second', 'openai'], restart: true }),
      route({ name: 'c', to: ['first'] }),
    ];
    const plan = table(['first'], list).plan(ask());
    expect(targets(plan)).to.eql(['second', 'openai']);
    expect(plan.decision).to.include({ route: 'b', strategy: 'fallback', reason: 'fallback: as listed' });
    expect(plan.policy).to.eql({
      attempts: 6,
      retries: 1,
      backoff: 250,
      maxBackoff: 5000,
      maxWait: 5000,
      deadline: 120_000,
      restart: true,
    });
  });

  it('then the configured provider that lists the model and speaks the dialect; its failures are the client’s to see', () => {
    const routes = table(['first', 'second']);
    const plan = routes.plan(ask({ body: { model: 'listed' } }));
    expect(targets(plan)).to.eql(['second']);
    expect(plan.policy).to.include({ retries: 0, deadline: Number.POSITIVE_INFINITY });
    expect(targets(routes.plan(ask({ body: { model: 'other' } })))).to.eql(['first']);
    const other = endpoint('gemini');
    expect(targets(routes.plan(ask({ body: { model: 'listed' }, endpoint: other })))).to.eql([]);
  });

  it("then the home of the path's API where it is configured, whoever stands above it", () => {
    const routes = table(['first', 'openai']);
    expect(targets(routes.plan(ask({ endpoint: endpoint('openai', { home: 'openai' }) })))).to.eql(['openai']);
    const home = endpoint('openai', { home: 'anthropic' });
    expect(targets(table(['openai', 'anthropic']).plan(ask({ endpoint: home })))).to.eql(['anthropic']);
  });

  it('then the first configured one that speaks the API itself', () => {
    const special = endpoint('openai', { adapter: 'special', home: 'elsewhere' });
    expect(targets(table(['first', 'second']).plan(ask({ endpoint: special })))).to.eql(['second']);
  });

  it('then the first configured one of its family, then the one of the catalogue with its name', () => {
    const anthropic = ask({ endpoint: endpoint('anthropic') });
    expect(targets(table(['first', 'second']).plan(anthropic))).to.eql(['second']);
    expect(targets(table(['first']).plan(anthropic))).to.eql(['anthropic']);
    expect(targets(table([]).plan(ask({ body: null })))).to.eql(['openai']);
    const plan = table([]).plan(ask({ endpoint: endpoint('klingon') }));
    expect(plan.targets).to.eql([]);
    expect(plan.decision.reason).to.equal('nobody answers for this path');
  });

  it('the plan of what has no choice is one object for all requests', () => {
    const routes = table(['first'], [route({ match: { model: 'x' }, to: ['first', 'second'] })]);
    expect(routes.plan(ask())).to.equal(routes.plan(ask()));
    const routed = ask({ body: { model: 'x' } });
    expect(routes.plan(routed)).to.equal(routes.plan(ask({ body: { model: 'x' } })));
  });

  it('an alias holds before a route is looked for, which may match either name', () => {
    const aliases = { quick: 'fast', fast: 'gpt-4o-mini' };
    const plan = (routes: RouteSpec[], model = 'quick') =>
      routesOf([all.first!, all.second!], routes, { aliases }).plan(ask({ body: { model } }));
    for (const model of ['quick', 'gpt-4*']) {
      const found = plan([route({ name: 'chat', match: { model }, to: ['first', 'second/other'] })]);
      expect(targets(found)).to.eql(['first/gpt-4o-mini', 'second/other']);
      expect(found.decision).to.include({ route: 'chat', alias: 'quick' });
    }
    // The name between is nobody's: neither the client's nor the model's.
    expect(plan([route({ match: { model: 'fast' }, to: ['second'] })]).decision.route).to.equal(null);
    const unrouted = plan([]);
    expect(targets(unrouted)).to.eql(['first/gpt-4o-mini']);
    expect(unrouted.decision).to.include({ route: null, alias: 'quick' });
    expect(plan([], 'gpt-4o-mini').decision.alias).to.equal(null);
  });

  it('the provider that lists the model is found by what an alias stands for', () => {
    const found = routesOf([all.first!, all.second!], [], { aliases: { a: 'listed' } }).plan(
      ask({ body: { model: 'a' } }),
    );
    expect(targets(found)).to.eql(['second/listed']);
  });
});
