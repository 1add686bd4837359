import { expect } from 'chai';
import { send } from '../support/client.ts';
import { ANSWER, play, type Stage, setStage } from '../support/play.ts';
import { json, sse, stream } from '../support/script.ts';

const chunk = (content: string) => ({
  id: 'c',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});
const PRICES = 'pricing: { models: { gpt-4o-mini: { input: 2, output: 10, cache_read: 0.5 } } }';

describe('plugins/usage', () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage({ plugins: 'usage', yaml: PRICES });
  });
  after(() => stage.close());

  it('records what the provider says was used, and what that costs', async () => {
    const { record } = await stage.play();
    expect(record).to.deep.include({
      usage: { input_tokens: 1000, output_tokens: 10 },
      usage_status: 'final',
      usage_source: 'provider',
      cost_usd: '0.0021',
      cost_source: 'price_table',
      estimate: null,
      stop_reason: { raw: 'stop', normalized: 'stop' },
    });
    expect(record.price).to.deep.include({ key: 'gpt-4o-mini', version: `config-${record.config_version}` });
  });

  it('says that usage is unknown, not zero, and puts an estimate beside it', async () => {
    const upstream = stream([...sse([chunk('twelve chars'), '[DONE]'])]);
    const { record } = await stage.play({ request: { stream: true }, upstream });
    expect(record).to.deep.include({ usage: null, usage_status: 'missing', usage_source: 'counted', cost_usd: null });
    expect(record.estimate).to.include({ source: 'counted', confidence: 'high' });
    expect(record.estimate!.output_tokens).to.be.above(0);
    expect(Number(record.estimate!.cost_usd)).to.be.above(0);
  });

  it('estimates nothing where nothing was generated', async () => {
    const upstream = json({ error: { message: 'no', type: 'invalid_request_error', code: 'bad' } }, { status: 400 });
    const { record } = await stage.play({ upstream });
    expect(record).to.deep.include({ usage: null, usage_status: 'not_applicable', cost_usd: null, estimate: null });
    expect(record.error).to.include({ type: 'invalid_request_error', code: 'bad', http_status: 400 });
  });

  it('keeps a cost it does not know apart from none', async () => {
    const { record } = await stage.play({
      request: { model: 'unheard-of' },
      upstream: json({ ...ANSWER, model: 'unheard-of' }),
    });
    expect(record).to.include({ cost_usd: null, cost_source: null });
    expect(record.usage).to.eql({ input_tokens: 1000, output_tokens: 10 });
  });

  it('calls a stream without an end truncated, and one with an error in it failed', async () => {
    const cut = await stage.play({ request: { stream: true }, upstream: stream(sse([chunk('a')])) });
    expect(cut.record.outcome).to.equal('truncated');
    const failed = await stage.play({
      request: { stream: true },
      upstream: stream(sse([chunk('a'), { error: { type: 'server_error', message: 'x' } }])),
    });
    expect(failed.record.outcome).to.equal('stream_error');
    expect(failed.record.error).to.include({ type: 'server_error' });
  });

  it('never changes a byte', async () => {
    const { answer, received } = await stage.play({ request: '{"model": "gpt-4o-mini"}' });
    expect(answer.text).to.equal(JSON.stringify(ANSWER));
    expect(received!.body.toString()).to.equal('{"model": "gpt-4o-mini"}');
  });

  it('counts for Prometheus, with made-up model names kept out', async () => {
    await stage.play({ request: { model: 'made-up' }, upstream: json({ ...ANSWER, model: 'made-up' }) });
    const { text } = await send({ url: `${stage.running.url}/metrics` });
    expect(text).to.match(/^gen_ai_client_token_usage_total\{.*gpt-4o-mini.*"input"\} \d+$/m);
    expect(text).to.match(/^gen_ai_client_cost_usd_total\{.*\} 0\.\d+/m);
    expect(text)
      .to.match(/^gateway_usage_unpriced_total\{.*unpriced.*\} \d/m)
      .and.to.not.contain('made-up');
  });
});

describe('plugins/usage for a free provider', () => {
  it('records a cost of zero, and says why', async () => {
    const yaml = 'providers: { mine: { base_url: "UPSTREAM", free: true } }';
    const { record } = await play({ plugins: 'usage', yaml });
    expect(record).to.include({ provider: 'mine', cost_usd: '0', cost_source: 'free' });
  });
});
