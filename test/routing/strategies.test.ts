import { expect } from 'chai';
import type { RouteSpec } from '../../src/routing/compile-routes.ts';
import { type Ask, ask, FakeHealth, provider, route, routesOf, targets } from './asks.ts';

const azure = provider('azure');
const openai = provider('openai');
const third = provider('third');
const trio = [openai, azure, third];
const weights = (...shares: number[]): RouteSpec['targets'] =>
  shares.map((weight, i) => ({ provider: trio[i]!.name, weight }));

/** Chances one after the other, again and again. */
const chances = (...list: number[]): (() => number) => {
  let at = 0;
  return () => list[at++ % list.length]!;
};

describe('strategy fallback', () => {
  it('asks as listed, and those that are left alone at last', () => {
    const health = new FakeHealth();
    const routes = routesOf(trio, [route({ to: ['openai', 'azure', 'third'] })], { health });
    expect(targets(routes.plan(ask()))).to.eql(['openai', 'azure', 'third']);
    health.fares = { openai: { closed: true } };
    const plan = routes.plan(ask());
    expect(targets(plan)).to.eql(['azure', 'third', 'openai']);
    expect(plan.decision.reason).to.equal('fallback: as listed; openai is left alone');
    health.fares = { azure: { closed: true } };
    expect(routes.plan(ask()).decision.reason).to.equal('fallback: as listed');
    health.fares = Object.fromEntries(trio.map(({ name }) => [name, { closed: true }]));
    expect(targets(routes.plan(ask()))).to.eql(['openai', 'azure', 'third']);
  });
});

describe('strategy weighted', () => {
  const plans = (spec: RouteSpec['targets'], each: (i: number) => Ask, count = 4000) => {
    const routes = routesOf(trio, [route({ strategy: 'weighted', targets: spec })]);
    return Array.from({ length: count }, (_, i) => targets(routes.plan(ask(each(i)))));
  };
  const share = (all: string[][], name: string) => all.filter(([first]) => first === name).length / all.length;

  it('gives each its share, with and without sessions', () => {
    for (const each of [() => ({}), (i: number) => ({ session: `session-${i}` })]) {
      const all = plans(weights(6, 3, 1), each);
      expect(share(all, 'openai')).to.be.closeTo(0.6, 0.04);
      expect(share(all, 'azure')).to.be.closeTo(0.3, 0.04);
      expect(share(all, 'third')).to.be.closeTo(0.1, 0.03);
    }
  });

  it('a session stays, also when others are added', () => {
    const sessions = (i: number) => ({ session: `session-${i}` });
    const before = plans(weights(1, 1), sessions, 300).map(([first]) => first);
    expect(plans(weights(1, 1), sessions, 300).map(([first]) => first)).to.eql(before);
    const after = plans(weights(1, 1, 1), sessions, 300).map(([first]) => first);
    const moved = after.filter((name, i) => name !== before[i]);
    expect(moved.every((name) => name === 'third')).to.equal(true);
    expect(moved.length).to.be.within(70, 130);
  });

  it('the rest follows, by weight as well; weight 0 comes last', () => {
    const all = plans(weights(0, 5, 1), () => ({}), 500);
    expect(all.every((list) => list.length === 3 && list[2] === 'openai')).to.equal(true);
  });

  it('says who came first', () => {
    const routes = routesOf(trio, [route({ strategy: 'weighted', targets: weights(0, 5, 0) })]);
    expect(routes.plan(ask()).decision.reason).to.equal('weighted: azure of weight 5');
    expect(routes.plan(ask({ session: 's' })).decision.reason).to.equal('weighted: azure of weight 5, by session');
  });
});

describe('strategy cheapest', () => {
  const table = (targetsOf: string[], more = {}) =>
    routesOf(trio, [route({ strategy: 'cheapest', to: targetsOf })], more);

  it('asks the less expensive first, what nobody knows at last, and says the prices', () => {
    const prices = { 'openai/m': '0.0003', 'third/small': '0.00012' };
    const plan = table(['azure', 'openai', 'third/small']).plan(ask({ prices }));
    expect(targets(plan)).to.eql(['third/small', 'openai', 'azure']);
    expect(plan.decision.reason).to.equal('cheapest: third 0.00012, openai 0.0003, azure unknown');
  });

  it('compares to the last digit', () => {
    const prices = { 'openai/m': '0.10000000000000000002', 'azure/m': '0.10000000000000000001' };
    expect(targets(table(['openai', 'azure']).plan(ask({ prices })))).to.eql(['azure', 'openai']);
  });

  it('equal prices stay as listed, free comes first', () => {
    const prices = { 'openai/m': '0.1', 'azure/m': '0.10', 'third/m': '0' };
    expect(targets(table(['openai', 'azure', 'third']).plan(ask({ prices })))).to.eql(['third', 'openai', 'azure']);
  });

  it('by the price of the first that may be tried of another route', () => {
    const health = new FakeHealth();
    const prices = { 'openai/m': '3', 'azure/m': '2', 'third/m': '1' };
    const inner = route({ name: 'inner', match: { model: 'never' }, to: ['third', 'openai'] });
    const outer = route({ strategy: 'cheapest', targets: [{ provider: 'azure' }, { route: 'inner' }] });
    const routes = routesOf(trio, [inner, outer], { health });
    const plan = routes.plan(ask({ prices }));
    expect(targets(plan)).to.eql(['third', 'openai', 'azure']);
    expect(plan.decision.reason).to.equal('cheapest: inner 1, azure 2');
    health.fares = { third: { closed: true } };
    expect(targets(routes.plan(ask({ prices })))).to.eql(['azure', 'openai', 'third']);
  });
});

describe('strategy fastest', () => {
  const health = new FakeHealth();
  const table = (random: () => number, to = ['openai', 'azure', 'third']) =>
    routesOf(trio, [route({ strategy: 'fastest', to })], { health, random });

  it('takes the better one of two, by latency and what is under way, then the rest by the same', () => {
    health.fares = { openai: { latency: 400, inFlight: 1 }, azure: { latency: 210 }, third: { latency: 300 } };
    const plan = table(chances(0, 0)).plan(ask());
    expect(targets(plan)).to.eql(['azure', 'third', 'openai']);
    expect(plan.decision.reason).to.equal('fastest: azure 210 ms x 1 against openai 400 ms x 2');
    // The two that chance takes are openai and third.
    expect(targets(table(chances(0, 0.9)).plan(ask()))).to.eql(['third', 'azure', 'openai']);
  });

  it('who was not measured yet is tried', () => {
    health.fares = { openai: { latency: 5 } };
    const plan = table(chances(0, 0)).plan(ask());
    expect(targets(plan)[0]).to.equal('azure');
    expect(plan.decision.reason).to.equal('fastest: azure not measured yet against openai 5 ms x 1');
  });

  it('of those that were not measured the one with less under way', () => {
    health.fares = { openai: { inFlight: 3 }, azure: { inFlight: 2 } };
    expect(targets(table(chances(0, 0), ['openai', 'azure']).plan(ask()))).to.eql(['azure', 'openai']);
    expect(targets(table(chances(0.9, 0), ['openai', 'azure']).plan(ask()))).to.eql(['azure', 'openai']);
  });

  it('takes the two among those that may be tried', () => {
    health.fares = { openai: { latency: 1, closed: true }, azure: { latency: 9 }, third: { latency: 8 } };
    for (const chance of [0, 0.5, 0.99]) {
      const plan = table(chances(chance)).plan(ask());
      expect(targets(plan)).to.eql(['third', 'azure', 'openai']);
    }
    health.fares.third!.closed = true;
    const plan = table(chances(0.99)).plan(ask());
    expect(targets(plan)[0]).to.equal('azure');
    expect(plan.decision.reason).to.equal('fastest: azure 9 ms x 1');
  });

  it('the quicker gets more, and not all', () => {
    health.fares = { openai: { latency: 100 }, azure: { latency: 200 }, third: { latency: 300 } };
    const routes = table(Math.random);
    const firsts = Array.from({ length: 3000 }, () => targets(routes.plan(ask()))[0]);
    const share = (name: string) => firsts.filter((one) => one === name).length / firsts.length;
    expect(share('openai')).to.be.closeTo(2 / 3, 0.05);
    expect(share('azure')).to.be.closeTo(1 / 3, 0.05);
    expect(share('third')).to.equal(0);
  });
});
