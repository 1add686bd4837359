import { expect } from 'chai';
import type { Exchange } from '../../src/pipeline/exchange.ts';
import type { RoutePlan } from '../../src/pipeline/plan.ts';
import { routeHeader } from '../../src/routing/route-header.ts';
import { type Ask, ask, provider, route, routesOf } from './asks.ts';

const openai = provider('openai', 2);
const azure = provider('azure');
const routes = routesOf(
  [azure, openai],
  [route({ name: 'chat', match: { model: 'chat' }, to: ['azure/gpt-4o', 'openai'] })],
  { aliases: { fast: 'chat', odd: 'm' } },
);

function header(said: Ask, at = 0, attempts = 1): string | undefined {
  const asked = ask(said);
  const plan: RoutePlan = routes.plan(asked);
  const { request } = asked.exchange;
  const exchange = { plan, target: plan.targets[at] ?? null, attempts: Array(attempts), request };
  return routeHeader(exchange as unknown as Exchange)['x-token-spy-route'];
}

describe('x-token-spy-route', () => {
  it('tells route, strategy, target and attempts', () => {
    expect(header({ body: { model: 'chat' } }, 0, 2)).to.equal(
      'chat; strategy=fallback; target=azure/gpt-4o; attempts=2',
    );
  });

  it('tells the key by its name where there are several, and an alias', () => {
    expect(header({ body: { model: 'fast' } }, 1)).to.match(
      /^chat; strategy=fallback; alias=fast; target=openai\/chat; key=[ab]; attempts=1$/,
    );
    expect(header({ named: openai })).to.match(/^-; target=openai\/m; key=[ab]; attempts=1$/);
    expect(header({ body: { model: 'odd' } })).to.match(/^-; alias=odd; target=openai\/m; key=[ab]; attempts=1$/);
    expect(header({ named: openai, body: null })).to.match(/^-; target=openai; key=[ab]; attempts=1$/);
  });

  it('is not there where there was no choice, or nobody to ask', () => {
    expect(header({ named: azure })).to.equal(undefined);
    expect(header({ named: openai, ownCredential: true })).to.equal(undefined);
    expect(header({ body: { model: 'fast' } }, 9)).to.equal(undefined);
  });

  it('holds nothing of a client’s name that would end a header or a part of it', () => {
    const told = header({ named: openai, body: { model: 'a\r\nset-cookie: x; b é'.padEnd(4000, 'y') } })!;
    expect(told).to.match(/^-; target=openai\/a\?\?set-cookie:\?x\?\?b\?\?y+; key=[ab]; attempts=1$/);
    expect(told.length).to.be.lessThan(200);
  });
});
