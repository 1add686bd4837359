import { expect } from 'chai';
import { answer, type BudgetStage, startBudgets, times } from '../../support/budgets.ts';

const BUDGETS = `
- { name: clamp, scope: { agent: "clamp*" }, per: agent, limit_usd: ${times(1)}, period: day, when_short: clamp }
- { name: clamp tokens, scope: { agent: tokens }, limit_tokens: 59, period: day, when_short: clamp }
- { name: cheaper, scope: { agent: cheaper }, limit_usd: 0.002, period: day, when_short: { model: gpt-4o-mini } }
- { name: only dear, scope: { agent: elsewhere, model: gpt-4o }, limit_usd: 0.0001, period: day, when_short: { model: gpt-4o-mini } }
- { name: too dear, scope: { agent: dear }, limit_usd: 0.0001, period: day, when_short: { model: gpt-4o-mini } }
- { name: nobody, scope: { agent: nobody }, limit_usd: 0.002, period: day, when_short: { model: has-no-price } }
- { name: clamp both, scope: { agent: both }, limit_usd: 0.0001, period: day, when_short: clamp }
- { name: cheaper both, scope: { agent: both }, limit_usd: 0.0001, period: day, when_short: { model: gpt-4o-mini } }
- { name: strict, scope: { agent: strict }, limit_usd: 0.0001, period: day }
- { name: lenient, scope: { agent: strict }, limit_usd: 0.0002, period: day, when_short: clamp }
`;

describe('a request that a budget has little room for', () => {
  let stage: BudgetStage;

  before(async () => {
    stage = await startBudgets(BUDGETS);
  });
  after(() => stage.close());

  const ask = async (agent: string, body: object = {}) => {
    const before = stage.upstream.received.length;
    const answer = await stage.ask(agent, { body });
    const received = stage.upstream.received[before];
    return { ...answer, sent: received && (JSON.parse(received.body.toString()) as Record<string, unknown>) };
  };

  it('gets as long an answer as there is room for', async () => {
    expect((await ask('clamp', { max_tokens: 900 })).headers).to.not.have.property('x-token-spy-clamped');
    const { status, headers, sent } = await ask('clamp');
    expect([status, headers['x-token-spy-clamped'], sent!.max_tokens]).to.eql([200, 'max_tokens=97', 97]);
    const row = await stage.running.row(String(headers['x-token-spy-id']));
    expect(row.rewritten_by).to.include('budgets');
    await stage.quiet('clamp');
    // Not even one token more: what is left pays for no answer.
    expect((await ask('clamp')).status).to.equal(402);
  });

  it('gets it also where nothing bounds it, or it asks for several answers', async () => {
    const open = await ask('clamp-open', { max_tokens: undefined });
    expect([open.status, open.headers['x-token-spy-clamped']]).to.eql([200, 'max_tokens=1000']);
    const several = await ask('clamp-several', { max_tokens: 4000, n: 2 });
    expect([several.status, several.headers['x-token-spy-clamped']]).to.eql([200, 'max_tokens=500']);
    const tokens = await ask('tokens', { max_tokens: undefined, max_completion_tokens: 5000 });
    expect([tokens.status, tokens.sent!.max_completion_tokens]).to.eql([200, 50]);
  });

  it('asks a cheaper model, where that fits', async () => {
    stage.upstream.next(answer({ model: 'gpt-4o-mini' }));
    const { status, headers, sent } = await ask('cheaper');
    expect([status, headers['x-token-spy-downgraded'], sent!.model]).to.eql([
      200,
      'gpt-4o -> gpt-4o-mini',
      'gpt-4o-mini',
    ]);
    const row = await stage.running.row(String(headers['x-token-spy-id']));
    expect([row.model.request, row.cost_usd]).to.eql(['gpt-4o-mini', '0.00060135']);
    await stage.quiet('cheaper');
    expect(Object.values(await stage.accounts('cheaper'))[0]!.spent).to.equal('0.00060135');
  });

  it('asks it also where its budget does not look at that model', async () => {
    const { status, headers } = await ask('elsewhere');
    expect([status, headers['x-token-spy-downgraded']]).to.eql([200, 'gpt-4o -> gpt-4o-mini']);
    expect(await stage.accounts('only dear')).to.satisfy((accounts: Record<string, { spent: string }>) =>
      Object.values(accounts).every(({ spent }) => spent === '0'),
    );
  });

  for (const agent of ['dear', 'nobody']) {
    it(`is refused as it was asked where the other model ${agent === 'dear' ? 'does not fit either' : 'has no price'}`, async () => {
      const { status, headers, sent, text } = await ask(agent);
      expect([status, sent]).to.eql([402, undefined]);
      expect(headers).to.not.have.property('x-token-spy-downgraded');
      const { error } = JSON.parse(text) as { error: { code: string; details: { estimated: string } } };
      expect([error.code, error.details.estimated]).to.eql(['budget_exceeded', '0.0100225']);
      expect((await stage.running.row(String(headers['x-token-spy-id']))).model.request).to.equal('gpt-4o');
    });
  }

  it('is asked of the cheaper model first and shortened then, where two budgets want both', async () => {
    const { status } = await ask('both');
    // The one that only knows another model has no room for it.
    expect(status).to.equal(402);
  });

  it('is refused where one of its budgets lets nobody shorten it', async () => {
    expect((await ask('strict')).status).to.equal(402);
  });
});
