import { expect } from 'chai';

import { type CostQuestion, costOf } from '../../src/metering/cost.ts';
import type { PriceEntry } from '../../src/metering/price-entry.ts';
import { PriceBook } from '../../src/metering/prices.ts';
import type { Usage } from '../../src/metering/usage.ts';

/** Why a model of this price has no cost; null when it has one. */
function why(usage: Usage | null, entry: PriceEntry, question: Partial<CostQuestion> = {}) {
  const book = new PriceBook([{ name: 'x', version: '1', entries: { 'openai/m': entry } }]);
  const none = { parts: null, serviceTier: null, speed: null, geo: null, reportedCostUsd: null };
  const at = new Date('2026-11-20T12:00:00Z');
  const { unpriced } = costOf(
    { provider: 'openai', free: false, requestModel: null, responseModel: 'm', ...none, at, usage, ...question },
    book,
  );
  return unpriced;
}

const PLAIN: PriceEntry = { input: 1, output: 2 };
const used = (more: Usage = {}): Usage => ({ input_tokens: 100, output_tokens: 10, ...more });
const noRate = (missing: string) => ({ reason: 'no_rate', missing });

describe('why a cost is unknown', () => {
  it('is nothing where it is known, reported, or free', () => {
    expect(why(used(), PLAIN)).to.equal(null);
    expect(why(used(), { free: true })).to.equal(null);
    expect(why(used(), PLAIN, { free: true, responseModel: 'unheard-of' })).to.equal(null);
    expect(why(used(), PLAIN, { reportedCostUsd: '0.1', responseModel: 'unheard-of' })).to.equal(null);
  });

  it('is that no list knows the model, usage or not', () => {
    for (const usage of [used(), null])
      expect(why(usage, PLAIN, { responseModel: 'unheard-of' })).to.eql({ reason: 'no_price', missing: null });
  });

  it('is that nothing was said about the usage, or not all of it', () => {
    for (const usage of [null, {}]) expect(why(usage, PLAIN)).to.eql({ reason: 'no_usage', missing: null });
    expect(why({ output_tokens: 1 }, PLAIN)).to.eql({ reason: 'no_usage', missing: 'input_tokens' });
    expect(why({ input_tokens: 1 }, PLAIN)).to.eql({ reason: 'no_usage', missing: 'output_tokens' });
  });

  it('names the rates that are missing, and no other', () => {
    const cases: [Usage, string][] = [
      [{ 'cache_read.input_tokens': 50 }, 'cache_read'],
      [{ 'cache_creation.input_tokens': 50 }, 'cache_write'],
      [{ 'cache_creation.input_tokens': 50, 'cache_creation.1h.input_tokens': 50 }, 'cache_write_1h'],
      [{ 'audio.input_tokens': 5 }, 'input_audio'],
      [{ 'audio.input_tokens': 5, 'audio.output_tokens': 5 }, 'input_audio, output_audio'],
      [{ 'image.output_tokens': 5 }, 'output_image'],
      [{ 'web_search.requests': 1 }, 'web_search_per_1k'],
      [{ 'cache_read.input_tokens': 50, 'file_search.requests': 1 }, 'cache_read, file_search_per_1k'],
      [
        { 'image.input_tokens': 5, 'reasoning.output_tokens': 5, 'code_execution.requests': 1 },
        'code_execution_per_1k',
      ],
    ];
    for (const [more, missing] of cases) expect(why(used(more), PLAIN), missing).to.eql(noRate(missing));
    expect(why(used(), { input: 1 })).to.eql(noRate('output'));
    expect(why({ 'audio.seconds': 27 }, { request_per_1k: 1 })?.missing).to.match(/^audio_per_/);
  });

  it('names the service tier, the speed and the region that have no rate', () => {
    expect(why(used(), PLAIN, { serviceTier: 'priority' })).to.eql(noRate('service_tiers.priority'));
    expect(why(used(), PLAIN, { speed: 'fast' })).to.eql(noRate('speeds.fast'));
    expect(why(used(), PLAIN, { serviceTier: 'flex', speed: 'fast' })).to.eql(
      noRate('service_tiers.flex, speeds.fast'),
    );
    const here = { ...PLAIN, geo_multiplier: { us: '1.1' } };
    expect(why(used(), here, { geo: 'us' })).to.equal(null);
    const flex = { ...PLAIN, service_tiers: { flex: { multiplier: '0.5' } } };
    expect(why(used(), flex, { serviceTier: 'flex', speed: 'fast' })).to.eql(noRate('speeds.fast'));
    expect(why(used(), { ...PLAIN, service_tiers: { priority: { input: 3 } } }, { serviceTier: 'fast' })).to.equal(
      null,
    );
  });

  it('names two conditions that contradict each other', () => {
    const tiers = [{ input_over: 50, input: 3 }];
    const flex = { service_tiers: { flex: { input: 4 } } };
    expect(why(used(), { ...PLAIN, tiers, ...flex }, { serviceTier: 'flex' })).to.eql(
      noRate('service_tiers.flex with tiers'),
    );
    const both = { ...PLAIN, ...flex, speeds: { fast: { input: 5 } } };
    expect(why(used(), both, { serviceTier: 'flex', speed: 'fast' })).to.eql(
      noRate('service_tiers.flex with speeds.fast'),
    );
    const hours = [{ from: '00:00', to: '23:59', input: 9 }];
    expect(why(used(), { ...PLAIN, tiers, hours })).to.eql(noRate('tiers with hours'));
  });

  it('is that the numbers contradict each other', () => {
    const cached = { ...PLAIN, cache_read: 1 };
    expect(why(used({ 'cache_read.input_tokens': 101 }), cached)).to.eql({ reason: 'odd_usage', missing: null });
    expect(why(used({ input_tokens: 0.5 }), PLAIN)).to.eql({ reason: 'odd_usage', missing: null });
  });

  it('is the first part that cannot be priced, where several models worked on one answer', () => {
    const part = (model: string, usage: Usage) => ({ model, usage });
    const parts = [part('m', used()), part('claude-next', used()), part('m', used({ 'audio.input_tokens': 1 }))];
    expect(why(used(), PLAIN, { parts })).to.eql({ reason: 'no_price', missing: 'claude-next' });
    expect(why(used(), PLAIN, { parts: [parts[0]!, parts[2]!] })).to.eql(noRate('input_audio'));
    const searched = used({ 'web_search.requests': 2 });
    expect(why(searched, PLAIN, { parts: [parts[0]!] })).to.eql(noRate('web_search_per_1k'));
    expect(why(used(), PLAIN, { parts: [parts[0]!] })).to.equal(null);
  });
});
