import { expect } from 'chai';
import { type BudgetStage, startBudgets, times } from '../../support/budgets.ts';
import { send } from '../../support/client.ts';
import { draw } from '../../support/drafts.ts';
import { json } from '../../support/script.ts';

const BUDGETS = `
- { name: block, scope: { agent: "block*" }, per: agent, limit_usd: 1, period: day }
- { name: allow, scope: { agent: allow }, limit_usd: ${times(1)}, period: day, on_unpriced: allow }
- { name: reserve, scope: { agent: reserve }, limit_usd: 0.1, period: day, on_unpriced: { reserve_usd: 0.05 } }
- { name: again, scope: { agent: again }, limit_usd: 0.05, period: day, on_unpriced: { reserve_usd: 0.05 } }
- { name: warn, scope: { agent: warn }, limit_usd: 1, period: day, action: warn }
- { name: tokens, scope: { agent: tokens }, limit_tokens: 2000, period: day }
- { name: requests, scope: { agent: requests }, limit_requests: 1, period: day }
`;
const NEW = { model: 'brand-new' };

describe('a request whose cost nobody can foresee', () => {
  let stage: BudgetStage;

  before(async () => {
    stage = await startBudgets(BUDGETS);
  });
  after(() => stage.close());
  beforeEach(() => void stage.reached());

  const unknown = (agent: string, method = 'POST', path = '/openai/v1/unheard-of') =>
    send({
      url: stage.running.url + path,
      method,
      headers: { 'x-token-spy-agent': agent },
      ...(method === 'POST' && { body: { model: 'gpt-4o' } }),
    });
  const codeIn = (text: string) =>
    (JSON.parse(text) as { error: { code: string; details: Record<string, unknown> } }).error;

  it('is refused, with the line that gives its model a price', async () => {
    const { status, text, headers } = await stage.ask('block', { body: NEW });
    const { code, details } = codeIn(text);
    expect([status, code, headers['x-should-retry']]).to.eql([402, 'unpriced_model', 'false']);
    expect(details).to.include({ budget: 'block', provider: 'openai', model: 'brand-new', reason: 'no_price' });
    const { prices } = await draw(String(details.add).replaceAll('NUMBER', '1'));
    expect(prices.find('openai', 'brand-new', null, new Date())?.key).to.equal('openai/brand-new');
    expect(stage.reached()).to.equal(0);
    expect((await stage.running.row(String(headers['x-token-spy-id']))).error?.code).to.equal('unpriced_model');
  });

  it('passes where the budget allows it, while anything is left', async () => {
    expect((await stage.ask('allow', { body: NEW })).status).to.equal(200);
    expect(Object.values(await stage.accounts('allow')).map(({ spent }) => spent)).to.eql(['0']);
    expect((await stage.ask('allow')).status).to.equal(200);
    await stage.quiet('allow');
    const { status, text } = await stage.ask('allow', { body: NEW });
    expect([status, codeIn(text).details.estimated]).to.eql([402, null]);
  });

  it('counts a flat sum where the budget says so', async () => {
    const { status, headers } = await stage.ask('reserve', { body: NEW });
    expect(status).to.equal(200);
    expect((await stage.running.row(String(headers['x-token-spy-id']))).reserved_usd).to.equal('0.05');
    expect((await unknown('reserve')).status).to.equal(200);
    await stage.quiet('reserve');
    expect(Object.values(await stage.accounts('reserve'))[0]!.spent).to.equal('0.1');
    expect((await stage.ask('reserve', { body: NEW })).status).to.equal(402);
  });

  it('gives the flat sum back where nothing was generated', async () => {
    stage.upstream.next(json({ error: { message: 'no' } }, { status: 500 }));
    expect((await stage.ask('again', { body: NEW })).status).to.equal(500);
    await stage.quiet('again');
    expect((await stage.ask('again', { body: NEW })).status).to.equal(200);
    expect((await stage.ask('again', { body: NEW })).status).to.equal(402);
  });

  it('is held back by no budget that only warns, and by none in tokens', async () => {
    expect((await stage.ask('warn', { body: NEW })).status).to.equal(200);
    expect((await stage.ask('tokens', { body: NEW })).status).to.equal(200);
    expect((await stage.ask('requests', { body: NEW })).status).to.equal(200);
  });

  describe('since the gateway does not know its path', () => {
    it('is refused under a limit in dollars', async () => {
      const { status, text } = await unknown('block-path');
      expect([status, codeIn(text).code]).to.eql([402, 'unpriced_model']);
      expect(codeIn(text).details).to.include({ reason: 'unforeseeable' });
      expect(stage.reached()).to.equal(0);
    });

    it('passes where nothing is charged: at a free provider, and where it is only looked at', async () => {
      expect((await unknown('block-path', 'POST', '/mine/v1/unheard-of')).status).to.equal(200);
      expect((await unknown('block-path', 'HEAD')).status).to.equal(200);
      expect((await unknown('block-path', 'OPTIONS')).status).to.equal(200);
    });

    it('passes under a limit in tokens until that is used up', async () => {
      expect((await unknown('tokens')).status).to.equal(200);
      expect((await stage.ask('tokens', { body: { max_tokens: 1500, model: 'gpt-4o' } })).status).to.equal(402);
    });

    it('is a request like any other', async () => {
      expect((await unknown('requests')).status).to.equal(402);
    });

    it('and goes nowhere, says that', async () => {
      const { status } = await send({
        url: `${stage.running.url}/nowhere/at/all`,
        headers: { 'x-token-spy-agent': 'block' },
        body: {},
      });
      expect(status).to.be.oneOf([404, 402]);
    });
  });
});
