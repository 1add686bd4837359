import { expect } from 'chai';
import type { RoutePlan } from '../../src/pipeline/plan.ts';
import { Origins } from '../../src/routing/origins.ts';
import { type Ask, answered, ask, provider, route, routesOf } from './asks.ts';

const openai = provider('openai', 2);
const single = provider('single');
const table = routesOf([openai, single], [route({ match: { model: 'routed' }, to: ['single/other'] })]);
const go = (said: Ask): [ReturnType<typeof ask>, RoutePlan] => {
  const asked = ask(said);
  return [asked, table.plan(asked)];
};

describe('where answers came from', () => {
  it('is known of a session, a response and a conversation, by names', () => {
    const origins = new Origins();
    const [asked, plan] = go({ session: 's', body: { conversation: 'conv_1' } });
    origins.learn(answered(asked, plan, 1, 'resp_1'));
    const origin = { provider: 'openai', key: plan.targets[1]!.key!.name, model: null };
    expect(origins.ofSession('s')).to.eql(origin);
    expect(origins.ofId('resp_1')).to.eql(origin);
    expect(origins.ofId('conv_1')).to.eql(origin);
    expect(origins.ofId('s')).to.equal(null);
  });

  it('failures tell nothing', () => {
    const origins = new Origins();
    const [asked, plan] = go({ session: 's' });
    origins.learn(answered(asked, plan, 0, 'resp_1', 400));
    origins.learn({ ...answered(asked, plan), response: null } as never);
    origins.learn({ ...answered(asked, plan), target: null } as never);
    expect(origins.ofSession('s')).to.equal(null);
    expect(origins.ofId('resp_1')).to.equal(null);
  });

  it('is not kept where there was no choice, and kept of every route', () => {
    const origins = new Origins();
    const own = ask({ session: 'own', named: single });
    origins.learn(answered(own, table.plan(own)));
    expect(origins.ofSession('own')).to.equal(null);
    const [routed, plan] = go({ session: 'routed', body: { model: 'routed' } });
    origins.learn(answered(routed, plan));
    expect(origins.ofSession('routed')).to.eql({ provider: 'single', key: '1', model: 'other' });
  });

  it('is forgotten when many others were told since, and kept while somebody asks for it', () => {
    const origins = new Origins(8);
    const learn = (session: string): void => {
      const [asked, plan] = go({ session });
      origins.learn(answered(asked, plan));
    };
    for (const session of ['forgotten', 'asked for', '1', '2', '3', '4']) learn(session);
    expect(origins.ofSession('asked for')).to.not.equal(null);
    for (const session of ['5', '6', '7']) learn(session);
    expect(origins.ofSession('forgotten')).to.equal(null);
    for (const session of ['asked for', '4', '5', '6', '7'])
      expect(origins.ofSession(session), session).to.not.equal(null);
  });

  it('ids that no provider makes fill no memory', () => {
    const origins = new Origins();
    const [asked, plan] = go({ session: 'x'.repeat(257) });
    origins.learn(answered(asked, plan));
    expect(origins.ofSession('x'.repeat(257))).to.equal(null);
  });
});
