import { expect } from 'chai';
import { draw } from '../support/drafts.ts';
import { ANSWER, type Stage, setStage } from '../support/play.ts';
import { json, sse, stream } from '../support/script.ts';

const PRICES = 'pricing: { models: { openai/priced: { input: 2, output: 10 } } }';
const answer = (model: string, usage: object | null = ANSWER.usage) => json({ ...ANSWER, model, usage });

describe('plugins/unpriced', () => {
  let stage: Stage;
  let told: Record<string, unknown>[];

  beforeEach(async () => {
    stage = await setStage({
      plugins: 'unpriced, usage',
      yaml: `${PRICES}\nproviders: { openai: { base_url: "UPSTREAM" }, mine: { base_url: "UPSTREAM", free: true } }`,
    });
    told = [];
    stage.running.gateway.events.subscribe((name, data) => {
      if (name === 'unpriced') told.push(data as Record<string, unknown>);
    });
  });
  afterEach(() => stage.close());

  const ask = (model: string, upstream = answer(model), path = '/v1/chat/completions') =>
    stage.play({ request: { model }, upstream, path });
  const warnings = () => stage.running.lines.filter(({ plugin, level }) => plugin === 'unpriced' && level === 'warn');

  it('tells of a model once: to feeds, in the log with the line to add, and as a count', async () => {
    for (let times = 0; times < 3; times++) await ask('unheard-of');
    await ask('other');
    expect(told).to.eql([
      { provider: 'openai', model: 'unheard-of', reason: 'no_price', missing: null },
      { provider: 'openai', model: 'other', reason: 'no_price', missing: null },
    ]);
    expect(warnings()).to.have.lengthOf(2);
    const [{ msg, add }] = warnings() as [Record<string, unknown>];
    expect(msg).to.equal('unheard-of of openai has no price, so its cost is unknown');
    expect(add).to.include('US dollars per million tokens');
    const { prices } = await draw(String(add).replaceAll('NUMBER', '1'));
    expect(prices.find('openai', 'unheard-of', null, new Date())?.key).to.equal('openai/unheard-of');
    expect(await draw(String(add)).catch((error: Error) => error.message)).to.include('pricing.models');
    const metrics = await (await fetch(`${stage.running.url}/metrics`)).text();
    expect(metrics).to.match(/^gateway_unpriced_alerts_total\{gen_ai_provider_name="openai",reason="no_price"\} 2$/m);
  });

  it('tells of a model without a price also where its usage is unknown', async () => {
    await ask('silent', answer('silent', null));
    expect(told.map(({ model }) => model)).to.eql(['silent']);
  });

  it('names the rate that is missing, once, whatever the answers between it cost', async () => {
    const cached = { ...ANSWER.usage, prompt_tokens_details: { cached_tokens: 5 } };
    for (const usage of [cached, ANSWER.usage, cached]) await ask('priced', answer('priced', usage));
    expect(told).to.eql([{ provider: 'openai', model: 'priced', reason: 'no_rate', missing: 'cache_read' }]);
    expect(warnings()[0]).to.include({
      msg: 'the price of priced of openai has no rate for cache_read, so its cost is unknown',
    });
    expect(warnings()[0]!.add).to.include('cache_read: NUMBER');
  });

  it('says nothing where no price is missing', async () => {
    await ask('priced');
    await ask('priced', answer('priced', null));
    await ask('unheard-of', json({ error: { message: 'no', type: 'invalid_request_error' } }, { status: 400 }));
    await ask('unheard-of', answer('unheard-of'), '/mine/v1/chat/completions');
    const { record } = await ask('charged', answer('charged', { ...ANSWER.usage, cost: 0.01 }));
    expect(record).to.include({ cost_usd: '0.01', cost_source: 'provider', unpriced: null });
    const failed = stream(sse([{ error: { type: 'server_error', message: 'x' } }]));
    await stage.play({ request: { model: 'priced', stream: true }, upstream: failed });
    expect(told).to.eql([]);
    expect(warnings()).to.eql([]);
  });

  it('tells again when a price has come and gone', async () => {
    await ask('coming');
    const save = async (models: string): Promise<void> => {
      const { version } = stage.running.gateway.current.blueprint;
      await stage.running.save(
        `pricing: { models: { ${models} } }\nproviders: { openai: { base_url: "${stage.upstream.url}" } }\nplugins: [history, unpriced, usage]\n`,
      );
      for (const limit = Date.now() + 10_000; Date.now() < limit; await new Promise((done) => setTimeout(done, 25)))
        if (stage.running.gateway.current.blueprint.version !== version) return;
    };
    await save('openai/coming: { input: 1, output: 1 }');
    const { record } = await ask('coming');
    expect(record.cost_usd).to.equal('0.00101');
    expect(told).to.have.lengthOf(1);
    await save('openai/else: { input: 1, output: 1 }');
    await ask('coming');
    expect(told).to.have.lengthOf(2);
  });

  it('gives no line for a name that would price others too', async () => {
    await ask('x*');
    expect(told).to.have.lengthOf(1);
    expect(warnings()[0]!.add).to.equal(null);
  });
});
