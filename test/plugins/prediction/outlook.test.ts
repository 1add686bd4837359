import { expect } from 'chai';

import { Memory } from '../../../plugins/prediction/memory.ts';
import { type Means, Outlook } from '../../../plugins/prediction/outlook.ts';
import type { Exchange, TokenCount, Tokens } from '../../../src/plugin.ts';
import { rehearse } from '../../../src/rehearsal.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const YAML = `
providers:
  openai: {}
  anthropic: {}
  google: {}
  mine:
    adapter: openai_chat
    base_url: http://127.0.0.1:1
    models:
      plain: { input: 1, output: 10 }
      writes: { input: 1, output: 10, cache_write: 2, cache_write_1h: 4 }
      thinks: { input: 1, output: 10, output_reasoning: 30 }
      hears: { input: 1, output: 10, input_audio: 5, output_audio: 20 }
      tiers: { input: 1, output: 10, service_tiers: { flex: { multiplier: 0.5 }, priority: { multiplier: 2 } } }
      long: { input: 1, output: 10, tiers: [{ input_over: 500, input: 3, output: 30 }] }
      limited: { input: 1, output: 10, max_output: 200, context_window: 5000 }
      gone: { input: 1, output: 10, ends: 2020-01-01 }
      gratis: { free: true }
      nobody-knows: {}
  dear: { adapter: openai_chat, base_url: http://127.0.0.1:1, models: { dear: { input: 100, output: 1000 } } }
  local: { adapter: openai_chat, base_url: http://127.0.0.1:1, free: true }
routes:
  - { match: { model: either }, targets: [{ provider: mine, model: plain }, { provider: dear, model: dear }] }
  - { match: { model: half-known }, targets: [{ provider: mine, model: plain }, { provider: mine, model: nobody-knows }] }
plugins: []
`;
const EMBEDDING = { model: 'text-embedding-3-small', input: 'x' };
/** 100 tokens by the tokenizer, 110 at most, 1000 by length. */
const COUNT: TokenCount = { tokens: 100, most: 110, hasUnseen: false, source: 'counted', confidence: 'high' };

describe('plugins/prediction/outlook', () => {
  let running: TestGateway;
  let count: TokenCount;
  let counted: Promise<void>;
  let counts: number;
  const memory = new Memory();

  before(async () => {
    running = await startGateway(YAML);
  });
  after(() => running.close());
  beforeEach(() => {
    count = COUNT;
    counted = Promise.resolve();
    counts = 0;
  });

  const tokens = (): Tokens => ({
    count: () => Promise.reject(new Error('not asked')),
    prompt: async () => {
      counts++;
      const now = count;
      await counted;
      return now;
    },
    byLength: () => ({ tokens: 90, most: 1000, hasUnseen: count.hasUnseen, source: 'estimated', confidence: 'low' }),
    mostByLength: () => ({ tokens: 1000, hasUnseen: count.hasUnseen }),
    warm: () => () => {},
  });
  const exchangeOf = (request: object, provider: string | null = 'mine', api: string | null = null): Exchange => {
    const [principal, listener] = [null, { name: 'x', agent: null }];
    const body = Buffer.from(JSON.stringify({ messages: [], ...request }));
    const made = rehearse(running.gateway.current, { body, api, provider, model: null, principal, listener });
    if ('field' in made) throw new Error(`${made.field} ${made.message}`);
    return made;
  };
  const outlookOf = (exchange: Exchange): Outlook => {
    const means: Means = {
      tokens: tokens(),
      memory,
      counts: true,
      unknownMaxOutput: 32_768,
      unknownContextWindow: 7000,
    };
    return new Outlook(exchange, means);
  };
  const look = (request: object, provider?: string | null, api?: string): Outlook =>
    outlookOf(exchangeOf(request, provider, api));
  const boundOf = async (...asked: Parameters<typeof look>) => (await look(...asked).counted()).bound;

  it('bounds a request by its length here and now, and more closely when it is counted', async () => {
    const outlook = look({ model: 'plain', max_tokens: 100 });
    expect(outlook.bound()).to.eql({ tokens: 1100, cost_usd: '0.002' });
    expect(counts).to.equal(0);
    const { bound, prediction } = await outlook.counted();
    expect(bound).to.eql({ tokens: 210, cost_usd: '0.00111' });
    expect(prediction).to.include({ cost_usd: '0.00085', cost_usd_p90: '0.0011', cost_usd_max: '0.00111' });
    expect(prediction).to.include({ input_tokens: 100, output_tokens: 75, output_tokens_p90: 100, confidence: 'high' });
  });

  it('takes the dearest rate that may apply', async () => {
    const cost = async (request: object): Promise<string | null> =>
      (await boundOf({ max_tokens: 100, ...request })).cost_usd;
    const marked = {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] }],
    };
    expect(await cost({ model: 'writes', ...marked })).to.equal('0.00122');
    const longer = JSON.parse(JSON.stringify(marked).replace('"ephemeral"', '"ephemeral","ttl":"1h"')) as object;
    expect(await cost({ model: 'writes', ...longer })).to.equal('0.00144');
    expect(await cost({ model: 'writes' }), 'the provider may write by itself').to.equal('0.00122');
    expect(await cost({ model: 'thinks' })).to.equal('0.00311');
    expect(await cost({ model: 'hears' })).to.equal('0.00211');
    const heard = { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] };
    expect(await cost({ model: 'hears', ...heard })).to.equal('0.00255');
    expect(await cost({ model: 'tiers', service_tier: 'priority' })).to.equal('0.00222');
    expect(await cost({ model: 'tiers', service_tier: 'flex' }), 'served as ordinary').to.equal('0.00111');
    count = { ...COUNT, most: 501 };
    expect(await cost({ model: 'long' })).to.equal('0.004503');
  });

  it('prices the expectation at the rates that are asked for', async () => {
    const cost = async (request: object) =>
      (await look({ max_tokens: 100, ...request }).counted()).prediction?.cost_usd;
    const marked = { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }] };
    expect(await cost({ model: 'writes', ...marked })).to.equal('0.00095');
    expect(await cost({ model: 'writes' })).to.equal('0.00085');
    expect(await cost({ model: 'tiers', service_tier: 'flex' })).to.equal('0.000425');
    expect(await cost({ model: 'tiers', service_tier: 'turbo' })).to.equal(null);
  });

  it('counts all answers, and what a model gives where the request says nothing', async () => {
    expect((await boundOf({ model: 'plain', max_tokens: 100, n: 3 })).tokens).to.equal(410);
    expect((await boundOf({ model: 'limited' })).tokens).to.equal(310);
    expect((await boundOf({ model: 'plain' })).tokens).to.equal(110 + 32_768);
  });

  it('fills the context window with what cannot be seen', async () => {
    count = { ...COUNT, hasUnseen: true };
    expect(look({ model: 'limited' }).bound().tokens).to.equal(5200);
    expect((await boundOf({ model: 'limited' })).tokens).to.equal(5200);
    expect((await boundOf({ model: 'plain', max_tokens: 10 })).tokens).to.equal(7010);
    count = { ...COUNT, most: 9000, hasUnseen: true };
    expect((await boundOf({ model: 'limited' })).tokens).to.equal(9200);
  });

  it('bounds by the dearest of all places, and expects the first', async () => {
    const { bound, prediction } = await look({ model: 'either', max_tokens: 100 }, null).counted();
    expect([bound.cost_usd, prediction?.cost_usd]).to.eql(['0.111', '0.00085']);
    const half = await look({ model: 'half-known', max_tokens: 100 }, null).counted();
    expect([half.bound.cost_usd, half.prediction?.cost_usd]).to.eql([null, '0.00085']);
  });

  it('says nothing of what it cannot know, and zero of what is free', async () => {
    const cost = async (...asked: Parameters<typeof look>) => (await boundOf(...asked)).cost_usd;
    expect(await cost({ model: 'nobody-knows' })).to.equal(null);
    expect(await cost({ model: 'gone' })).to.equal(null);
    expect(await cost({ model: 'plain', tools: [{ type: 'web_search' }] })).to.equal(null);
    expect(await cost({ model: 'plain', web_search_options: {} })).to.equal(null);
    expect(
      await cost({ model: 'plain', tools: [{ type: 'function', function: { name: 'web_search' } }] }),
    ).to.not.equal(null);
    expect(await cost({ model: 'plain', modalities: ['text', 'audio'] })).to.equal(null);
    expect(await cost({ model: 'tts-1', input: 'x' }, 'openai', 'openai.speech')).to.equal(null);
    expect(await cost({ model: 'anything', tools: [{ type: 'web_search' }] }, 'local')).to.equal('0');
    expect(await cost({ model: 'gratis', service_tier: 'turbo' })).to.equal('0');
    const speech = await look({ model: 'tts-1', input: 'x' }, 'openai', 'openai.speech').counted();
    expect(speech.prediction).to.equal(null);
  });

  it('knows pictures by their tokens, and what writes nothing', async () => {
    const asked = { model: 'gpt-image-1', prompt: 'x', quality: 'low', size: '1024x1024', n: 2 };
    const picture = await look(asked, 'openai', 'openai.images').counted();
    expect(picture.prediction).to.include({ output_tokens: 544, output_tokens_p90: 544 });
    expect(picture.bound.tokens).to.equal(654);
    expect(Number(picture.bound.cost_usd)).to.be.greaterThan(0.02);
    const embedding = await look(EMBEDDING, 'openai', 'openai.embeddings').counted();
    expect(embedding.prediction).to.include({
      output_tokens: 0,
      output_tokens_p90: 0,
      cost_usd: '0.000002',
      confidence: 'high',
    });
  });

  it('tells how much is affordable, which then fits', async () => {
    const outlook = look({ model: 'plain', max_tokens: 5000, n: 2 });
    expect(await outlook.affordable({ usd: '0.00211' })).to.equal(100);
    expect(await outlook.affordable({ usd: '0.0021099' })).to.equal(99);
    expect(await outlook.affordable({ tokens: 310 })).to.equal(100);
    expect(await outlook.affordable({ usd: '0.00211', tokens: 210 })).to.equal(50);
    expect(await outlook.affordable({ usd: '9', tokens: 900_000 })).to.equal(5000);
    for (const usd of ['0', '-1', '0.00001']) expect(await outlook.affordable({ usd }), usd).to.equal(0);
    expect(await outlook.affordable({ tokens: 5 })).to.equal(0);
    expect(outlook.clamp(100, 'test')).to.equal(true);
    expect((await outlook.counted()).bound).to.eql({ tokens: 310, cost_usd: '0.00211' });
    expect(counts, 'the prompt is what it was').to.equal(1);
    expect(await look({ model: 'nobody-knows' }).affordable({ usd: '1' })).to.equal(null);
    expect(await look(EMBEDDING, 'openai', 'openai.embeddings').affordable({ usd: '1' })).to.equal(null);
  });

  it('goes by the places that are left', async () => {
    const exchange = exchangeOf({ model: 'either', max_tokens: 100 }, null);
    const outlook = outlookOf(exchange);
    const { bound } = await outlook.counted();
    const each = await outlook.countedEach();
    expect(each).to.have.length(2);
    expect(each[1]).to.eql({ tokens: 210, cost_usd: '0.111' });
    expect(bound.tokens).to.equal(Math.max(...each.map(({ tokens }) => tokens)));
    exchange.avoid('mine');
    expect(await outlook.counted()).to.deep.include({ bound: { tokens: 210, cost_usd: '0.111' } });
    expect(outlook.tell()?.cost_usd).to.equal('0.085');
    expect(counts, 'another model reads it otherwise').to.equal(2);
  });

  it('counts again what was changed', async () => {
    const exchange = exchangeOf({ model: 'plain', max_tokens: 100, messages: [{ role: 'user', content: 'x' }] });
    const outlook = outlookOf(exchange);
    await outlook.counted();
    exchange.request.set(['stream'], true, 'test');
    await outlook.counted();
    expect(counts).to.equal(1);
    count = { ...COUNT, tokens: 200 };
    exchange.request.set(['messages'], [{ role: 'user', content: 'and more' }], 'test');
    expect(outlook.isReady).to.equal(false);
    expect((await outlook.counted()).prediction?.input_tokens).to.equal(200);
    expect(counts).to.equal(2);
  });

  it('tells by length what is not counted in time, and that stands', async () => {
    let done = () => {};
    counted = new Promise((resolve) => {
      done = resolve;
    });
    const exchange = exchangeOf({ model: 'plain', max_tokens: 100 });
    const outlook = outlookOf(exchange);
    const late = outlook.counted();
    expect(outlook.tell()).to.include({ input_tokens: 90, source: 'estimated', confidence: 'low' });
    done();
    expect((await late).prediction?.input_tokens).to.equal(100);
    expect(exchange.state.prediction?.input_tokens).to.equal(90);
  });
});
