import { expect } from 'chai';

import { type Cost, type CostQuestion, costOf } from '../../src/metering/cost.ts';
import { add, formatDecimal, parseDecimal, ZERO } from '../../src/metering/decimal.ts';
import type { PriceEntry } from '../../src/metering/price-entry.ts';
import { PriceBook } from '../../src/metering/prices.ts';
import type { Usage } from '../../src/metering/usage.ts';
import samples from '../wire-samples/prices.json' with { type: 'json' };

const book = new PriceBook(
  [
    {
      name: 'samples',
      version: samples.version,
      operator: true,
      entries: samples.models as Record<string, PriceEntry>,
    },
  ],
  { moonshot: 'moonshotai', xai: 'x-ai' },
);

function cost(usage: Usage | null, question: Partial<CostQuestion>, prices = book): Cost {
  const none = { parts: null, serviceTier: null, speed: null, geo: null, reportedCostUsd: null, responseModel: null };
  const at = new Date('2026-11-20T12:00:00Z');
  return costOf({ provider: 'openai', free: false, requestModel: null, ...none, at, usage, ...question }, prices);
}

/** Input, output, cache read, cache write; then what else the usage says. */
function tokens(input: number, output: number, read = 0, write = 0, more: Usage = {}): Usage {
  const cache = { 'cache_read.input_tokens': read, 'cache_creation.input_tokens': write };
  return { input_tokens: input, output_tokens: output, ...cache, ...more };
}

const custom = (entry: PriceEntry) => new PriceBook([{ name: 'x', version: '1', entries: { 'openai/m': entry } }]);
const priced = (usage: Usage, entry: PriceEntry, question: Partial<CostQuestion> = {}) =>
  cost(usage, { responseModel: 'm', ...question }, custom(entry)).cost_usd;

/** Every cost of the wire samples: provider, response model, usage, cost. */
const WIRE: readonly (readonly [string, string, Usage, string])[] = [
  ['anthropic', 'claude-sonnet-4-5-20250929', tokens(200_001, 1024, 50_000), '0.953046'],
  [
    'anthropic',
    'claude-sonnet-4-6',
    tokens(189_907, 393, 188_086, 1800, {
      'cache_creation.5m.input_tokens': 456,
      'cache_creation.1h.input_tokens': 1344,
    }),
    '0.0721578',
  ],
  ['anthropic', 'claude-sonnet-4-5-20250929', { input_tokens: 25, output_tokens: 15 }, '0.0003'],
  ['anthropic', 'claude-sonnet-4-6', tokens(4427, 47, 4400), '0.002106'],
  ['anthropic', 'claude-sonnet-4-6', tokens(1536, 2, 1024), '0.0018732'],
  ['azure', 'gpt-4o-mini-2024-07-18', tokens(28, 9), '0.0000096'],
  [
    'bedrock',
    'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    tokens(7025, 160, 5000, 2000, {
      'cache_creation.5m.input_tokens': 500,
      'cache_creation.1h.input_tokens': 1500,
    }),
    '0.016335',
  ],
  ['deepseek', 'deepseek-v4-pro', tokens(5000, 900, 4864, 0, { 'reasoning.output_tokens': 700 }), '0.001978768'],
  ['google', 'gemini-3-pro-preview', tokens(5000, 740, 4096, 0, { 'reasoning.output_tokens': 700 }), '0.0115072'],
  ['google', 'gemini-2.5-flash', tokens(11, 75), '0.0001908'],
  ['google', 'gemini-3-pro-preview', tokens(9, 208), '0.002514'],
  ['groq', 'llama-3.3-70b-versatile', { input_tokens: 45, output_tokens: 62 }, '0.00007553'],
  ['moonshot', 'kimi-k3', tokens(1900, 120, 1536), '0.0033528'],
  ['openai', 'gpt-4o-mini-2024-07-18', tokens(13, 5), '0.00000495'],
  ['openai', 'o4-mini-2025-04-16', tokens(4210, 980, 3968, 0, { 'reasoning.output_tokens': 832 }), '0.0056694'],
  ['openai', 'gpt-4.1-nano-2025-04-14', tokens(16, 200), '0.0000816'],
  ['openai', 'gpt-4.1-nano-2025-04-14', tokens(18, 5), '0.0000038'],
  ['openai', 'gpt-4.1-nano-2025-04-14', tokens(55, 20), '0.0000135'],
  ['openai', 'gpt-4.1-nano-2025-04-14', tokens(16, 5), '0.0000036'],
  ['openai', 'gpt-4.1-nano-2025-04-14', tokens(40, 12), '0.0000088'],
  ['openai', 'text-embedding-3-small', { input_tokens: 8191, output_tokens: 0 }, '0.00016382'],
  ['openai', 'gpt-image-1', { input_tokens: 350, output_tokens: 1056, 'image.input_tokens': 300 }, '0.04549'],
  ['openai', 'whisper-1', { 'audio.seconds': 27 }, '0.0027'],
  ['openai', 'gpt-5.2-2025-12-11', tokens(5200, 760, 4096), '0.0132888'],
  ['openai', 'gpt-5.2-2025-12-11', tokens(120, 14), '0.000406'],
];

describe('the cost of an answer', () => {
  for (const [provider, responseModel, usage, expected] of WIRE)
    it(`is exact for ${provider} ${responseModel}: ${expected}`, () => {
      const found = cost(usage, { provider, responseModel });
      expect(found.cost_usd).to.equal(expected);
      expect(found.cost_source).to.equal('price_table');
      expect(found.price?.version).to.equal('wire-samples-1');
    });

  it('is exact where doubles are not', () => {
    const { cost_usd } = cost(tokens(3, 7), { responseModel: 'gpt-4o-mini' });
    expect(cost_usd).to.equal('0.00000465');
    let sum = ZERO;
    for (let rows = 0; rows < 100_000; rows++) sum = add(sum, parseDecimal(cost_usd as string));
    expect(formatDecimal(sum)).to.equal('0.465');
  });

  it('counts cache reads and writes at their own rates', () => {
    // 10 uncached, 100 read, 50 written, 20 put out: claude-sonnet-4.
    const sonnet = { provider: 'anthropic', responseModel: 'claude-sonnet-4-20250514' };
    expect(cost(tokens(160, 20, 100, 50), sonnet).cost_usd).to.equal('0.0005475');
    expect(cost(tokens(1000, 5, 900), { responseModel: 'gpt-4o' }).cost_usd).to.equal('0.001425');
    const hour = { 'cache_creation.1h.input_tokens': 50 };
    expect(cost(tokens(160, 20, 100, 50, hour), sonnet).cost_usd).to.equal('0.00066');
  });

  it('moves every token of the request to the tier of the whole prompt', () => {
    const sonnet = { provider: 'anthropic', responseModel: 'claude-sonnet-4-5' };
    expect(cost(tokens(200_000, 0, 150_000), sonnet).cost_usd).to.equal('0.195');
    expect(cost(tokens(200_001, 0, 150_000), sonnet).cost_usd).to.equal('0.390006');
    const grok = { provider: 'xai', responseModel: 'grok-4.5' };
    expect(cost(tokens(199_999, 0), grok).cost_usd).to.equal('0.399998');
    expect(cost(tokens(200_000, 0), grok).cost_usd).to.equal('0.8');
  });

  it('takes the tier of one prompt where the usage is the sum of many', () => {
    const batch = { provider: 'anthropic', responseModel: 'claude-sonnet-4-5', promptTokens: 2000 };
    expect(cost(tokens(2_000_000, 0), batch).cost_usd).to.equal('6');
    expect(cost(tokens(2_000_000, 0), { ...batch, promptTokens: 200_001 }).cost_usd).to.equal('12');
  });

  it('is priced by the service tier, the speed and the region of the answer', () => {
    const sol = { responseModel: 'gpt-5.6-sol' };
    const flex = cost(tokens(3000, 500, 1024), { ...sol, serviceTier: 'flex' });
    expect(flex.cost_usd).to.equal('0.0091568');
    expect(flex.price?.rates).to.deep.equal({
      input: '2',
      cache_read: '0.2',
      cache_write: '2.5',
      output: '10',
      web_search_per_1k: '10',
    });
    expect(cost(tokens(1000, 0), { ...sol, serviceTier: 'fast' }).cost_usd).to.equal('0.008');
    for (const serviceTier of [null, 'default', 'standard', 'auto'])
      expect(cost(tokens(1000, 0), { ...sol, serviceTier }).cost_usd, String(serviceTier)).to.equal('0.004');
    const opus = { provider: 'anthropic', responseModel: 'claude-opus-4-8', speed: 'fast' };
    expect(cost(tokens(1000, 100), opus).cost_usd).to.equal('0.015');
    const us = cost(tokens(1000, 100), { provider: 'anthropic', responseModel: 'claude-sonnet-4-6', geo: 'us' });
    expect(us.cost_usd).to.equal('0.00495');
    expect(us.price?.rates).to.include({ input: '3.3', cache_read: '0.33', web_search_per_1k: '10' });
  });

  it('is unknown for a service tier or speed without a price, and where two conditions contradict each other', () => {
    expect(cost(tokens(10, 10), { responseModel: 'gpt-4o', serviceTier: 'priority' }).cost_usd).to.equal(null);
    expect(cost(tokens(10, 10), { responseModel: 'gpt-4o', speed: 'fast' }).cost_usd).to.equal(null);
    // Over 272,000 tokens the entry says 8, its flex tier says 2: nobody said what both cost.
    expect(cost(tokens(300_000, 1), { responseModel: 'gpt-5.6-sol', serviceTier: 'flex' }).cost_usd).to.equal(null);
  });

  it('multiplies all token rates of a tier that is given as a factor', () => {
    const entry = {
      input: 4,
      output: 20,
      tiers: [{ input_over: 100, input: 8 }],
      service_tiers: { flex: { multiplier: '0.5' } },
    };
    expect(priced(tokens(200, 10), entry, { serviceTier: 'flex' })).to.equal('0.0009');
  });

  it('depends on the hour and the weekday where the vendor has peak hours', () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
    const entry = { input: '0.66', output: '1.98', hours: [{ from: '01:00', to: '04:00', days, multiplier: 2 }] };
    const when = (at: string) => priced(tokens(1_000_000, 0), entry, { at: new Date(at) });
    expect(when('2026-11-20T02:00:00Z')).to.equal('1.32');
    expect(when('2026-11-21T02:00:00Z'), 'Saturday').to.equal('0.66');
    expect(when('2026-11-20T00:59:59Z')).to.equal('0.66');
    expect(when('2026-11-20T04:00:00Z')).to.equal('0.66');
  });

  it('lets a window past midnight belong to the day it began on', () => {
    const entry = { input: 1, output: 1, hours: [{ from: '22:00', to: '02:00', days: ['fri'] as const, input: 3 }] };
    const when = (at: string) => priced(tokens(1_000_000, 0), entry, { at: new Date(at) });
    expect(when('2026-11-20T23:00:00Z'), 'Friday').to.equal('3');
    expect(when('2026-11-21T01:00:00Z'), 'the night of Friday').to.equal('3');
    expect(when('2026-11-20T01:00:00Z'), 'the night of Thursday').to.equal('1');
  });

  it('is unknown for an unknown model, and for one that only begins like a known one', () => {
    const unknown = cost(tokens(77, 33), {
      responseModel: 'gpt-99-preview-2031-01-01',
      requestModel: 'gpt-99-preview',
    });
    expect(unknown).to.deep.equal({
      cost_usd: null,
      cost_source: null,
      table_cost_usd: null,
      priced_as: null,
      price: null,
      by_model: null,
      unpriced: { reason: 'no_price', missing: null },
    });
    expect(cost(tokens(1, 1), { provider: 'anthropic', responseModel: 'claude-sonnet-5-9' }).cost_usd).to.equal(null);
  });

  it('is unknown, not zero, where a part of the usage has no rate', () => {
    expect(priced(tokens(100, 1, 50), { input: 1, output: 1 })).to.equal(null);
    expect(priced(tokens(100, 1, 0, 50), { input: 1, output: 1 })).to.equal(null);
    expect(
      priced(tokens(100, 1, 0, 50, { 'cache_creation.1h.input_tokens': 50 }), { input: 1, output: 1, cache_write: 1 }),
    ).to.equal(null);
    expect(priced(tokens(100, 1, 0, 0, { 'audio.input_tokens': 9 }), { input: 1, output: 1 })).to.equal(null);
    expect(priced(tokens(100, 9, 0, 0, { 'audio.output_tokens': 9 }), { input: 1, output: 1 })).to.equal(null);
    expect(priced(tokens(100, 9, 0, 0, { 'web_search.requests': 1 }), { input: 1, output: 1 })).to.equal(null);
    expect(priced(tokens(100, 1), { input: 1 })).to.equal(null);
    expect(priced(tokens(100, 1, 50), { input: 1, output: 1, same_as: { cache_read: 'input' } })).to.equal('0.000101');
  });

  it('is unknown where a total was not reported', () => {
    expect(priced({ output_tokens: 5 }, { input: 1, output: 1 })).to.equal(null);
    expect(priced({ input_tokens: 5 }, { input: 1, output: 1 })).to.equal(null);
    expect(priced({ input_tokens: 5 }, { input: 1 })).to.equal('0.000005');
  });

  it('is unknown, never negative, where the numbers contradict each other', () => {
    const entry = { input: 1, output: 1, cache_read: 1, cache_write: 1, cache_write_1h: 1, output_audio: 1 };
    expect(priced(tokens(10, 1, 11), entry)).to.equal(null);
    expect(priced(tokens(10, 1, 6, 5), entry)).to.equal(null);
    expect(priced(tokens(10, 1, 0, 5, { 'cache_creation.1h.input_tokens': 6 }), entry)).to.equal(null);
    expect(priced(tokens(10, 1, 0, 0, { 'audio.output_tokens': 2 }), entry)).to.equal(null);
    expect(priced(tokens(-1, 1), entry)).to.equal(null);
    expect(priced(tokens(0.5, 1), entry)).to.equal(null);
  });

  it('separates audio, cached audio and images from text', () => {
    const flash = { provider: 'google', responseModel: 'gemini-2.5-flash' };
    const heard = { 'audio.input_tokens': 400, 'cache_read.audio.input_tokens': 100 };
    // 600 - 200 text uncached, 200 text cached, 300 audio, 100 audio cached.
    expect(cost(tokens(1000, 0, 300, 0, heard), flash).cost_usd).to.equal('0.000436');
    const audio = { 'audio.input_tokens': 8, 'audio.output_tokens': 60 };
    expect(cost(tokens(10, 100, 0, 0, audio), { responseModel: 'gpt-audio' }).cost_usd).to.equal('0.004501');
    expect(
      priced(tokens(300, 0, 280, 0, { 'image.input_tokens': 258 }), { input: 1, output: 1, cache_read: '0.1' }),
    ).to.equal('0.000048');
  });

  it('adds searches, and fetches cost nothing but their tokens', () => {
    const more = { 'web_search.requests': 3, 'web_fetch.requests': 2 };
    const found = cost(tokens(1000, 0, 0, 0, more), { provider: 'anthropic', responseModel: 'claude-sonnet-4-6' });
    expect(found.cost_usd).to.equal('0.033');
  });

  it('is zero for a final usage of zero tokens', () => {
    expect(cost(tokens(0, 0), { responseModel: 'gpt-4o' })).to.include({ cost_usd: '0', cost_source: 'price_table' });
  });

  it('is unknown without usage, though the model that answered is known', () => {
    const silent = cost(null, { requestModel: 'gpt-4o', responseModel: 'gpt-4o-2024-08-06' });
    expect(silent).to.include({ cost_usd: null, cost_source: null, priced_as: 'openai/gpt-4o', price: null });
    expect(cost({}, { responseModel: 'gpt-4o' }).cost_usd).to.equal(null);
    expect(cost(null, { requestModel: 'gpt-4o' }).priced_as).to.equal(null);
  });

  it('is zero for a free model that answered, also where nothing was said about usage', () => {
    const free = { cost_usd: '0', cost_source: 'free', priced_as: 'local/free', unpriced: null };
    expect(cost(null, { provider: 'openai', responseModel: 'llama3.2' })).to.deep.include(free);
    expect(cost(null, { provider: 'openai', requestModel: 'llama3.2' })).to.include({ cost_usd: null });
  });

  it('is zero at a free provider, also for a model named like a paid one', () => {
    const free = { cost_usd: '0', cost_source: 'free', price: null };
    expect(cost(tokens(1000, 1000), { provider: 'local', free: true, responseModel: 'gpt-4o' })).to.include(free);
    const entry = cost(tokens(26, 282), { provider: 'ollama', responseModel: 'llama3.2' });
    expect(entry).to.include({ cost_usd: '0', cost_source: 'free', priced_as: 'local/free' });
    const both = cost(tokens(26, 282), { provider: 'ollama', free: true, responseModel: 'llama3.2' });
    expect(both).to.deep.include({ cost_usd: '0', cost_source: 'free', priced_as: 'local/free' });
    expect(both.price).to.deep.equal({ key: 'local/free', version: samples.version, rates: { free: true } });
  });

  it('is what the provider says, with the table beside it', () => {
    const grok = cost(tokens(14, 303, 12), {
      provider: 'xai',
      responseModel: 'grok-3-mini',
      reportedCostUsd: '0.0001530',
    });
    expect(grok).to.include({ cost_usd: '0.000153', cost_source: 'provider', table_cost_usd: '0.000153' });
    const router = {
      provider: 'openrouter',
      responseModel: 'anthropic/claude-sonnet-4.6',
      reportedCostUsd: '0.00365256',
    };
    expect(cost(tokens(10_339, 60, 10_318), router)).to.include({
      cost_usd: '0.00365256',
      cost_source: 'provider',
      table_cost_usd: null,
      priced_as: null,
    });
    for (const reportedCostUsd of ['-1', 'much', ''])
      expect(cost(tokens(3, 7), { responseModel: 'gpt-4o-mini', reportedCostUsd })).to.include({
        cost_source: 'price_table',
      });
  });

  it('is the sum of its parts, each at the price and tier of its own model', () => {
    const parts = [
      { model: 'claude-sonnet-4-5', usage: tokens(150_000, 1000) },
      { model: 'claude-sonnet-4-5', usage: tokens(100_000, 0) },
      { model: 'claude-opus-4-8', usage: tokens(1000, 100) },
    ];
    const usage = tokens(251_000, 1100, 0, 0, { 'web_search.requests': 1 });
    const found = cost(usage, { provider: 'anthropic', responseModel: 'claude-sonnet-4-5', parts });
    expect(found.by_model?.map((part) => [part.cost_usd, part.price_key])).to.deep.equal([
      ['0.465', 'anthropic/claude-sonnet-4-5'],
      ['0.3', 'anthropic/claude-sonnet-4-5'],
      ['0.0075', 'anthropic/claude-opus-4-8'],
    ]);
    expect(found).to.include({ cost_usd: '0.7825', priced_as: 'anthropic/claude-sonnet-4-5' });
    const unknown = [...parts, { model: 'claude-next', usage: tokens(1, 1) }];
    const half = cost(usage, { provider: 'anthropic', responseModel: 'claude-sonnet-4-5', parts: unknown });
    expect([half.cost_usd, half.by_model?.[3]?.cost_usd]).to.deep.equal([null, null]);
  });
});
