import { expect } from 'chai';

import { ask, type Heard } from '../../support/careful-client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { refuse, startWall, type Wall } from '../../support/wall.ts';

/** Dollars per million tokens: an answer of at most 500 comes to 0.0005 and 0.5, and some for its input. */
const PRICES = { cheap: '{ input: 1, output: 1 }', dear: '{ input: 1000, output: 1000 }' };
const LIMITS = 'timeouts: { response_headers: 2s, first_token: 2s, idle: 2s }';

describe('a budget that has room for one of the targets only', () => {
  let wall: Wall;
  let gateway: TestGateway;
  before(async () => {
    wall = await startWall();
    const place = `base_url: "${wall.url}/v1", adapter: [openai_chat, anthropic_messages], ${LIMITS}`;
    const two = (first: string, second: string) =>
      `targets: [ { provider: ${first}, model: ${first} }, { provider: ${second}, model: ${second} } ]`;
    gateway = await startGateway(`
providers:
  cheap: { ${place}, models: { cheap: ${PRICES.cheap} } }
  dear: { ${place}, models: { dear: ${PRICES.dear} } }
  other: { ${place}, models: { other: ${PRICES.cheap} } }
  sick: { ${place}, models: { sick: ${PRICES.cheap} } }
routes:
  - { name: fall, match: { model: fall }, ${two('sick', 'dear')}, retry: { attempts: 3 } }
  - { name: up, match: { model: up }, ${two('cheap', 'dear')} }
  - { name: down, match: { model: down }, ${two('dear', 'cheap')} }
  - { name: across, match: { model: across }, ${two('cheap', 'other')} }
plugins: [history, identity, prediction, budgets, include-usage, usage]
budgets:
  - { name: little, scope: { agent: "little*" }, per: agent, limit_usd: 0.01, period: day }
  - { name: tight, scope: { agent: tight }, limit_usd: 0.001, period: day }
  - { name: nothing, scope: { agent: nothing }, limit_usd: 0.0000001, period: day }
  - { name: tokens, scope: { agent: tokens }, limit_tokens: 100, period: day }
  - { name: cheap ones, scope: { agent: one, provider: cheap }, limit_requests: 1, period: day }
`);
  });
  after(async () => {
    await gateway.close();
    await wall.close();
  });
  beforeEach(() => wall.forget());

  const hear = (agent: string, model: string): Promise<Heard> =>
    ask({ url: `${gateway.url}/agents/${agent}`, dialect: 'anthropic', model, limit: 10_000 });
  const asked = (): string[] => wall.calls.map(({ model }) => model);

  it('lets a request go to that one, wherever it stands in the list', async () => {
    expect(await hear('little-1', 'up')).to.include({ outcome: 'success', model: 'cheap' });
    expect(await hear('little-2', 'down')).to.include({ outcome: 'success', model: 'cheap' });
    expect(asked()).to.deep.equal(['cheap', 'cheap']);
  });

  it('lets none fall back to the dear one', async () => {
    wall.set('sick', refuse('overloaded'));
    const heard = await hear('little-3', 'fall');
    expect(heard).to.include({ outcome: 'error', status: 529 });
    expect(new Set(asked())).to.deep.equal(new Set(['sick']));
    const row = await gateway.row(heard.id);
    expect(row.attempts.map(({ provider }) => provider)).to.not.include('dear');
    // Who has no budget may: the route is as it was.
    expect(await hear('rich', 'fall')).to.include({ outcome: 'success', model: 'dear' });
  });

  it('is as strict as ever where none of them fits', async () => {
    expect(await hear('nothing', 'up')).to.include({ outcome: 'error', status: 402 });
    expect(await hear('tokens', 'up'), 'tokens are as many everywhere').to.include({ status: 402 });
    expect(asked()).to.deep.equal([]);
  });

  it('of one provider sends what it has no room for to the other one', async () => {
    expect(await hear('one', 'across')).to.include({ outcome: 'success', model: 'cheap' });
    await gateway.rows(1);
    expect(await hear('one', 'across')).to.include({ outcome: 'success', model: 'other' });
  });

  it('is not overspent by many at once', async () => {
    const heard = await Promise.all(Array.from({ length: 40 }, () => hear('tight', 'down')));
    const served = heard.filter(({ outcome }) => outcome === 'success');
    expect(served.length).to.be.within(1, 13);
    expect(served.every(({ model }) => model === 'cheap')).to.equal(true);
    expect(heard.filter(({ status }) => status === 402)).to.have.length(40 - served.length);
    expect(new Set(asked())).to.deep.equal(new Set(['cheap']));
    const rows = await Promise.all(served.map(({ id }) => gateway.row(id)));
    expect(rows.reduce((sum, { cost_usd }) => sum + Number(cost_usd), 0)).to.be.at.most(0.001);
  });
});
