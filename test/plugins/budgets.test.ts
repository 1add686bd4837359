import { expect } from 'chai';
import { answerTo, type BudgetStage, EACH, HELLO, startBudgets, times } from '../support/budgets.ts';
import { open, send } from '../support/client.ts';
import { json, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';

const BUDGETS = `
- { name: two, scope: { agent: "two*" }, per: agent, limit_usd: ${times(2)}, period: day }
- { name: tokens, scope: { agent: tokens }, limit_tokens: 2018, period: day }
- { name: requests, scope: { agent: requests }, limit_requests: 2, period: day }
- { name: narrow, scope: { agent: both }, limit_usd: ${times(1)}, period: hour }
- { name: wide, scope: { agent: both }, per: user, limit_usd: ${times(5)}, period: month }
- { name: first half, scope: { agent: shared }, limit_usd: ${times(1)}, period: day, action: warn, warn_at: [] }
- { name: whole, scope: { agent: shared }, limit_usd: ${times(2)}, period: day }
- { name: nothing, scope: { agent: nothing }, limit_usd: 0, period: day }
- { name: later, scope: { agent: later }, limit_usd: 0, period: day, starts: 2099-01-01 }
- { name: of openai, scope: { agent: routed, provider: openai }, limit_usd: ${times(1)}, period: day }
- { name: odd, scope: { agent: odd }, limit_usd: 1, period: day }
- { name: model, scope: { agent: model }, per: model, limit_usd: ${times(1)}, period: day }
`;

describe('plugins/budgets', () => {
  let stage: BudgetStage;

  before(async () => {
    stage = await startBudgets(BUDGETS);
  });
  after(() => stage.close());
  beforeEach(() => {
    stage.upstream.always(answerTo);
    stage.reached();
  });

  const statuses = async (agent: string, calls: number, more = {}): Promise<number[]> => {
    const found: number[] = [];
    for (let i = 0; i < calls; i++) found.push((await stage.ask(agent, more)).status);
    return found;
  };

  it('lets pass what fits exactly, and refuses the next', async () => {
    expect(await statuses('two', 3)).to.eql([200, 200, 402]);
    expect(stage.reached()).to.equal(2);
    expect((await stage.accounts('two')).two).to.deep.include({ spent: times(2), held: '0', remaining: '0' });
  });

  it('has an account for each value, and none for who has no value', async () => {
    expect(await statuses('two-b', 3)).to.eql([200, 200, 402]);
    expect((await stage.ask('three')).status).to.equal(200);
    expect(await statuses('model', 2)).to.eql([200, 402]);
    expect((await stage.ask('model', { body: { model: 'gpt-4o-mini' } })).status).to.equal(200);
  });

  it('counts tokens, and requests', async () => {
    expect(await statuses('tokens', 3)).to.eql([200, 200, 402]);
    expect(await statuses('requests', 3)).to.eql([200, 200, 402]);
    expect((await stage.ask('tokens', { body: { max_tokens: 0 } })).status).to.equal(402);
  });

  it('counts requests that cost nothing only where requests are counted', async () => {
    const models = (agent: string) =>
      send({ url: `${stage.running.url}/v1/models`, headers: { 'x-token-spy-agent': agent } });
    expect((await models('requests')).status).to.equal(402);
    expect((await models('nothing')).status).to.equal(200);
  });

  it('refuses what does not fit into one of several', async () => {
    const as = (user: string) => ({ headers: { 'x-token-spy-user': user } });
    expect((await stage.ask('both', as('ada'))).status).to.equal(200);
    expect((await stage.ask('both', as('bob'))).status).to.equal(402);
    expect(await stage.accounts('wide')).to.have.all.keys('ada');
  });

  it('holds once what two budgets of one account look at', async () => {
    expect(await statuses('shared', 3)).to.eql([200, 200, 402]);
    const [first] = Object.values(await stage.accounts('first half'));
    const [whole] = Object.values(await stage.accounts('whole'));
    expect([first!.spent, whole!.spent, first!.held]).to.eql([times(2), times(2), '0']);
  });

  it('lets nothing pass under a limit of 0, and all before its first period', async () => {
    expect(await statuses('nothing', 1)).to.eql([402]);
    expect(await statuses('later', 2)).to.eql([200, 200]);
  });

  it('leaves to the gateway what cannot leave anyway', async () => {
    const headers = { 'x-token-spy-agent': 'nothing', 'content-type': 'application/json' };
    const url = `${stage.running.url}/v1/chat/completions`;
    for (const body of ['{ "model": ', '[]', '']) {
      const { status, headers: told } = await send({ url, method: 'POST', headers, body });
      expect([status, told['x-token-spy-error']], body).to.eql([400, 'invalid_json']);
    }
  });

  it('asks nothing of a provider that is free', async () => {
    for (let i = 0; i < 3; i++)
      expect((await stage.ask('nothing', { path: '/mine/v1/chat/completions' })).status).to.equal(200);
    expect((await stage.ask('routed')).status).to.equal(200);
    expect((await stage.ask('routed')).status).to.equal(402);
    expect((await stage.ask('routed', { path: '/mine/v1/chat/completions' })).status).to.equal(200);
  });

  it('tells what is left on every answer, and never less than nothing', async () => {
    const left = ({ headers }: { headers: Record<string, unknown> }) => headers['x-tokencap-budget-remaining'];
    const agent = 'two-left';
    expect(left(await stage.ask(agent))).to.equal('0.010022');
    stage.upstream.next(json({ error: { message: 'busy' } }, { status: 429 }));
    expect(left(await stage.ask(agent))).to.equal('0.010022');
    expect(left(await stage.ask(agent, { body: { stream: true } }))).to.equal('0.000000');
    await stage.quiet('two');
    expect(left(await stage.ask(agent))).to.equal('0.000000');
    expect(left(await stage.ask('three'))).to.equal(undefined);
  });

  it('writes a row for what it refuses, without a cost', async () => {
    await statuses('two-row', 2);
    const { headers } = await stage.ask('two-row');
    const row = await stage.running.row(String(headers['x-token-spy-id']));
    expect(row).to.deep.include({ outcome: 'refused', status: 402, cost_usd: null, reserved_usd: null, usage: null });
    expect(row.error).to.deep.include({ type: 'gateway', code: 'budget_exceeded' });
  });

  describe('gives back what it holds', () => {
    /** Only then there is room for two again. */
    const hasRoom = async (agent: string): Promise<void> => {
      await stage.quiet('two');
      expect(await statuses(agent, 3)).to.eql([200, 200, 402]);
    };

    it('when the provider fails, before its answer and in it', async () => {
      const agent = 'two-fail';
      stage.upstream.next(json({ error: { message: 'no' } }, { status: 500 }));
      expect(await statuses(agent, 1)).to.eql([500]);
      stage.upstream.next({ raw: '', end: 'reset' }, { raw: '', end: 'reset' });
      expect(await statuses(agent, 1)).to.eql([502]);
      stage.upstream.next(json({ error: { message: 'bad' } }, { status: 400 }));
      expect(await statuses(agent, 1)).to.eql([400]);
      await hasRoom(agent);
    });

    it('when the client leaves', async () => {
      const agent = 'two-leave';
      stage.upstream.next({ ...json({}), delay: 'release' });
      const call = open({
        url: `${stage.running.url}/v1/chat/completions`,
        headers: { 'x-token-spy-agent': agent },
        body: HELLO,
      });
      await until('it is under way', () => stage.upstream.received.length > 0);
      await until('it is held', async () => (await stage.accounts('two'))[agent]?.held !== '0');
      call.abort();
      await call.done;
      stage.upstream.release();
      await stage.quiet('two');
      const spent = (await stage.accounts('two'))[agent]?.spent ?? '0';
      expect(Number(spent)).to.be.lessThan(EACH);
    });

    it('and counts what a stream has come to when it breaks off', async () => {
      const agent = 'two-cut';
      const part = { id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta: { content: 'only this' } }] };
      stage.upstream.next({ ...stream(sse([part])), end: 'reset' });
      await stage.ask(agent, { body: { stream: true } });
      await stage.quiet('two');
      const { spent } = (await stage.accounts('two'))[agent]!;
      expect(Number(spent))
        .to.be.greaterThan(0)
        .and.lessThan(EACH / 100);
    });
  });

  it('is not widened by any number that a request says of its answer', async () => {
    stage.upstream.always(
      json({ id: 'c', model: 'gpt-4o', choices: [], usage: { prompt_tokens: 9, completion_tokens: 1 } }),
    );
    const odd = [0, -1, -1e308, 1e308, 1.5, '1000', null, true, [], {}, 9007199254740992, 4294967296];
    for (const member of ['max_tokens', 'max_completion_tokens', 'n', 'best_of']) {
      for (const value of odd) {
        const { status } = await stage.ask('odd', { body: { [member]: value } });
        expect([200, 402], `${member} ${JSON.stringify(value)}`).to.include(status);
      }
    }
    const { status, text } = await stage.ask('odd', { body: { max_tokens: 1e15, n: 1e6 } });
    expect([status, text.includes('NaN')]).to.eql([402, false]);
    await stage.quiet('odd');
    const [account] = Object.values(await stage.accounts('odd'));
    expect(Number(account!.spent)).to.be.within(0, 1);
    expect(Number(account!.remaining)).to.be.within(0, 1);
  });
});
