import { expect } from 'chai';
import { onBothDialects } from '../places.ts';
import { failing, recordOf } from '../records.ts';

onBothDialects("the predecessor's report", (place) => {
  const at = (time: string): number => Date.parse(`2026-05-${time}Z`);
  const gpt = {
    agent: 'Open WebUI',
    model: { request: 'gpt-4o', response: 'gpt-4o-2024-08-06', priced_as: 'openai/gpt-4o' },
    usage: { input_tokens: 1000, output_tokens: 250, 'cache_read.input_tokens': 100 },
    cost_usd: '0.0125',
  };
  const local = {
    agent: 'llama-server',
    provider: 'local',
    model: { request: 'qwen3.5-9b', response: 'qwen3.5-9b', priced_as: null },
    usage: { input_tokens: 600, output_tokens: 300 },
    cost_usd: '0',
    cost_source: 'free',
  } as const;
  const lost = {
    agent: null,
    provider: 'acme',
    model: { request: null, response: null, priced_as: null },
    usage: { input_tokens: 5, output_tokens: 5 },
    cost_usd: null,
    cost_source: null,
  };

  it('sums whole UTC days up, from the first millisecond to the last, and fills the empty ones', async () => {
    const store = await place().filled(
      recordOf({ ...gpt, cost_usd: '99' }, at('01T00:00:00') - 1),
      recordOf(gpt, at('01T00:00:00')),
      recordOf(local, at('03T23:59:59.999')),
      recordOf({ ...gpt, cost_usd: '99' }, at('04T00:00:00')),
      recordOf({ ...gpt, ...failing({ outcome: 'upstream_error', status: 500 }) }, at('02T10:00:00')),
    );
    const report = await store.queries.report({ start: '2026-05-01', end: '2026-05-03' });
    expect(report.period).to.deep.equal({ start: '2026-05-01', end: '2026-05-03' });
    expect(report.summary).to.deep.equal({
      spend_usd: 0.0125,
      requests: 2,
      input_tokens: 1600,
      output_tokens: 550,
      cache_read_tokens: 100,
      cache_write_tokens: 0,
      total_tokens: 2250,
      tracked_providers: 2,
      billing_providers: 1,
      local_providers: 1,
      untracked_providers: 0,
      paid_cost_usd: 0.0125,
      local_cost_usd: 0,
    });
    expect(report.daily.map(({ date, requests, spend_usd }) => [date, requests, spend_usd])).to.deep.equal([
      ['2026-05-01', 1, 0.0125],
      ['2026-05-02', 0, 0],
      ['2026-05-03', 1, 0],
    ]);
    expect(report.daily[1]).to.deep.equal({
      date: '2026-05-02',
      spend_usd: 0,
      requests: 0,
      input_tokens: 0,
      output_tokens: 0,
      cache_read_tokens: 0,
      cache_write_tokens: 0,
    });
    expect(report.models[1]).to.deep.equal({
      model: 'qwen3.5-9b',
      provider: 'local',
      service: 'llama-server',
      cost_source: 'local_zero_cost',
      requests: 1,
      input_tokens: 600,
      output_tokens: 300,
      cache_read_tokens: 0,
      cache_write_tokens: 0,
      cost_usd: 0,
    });
  });

  it('tells apart what a cost rests on, and puts the dearest first', async () => {
    const now = at('10T12:00:00');
    const store = await place().filled(
      recordOf({ ...gpt, cost_usd: '0.1' }, now),
      recordOf({ ...gpt, cost_usd: '0.2' }, now),
      recordOf({ ...gpt, cost_usd: '2', cost_source: 'provider', provider: 'openrouter' }, now),
      recordOf({ ...gpt, cost_usd: '0.05', usage_source: 'counted', usage_status: 'estimated' }, now),
      recordOf(local, now),
      recordOf(lost, now),
    );
    const { models, services, sources, summary } = await store.queries.report({
      start: '2026-05-10',
      end: '2026-05-10',
    });
    expect(sources.map(({ source, requests, cost_usd }) => [source, requests, cost_usd])).to.deep.equal([
      ['actual_billed', 1, 2],
      ['estimated', 1, 0.05],
      ['local_zero_cost', 1, 0],
      ['priced_from_tokens', 2, 0.3],
      ['untracked', 1, 0],
    ]);
    expect(services.map(({ service, cost_usd }) => [service, cost_usd])).to.deep.equal([
      ['Open WebUI', 2.35],
      ['llama-server', 0],
      ['unknown', 0],
    ]);
    expect(models.map(({ model, provider, requests }) => [model, provider, requests])).to.deep.equal([
      ['gpt-4o', 'openrouter', 1],
      ['gpt-4o', 'openai', 2],
      ['gpt-4o', 'openai', 1],
      ['qwen3.5-9b', 'local', 1],
      ['unknown', 'acme', 1],
    ]);
    expect(summary).to.include({
      spend_usd: 2.35,
      paid_cost_usd: 2.35,
      local_cost_usd: 0,
      tracked_providers: 4,
      billing_providers: 2,
      local_providers: 1,
      untracked_providers: 1,
    });
  });

  it('is zeros where nothing was', async () => {
    const store = await place().filled();
    const report = await store.queries.report({ start: '2026-02-27', end: '2026-03-01' });
    expect(report.daily.map(({ date }) => date)).to.deep.equal(['2026-02-27', '2026-02-28', '2026-03-01']);
    expect(report.summary).to.include({ spend_usd: 0, requests: 0, tracked_providers: 0 });
    expect([report.models, report.services, report.sources]).to.deep.equal([[], [], []]);
  });
});
