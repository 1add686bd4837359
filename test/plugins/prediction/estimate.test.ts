import { expect } from 'chai';

import { type Answer, send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const [ALL, PROXY] = ['tsk-all-0123456789abcdef', 'tsk-proxy-0123456789abcdef'];
const HELLO = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 100 };

describe('plugins/prediction/estimate', () => {
  let upstream: Upstream;
  let running: TestGateway;

  before(async () => {
    upstream = await startUpstream();
    running = await startGateway(`
listen: [{ port: 0, auth: key }]
keys: [{ name: all, key: ${ALL} }, { name: app, key: ${PROXY}, access: proxy }]
providers:
  openai: { base_url: "${upstream.url}" }
  anthropic: { base_url: "${upstream.url}" }
  google: { base_url: "${upstream.url}" }
  local: { adapter: openai_chat, base_url: "${upstream.url}", free: true }
plugins: [history, prediction, usage]
`);
  });
  after(async () => {
    expect(upstream.received, 'nothing is sent anywhere').to.have.length(0);
    await running.close();
    await upstream.close();
  });

  const ask = (body: object | string, query = '', headers: Record<string, string> = { 'x-api-key': PROXY }) =>
    send({ url: `${running.url}/api/v1/estimate${query}`, method: 'POST', body, headers });
  const told = ({ text }: Answer): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
  const errorOf = (answer: Answer): unknown[] => {
    const { error } = told(answer) as { error: Record<string, unknown> };
    return [answer.status, error.code, error.field];
  };

  it('prices a request as it would be sent', async () => {
    const answer = await ask(HELLO);
    expect(answer.status).to.equal(200);
    const { price, ...rest } = told(answer);
    expect(rest).to.include({
      api: 'openai.chat',
      provider: 'openai',
      model: 'gpt-4o',
      input_tokens: 9,
      output_tokens: 75,
      output_tokens_p90: 100,
      output_tokens_max: 100,
      source: 'counted',
      basis: 'max_tokens',
      cost_usd: '0.0007725',
      cost_usd_p90: '0.0010225',
      confidence: 'high',
    });
    expect(price).to.include({ key: 'openai/gpt-4o', source: 'price_table' });
    expect(Number(rest.cost_usd_max)).to.be.at.least(0.0010225);
    expect(rest.unknown).to.eql([]);
  });

  it('takes words about the request in its address or around it', async () => {
    const request = { messages: HELLO.messages, max_tokens: 100 };
    const around = told(await ask({ api: 'anthropic.messages', model: 'claude-sonnet-4-5', request }));
    expect(around).to.include({ api: 'anthropic.messages', provider: 'anthropic', model: 'claude-sonnet-4-5' });
    const address = told(await ask(request, '?api=anthropic.messages&model=claude-sonnet-4-5'));
    expect(address).to.eql(around);
    const gemini = { contents: [{ parts: [{ text: 'Hello!' }] }] };
    expect(told(await ask(gemini, '?model=gemini-2.5-pro'))).to.include({
      api: 'gemini.generateContent',
      provider: 'google',
    });
    expect(told(await ask(HELLO, '?provider=local'))).to.include({
      provider: 'local',
      cost_usd: '0',
      cost_usd_max: '0',
    });
  });

  it('says what is unknown, and why', async () => {
    const fields = async (body: object, query?: string) => {
      const { unknown } = told(await ask(body, query)) as { unknown: { field: string; why: string }[] };
      for (const { why } of unknown) expect(why).to.be.a('string').and.not.be.empty;
      return unknown.map(({ field }) => field);
    };
    expect(await fields({ ...HELLO, model: 'gpt-unheard-of' })).to.eql(['cost_usd']);
    expect(await fields({ model: 'gpt-unheard-of', messages: [] })).to.eql(['output_tokens_max', 'cost_usd']);
    expect(await fields({ ...HELLO, web_search_options: {} })).to.eql(['cost_usd_max']);
    const speech = told(await ask({ model: 'tts-1', input: 'x', voice: 'alloy' }, '?api=openai.speech'));
    expect(speech).to.include({ input_tokens: null, cost_usd: null, cost_usd_max: null, confidence: null });
  });

  it('refuses rubbish and names the field', async () => {
    const request = { messages: [] };
    expect(errorOf(await ask('{"model":'))).to.eql([400, 'invalid_json', undefined]);
    expect(errorOf(await ask('[]', '', { 'x-api-key': PROXY, 'content-type': 'application/json' }))).to.eql([
      400,
      'invalid_request',
      'body',
    ]);
    expect(errorOf(await ask({}))).to.eql([400, 'invalid_request', 'api']);
    expect(errorOf(await ask(request))).to.eql([400, 'invalid_request', 'model']);
    expect(errorOf(await ask(HELLO, '?api=openai.nothing'))).to.eql([400, 'invalid_request', 'api']);
    expect(errorOf(await ask(HELLO, '?provider=nobody'))).to.eql([400, 'invalid_request', 'provider']);
    expect(errorOf(await ask(HELLO, '?api=a&api=b'))).to.eql([400, 'invalid_request', 'api']);
    expect(errorOf(await ask({ model: 7, request }))).to.eql([400, 'invalid_request', 'model']);
    expect(errorOf(await ask({ modle: 'x', request }))).to.eql([400, 'invalid_request', 'modle']);
    expect(errorOf(await ask({ ...HELLO, pad: 'x'.repeat(5 * 1024 * 1024) }))).to.include(413);
    for (const body of [
      { ...HELLO, max_tokens: -1 },
      { ...HELLO, n: 1e300 },
      { ...HELLO, messages: 7 },
      { ...HELLO, tools: 'x' },
    ])
      expect((await ask(body)).status).to.equal(200);
  });

  it('is open to a key of the proxy, and to nobody without one', async () => {
    expect((await ask(HELLO, '', { 'x-api-key': ALL })).status).to.equal(200);
    expect((await ask(HELLO, '', {})).status).to.equal(401);
    const page = await send({ url: `${running.url}/dashboard/predictions`, headers: { 'x-api-key': PROXY } });
    expect(page.status).to.equal(401);
  });
});
