import { expect } from 'chai';
import { Origins } from '../../src/routing/origins.ts';
import { type Ask, answered, ask, FakeHealth, provider, route, routesOf, targets } from './asks.ts';

const openai = provider('openai', 3);
const azure = provider('azure');
const pair = [openai, azure];
const thinking = {
  messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'x', signature: 'abc' }] }],
};

describe('the keys of a provider', () => {
  it('all of them come before the next provider', () => {
    const plan = routesOf(pair, [route({ to: ['openai', 'azure'] })]).plan(ask({ session: 's' }));
    const keys = targets(plan);
    expect(keys).to.have.members(['openai key a', 'openai key b', 'openai key c', 'azure']);
    expect(keys[3]).to.equal('azure');
  });

  it('a session stays with one, in every process, and sessions are spread over all', () => {
    const first = (session: string) => targets(routesOf([openai], []).plan(ask({ session })))[0];
    const sessions = Array.from({ length: 300 }, (_, i) => first(`session-${i}`));
    expect(sessions).to.eql(sessions.map((_, i) => first(`session-${i}`)));
    for (const key of ['a', 'b', 'c'])
      expect(sessions.filter((one) => one === `openai key ${key}`)).to.have.length.within(70, 130);
  });

  it('without a session so does who asks; nobody at all takes them in turn', () => {
    const routes = routesOf([openai], []);
    const firsts = (said: Ask) => Array.from({ length: 6 }, () => targets(routes.plan(ask(said)))[0]);
    expect(new Set(firsts({ principal: { name: 'ci' } })).size).to.equal(1);
    expect(new Set(firsts({ state: { agent: 'bot' } })).size).to.equal(1);
    expect(firsts({})).to.eql(['a', 'b', 'c', 'a', 'b', 'c'].map((key) => `openai key ${key}`));
  });

  it('do not matter to a client that brings its own, be it in the query as Google has it', () => {
    const google = provider('google', 2, { auth: { header: 'x-goog-api-key', prefix: '' } });
    const own = routesOf([openai], []).plan(ask({ ownCredential: true }));
    expect(own.targets.map(({ key }) => key)).to.eql([null]);
    const inQuery = routesOf([google], []).plan(ask({ search: '?key=mine' }));
    expect(inQuery.targets.map(({ key }) => key)).to.eql([null]);
    expect(routesOf([google], []).plan(ask({ search: '?monkey=' })).targets).to.have.length(2);
  });

  it('that are left alone come after all that are not', () => {
    const health = new FakeHealth();
    const routes = routesOf(pair, [route({ to: ['openai', 'azure'] })], { health });
    const [first] = targets(routes.plan(ask({ session: 's' })));
    health.fares = { [first!.replace(' key', '')]: { closed: true } };
    const plan = routes.plan(ask({ session: 's' }));
    expect(targets(plan).at(-1)).to.equal(first);
    expect(plan.decision.reason).to.equal(`fallback: as listed; ${first} is left alone`);
  });
});

describe('routes that stand in others', () => {
  it('are expanded in place by their own strategy, each target once', () => {
    const cheap = route({
      name: 'cheap',
      match: { model: 'x' },
      strategy: 'cheapest',
      to: ['azure', 'third', 'first'],
    });
    const outer = route({ targets: [{ provider: 'first' }, { route: 'cheap' }, { provider: 'last' }] });
    const list = ['first', 'azure', 'third', 'last'].map((name) => provider(name));
    const plan = routesOf(list, [cheap, outer]).plan(ask({ prices: { 'azure/m': '2', 'third/m': '1' } }));
    expect(targets(plan)).to.eql(['first', 'third', 'azure', 'last']);
    expect(plan.decision).to.include({ route: 'r', reason: 'fallback: as listed' });
  });

  it('may stand behind the route they are in', () => {
    const list = [route({ name: 'a', targets: [{ route: 'b' }] }), route({ name: 'b', to: ['azure'] })];
    expect(targets(routesOf(pair, list).plan(ask()))).to.eql(['azure']);
  });
});

describe('stickiness by state', () => {
  let origins: Origins;
  beforeEach(() => {
    origins = new Origins();
  });
  const table = (sticky: 'state' | 'session' | 'never' = 'state', to = ['openai', 'azure/gpt'], more = {}) =>
    routesOf(pair, [route({ sticky, to })], { origins, ...more });

  it('what only its origin can read goes there and nowhere else, with retries', () => {
    const routes = table();
    const first = ask({ session: 's' });
    const plan = routes.plan(first);
    origins.learn(answered(first, plan, 3));
    const bound = routes.plan(ask({ session: 's', body: thinking }));
    expect(targets(bound)).to.eql(['azure/gpt']);
    expect(bound.decision).to.include({ isBound: true, reason: 'bound to azure: signature' });
    expect(bound.policy).to.include({ retries: 2, attempts: 6 });
    const free = routes.plan(ask({ session: 's' }));
    expect(targets(free)).to.eql(targets(plan));
    expect(free.decision.isBound).to.equal(false);
  });

  it('so does what names a response or a conversation, whatever the session', () => {
    const routes = routesOf([openai], [], { origins });
    const first = ask({ session: 's', body: { conversation: 'conv_1' } });
    const plan = routes.plan(first);
    const made = targets(plan)[1]!;
    origins.learn(answered(first, plan, 1, 'resp_1'));
    for (const [body, name] of [
      [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
      [{ conversation: { id: 'conv_1' } }, 'conversation'],
    ] as const) {
      const bound = routes.plan(ask({ body }));
      expect(targets(bound)).to.eql([made]);
      expect(bound.decision.reason).to.equal(`bound to ${made}: ${name}`);
      expect(bound.policy).to.include({ retries: 2, attempts: 3 });
    }
    const asked = routes.plan(ask({ body: null, path: '/v1/responses/resp_1/cancel' }));
    expect(targets(asked)).to.eql([made]);
  });

  it('a response that is not known is looked for where its session was', () => {
    const routes = routesOf([openai], [], { origins });
    const first = ask({ session: 's' });
    origins.learn(answered(first, routes.plan(first), 2));
    const made = targets(routes.plan(first))[2]!;
    expect(targets(routes.plan(ask({ session: 's', body: { previous_response_id: 'resp_9' } })))).to.eql([made]);
  });

  it('what was made elsewhere goes the usual way, and says so', () => {
    const routes = table();
    const plan = routes.plan(ask({ session: 's', body: { previous_response_id: 'resp_0' } }));
    expect(targets(plan)).to.eql(targets(routes.plan(ask({ session: 's' }))));
    expect(plan.decision.reason).to.equal('fallback: as listed; who made its previous_response_id is not known');
    expect(plan.decision.isBound).to.equal(false);
  });

  it('strategy fastest then leaves nothing to chance', () => {
    const three = ['x', 'y', 'z'].map((name) => provider(name));
    const routes = () => routesOf(three, [route({ strategy: 'fastest', to: ['x', 'y', 'z'] })], { origins });
    const plan = routes().plan(ask({ session: 's', body: thinking }));
    for (let i = 0; i < 20; i++)
      expect(targets(routes().plan(ask({ session: 's', body: thinking })))).to.eql(targets(plan));
    expect(plan.decision.reason).to.match(/^fastest: [xyz], by session; who made its signature is not known$/);
    const other = Array.from(
      { length: 30 },
      (_, i) => targets(routes().plan(ask({ session: `${i}`, body: thinking })))[0],
    );
    expect(new Set(other).size).to.equal(3);
  });

  it('an origin that is no target any more is said', () => {
    const first = ask({ session: 's' });
    const before = table();
    origins.learn(answered(first, before.plan(first), 0));
    const plan = table('state', ['azure', 'azure/gpt']).plan(ask({ session: 's', body: thinking }));
    expect(targets(plan)).to.eql(['azure', 'azure/gpt']);
    expect(plan.decision.reason).to.match(
      /^fallback: as listed; openai key [abc], which made its signature, is no target any more$/,
    );
  });

  it('an origin whose target has another name for the model now is still the account', () => {
    const first = ask({ session: 's' });
    origins.learn(answered(first, table().plan(first), 3));
    expect(targets(table('state', ['openai', 'azure/gpt-5']).plan(ask({ session: 's', body: thinking })))).to.eql([
      'azure/gpt-5',
    ]);
  });

  it('it goes to its origin although that is left alone: nobody else can read it', () => {
    const health = new FakeHealth();
    const first = ask({ session: 's' });
    const routes = table('state', undefined, { health });
    origins.learn(answered(first, routes.plan(first), 3));
    health.fares = { azure: { closed: true } };
    expect(targets(routes.plan(ask({ session: 's', body: thinking })))).to.eql(['azure/gpt']);
  });

  it('never: it goes as everything does', () => {
    const first = ask({ session: 's' });
    const routes = table('never');
    origins.learn(answered(first, routes.plan(first), 3));
    expect(routes.plan(ask({ session: 's', body: thinking })).targets).to.have.length(4);
  });

  it('session: all of a session goes first where its last answer was from, the others behind', () => {
    const health = new FakeHealth();
    const routes = table('session', undefined, { health });
    const first = ask({ session: 's' });
    const plan = routes.plan(first);
    origins.learn(answered(first, plan, 3));
    const stays = routes.plan(ask({ session: 's' }));
    expect(targets(stays)).to.eql(['azure/gpt', ...targets(plan).slice(0, 3)]);
    expect(stays.decision).to.include({ isBound: false, reason: 'session stays with azure' });
    expect(targets(routes.plan(ask({ session: 's', body: thinking })))).to.eql(['azure/gpt']);
    health.fares = { azure: { closed: true } };
    const left = routes.plan(ask({ session: 's' }));
    expect(targets(left).at(-1)).to.equal('azure/gpt');
    expect(left.decision.reason).to.equal('fallback: as listed; session leaves azure');
  });

  it('a session that moved is looked for where it was last', () => {
    const routes = table();
    const first = ask({ session: 's' });
    const plan = routes.plan(first);
    origins.learn(answered(first, plan, 0));
    origins.learn(answered(first, plan, 1));
    expect(targets(routes.plan(ask({ session: 's', body: thinking })))).to.eql([targets(plan)[1]]);
  });
});
