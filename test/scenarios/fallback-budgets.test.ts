/** What is tried elsewhere, or anew, is paid by the same budgets. */
import { expect } from 'chai';

import { answer, HELLO, PRICES, times, wishesOf } from '../support/budgets.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const DOWN = json({ error: { message: 'down' } }, { status: 503 });
/** Ten cents of a dollar and nine tokens told, and no end. */
const CUT = stream(
  sse([
    {
      model: 'gpt-4o',
      choices: [{ index: 0, delta: { content: 'hi' } }],
      usage: { prompt_tokens: 9, completion_tokens: 1000 },
    },
  ]),
  { end: 'close' },
);

describe('a fallback and its budget', () => {
  let cheap: Upstream;
  let dear: Upstream;
  let gw: TestGateway;

  before(async () => {
    [cheap, dear] = await Promise.all([startUpstream(), startUpstream()]);
    gw = await startGateway(`${PRICES}    dear/gpt-4o: { input: 2.5, output: 10 }
providers:
  openai: { base_url: "${cheap.url}" }
  dear: { base_url: "${dear.url}", adapter: openai_chat }
breaker: { probe: 1ms }
routes:
  - match: { model: two }
    targets: [ { provider: openai, model: gpt-4o-mini }, { provider: dear, model: gpt-4o } ]
    retry: { retries: 0 }
  - match: { model: anew }
    targets: [ { provider: openai, model: gpt-4o }, { provider: dear, model: gpt-4o } ]
    retry: { retries: 0 }
    restart: true
budgets:
  - { name: all, per: agent, limit_usd: ${times(2)}, period: day }
  - { name: dear, scope: { agent: poor, provider: dear }, limit_usd: 0.001, period: day }
  - { name: once, scope: { agent: once }, limit_usd: ${times(1.5)}, period: day }
plugins: [history, identity, prediction, budgets, include-usage, usage]
`);
  });
  after(async () => {
    await gw.close();
    await Promise.all([cheap.close(), dear.close()]);
  });
  beforeEach(() => {
    cheap.received.length = 0;
    dear.received.length = 0;
    cheap.always(DOWN);
    dear.always(() => answer());
  });

  const ask = (agent: string, more: object) => {
    const body = { ...HELLO, ...more };
    return send({
      url: `${gw.url}/v1/chat/completions`,
      headers: { 'x-token-spy-agent': agent, ...wishesOf(body) },
      body,
    });
  };
  const spentBy = async (agent: string): Promise<number> => {
    await until('all rows are written', () => gw.gateway.inFlight === 0);
    const rows = (await gw.rows()).filter((row) => row.agent === agent);
    return rows.reduce((sum, { cost_usd: cost }) => sum + Number(cost ?? 0), 0);
  };

  it('never spends what was not held: of many at once only those are tried at the dear one that it has room for', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask('many', { model: 'two' })));
    const served = answers.filter(({ status }) => status === 200);
    expect(served).to.have.length(2);
    expect(dear.received).to.have.length(2);
    for (const { status } of answers) expect(status).to.be.oneOf([200, 402, 503]);
    expect(await spentBy('many')).to.be.closeTo(Number(times(2)), 1e-9);
  });

  it('a provider over its budget is no fallback', async () => {
    const { status } = await ask('poor', { model: 'two' });
    expect(dear.received).to.have.length(0);
    expect(status).to.be.oneOf([402, 503]);
    expect(await spentBy('poor')).to.equal(0);
  });

  it('an answer that broke off is asked for anew where there is room for both', async () => {
    cheap.next(CUT);
    dear.always(() => answer({ stream: true }));
    const { status, text } = await ask('twice', { model: 'anew', stream: true });
    expect(status).to.equal(200);
    expect(text).to.contain('[DONE]');
    expect(await spentBy('twice')).to.be.closeTo(Number(times(2)), 1e-9);
    expect((await ask('twice', { model: 'anew', stream: true })).status).to.equal(402);
  });

  it('and is not where there is room for one only', async () => {
    cheap.next(CUT);
    const { status } = await ask('once', { model: 'anew', stream: true });
    expect(status).to.equal(502);
    expect(cheap.received).to.have.length(1);
    expect(dear.received).to.have.length(0);
    const [row] = (await gw.rows()).filter(({ agent }) => agent === 'once');
    expect(row).to.include({ outcome: 'truncated', status: 502 });
  });
});
