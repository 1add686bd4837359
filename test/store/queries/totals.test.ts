import { expect } from 'chai';
import { onBothDialects } from '../places.ts';
import { DAY, failing, NOON, recordOf } from '../records.ts';

onBothDialects('totals', (place) => {
  it('counts, adds and spreads', async () => {
    const latencies = Array.from({ length: 100 }, (_, count) =>
      recordOf({ duration_ms: count + 1, time_to_first_token_ms: null }),
    );
    const store = await place().filled(
      ...latencies,
      recordOf(failing({ outcome: 'upstream_error', status: 500, duration_ms: 101 })),
      recordOf(failing({ outcome: 'refused', status: 429, duration_ms: 0 })),
      recordOf({
        cost_usd: null,
        cost_source: null,
        usage_status: 'missing',
        usage_source: 'none',
        usage: null,
        outcome: 'client_aborted',
        duration_ms: 102,
      }),
      recordOf({}, NOON - 1),
      recordOf({}, DAY.to.getTime()),
    );
    const totals = await store.queries.totals(DAY);
    expect(totals).to.deep.include({
      requests: 103,
      errors: 1,
      refused: 1,
      aborted: 1,
      cached: 0,
      input_tokens: 100_000,
      output_tokens: 500,
      total_tokens: 100_500,
      cache_read_tokens: 90_000,
      cache_write_tokens: 0,
      cost_usd: '0.1425',
      unpriced: 1,
      cache_share: 0.9,
      usage_sources: { provider: 100, counted: 0, estimated: 0, none: 3 },
    });
    const { latency_ms: _, time_to_first_token_ms: __, ...sums } = totals;
    expect(await store.queries.sums(DAY)).to.deep.equal(sums);
    expect((await store.queries.sums({})).requests).to.equal(105);
    expect(totals.latency_ms).to.deep.equal({ average: 51.5, p50: 51, p95: 97 });
    expect(totals.time_to_first_token_ms).to.deep.equal({ average: 204.5, p50: 204.5, p95: 204.5 });
  });

  it('tells what the costs rest on, to the last digit, and what is in none of them', async () => {
    const [usage, used] = [{ input_tokens: 10, output_tokens: 1 }, 11];
    const estimate = { input_tokens: 10, output_tokens: 1, cost_usd: '0.12', confidence: 'low' } as const;
    const unknown = { usage, cost_usd: null, cost_source: null };
    const store = await place().filled(
      recordOf({ usage, cost_usd: '10', cost_source: 'provider' }),
      recordOf({ usage, cost_usd: '2.339999999999' }),
      recordOf({ usage, cost_usd: '0.000000000001' }),
      recordOf({ usage, cost_usd: '0.5', usage_source: 'counted', usage_status: 'estimated' }),
      recordOf({ usage, cost_usd: '0.25', usage_source: 'estimated', usage_status: 'estimated' }),
      recordOf({ usage, cost_usd: '0', cost_source: 'free' }),
      recordOf({ ...unknown, estimate }),
      recordOf({ ...unknown, estimate: { ...estimate, cost_usd: null } }),
      recordOf({ ...unknown, usage: null, usage_status: 'missing' }),
      recordOf(failing({ outcome: 'refused', status: 429 })),
    );
    const { cost_sources, cost_usd, unpriced } = await store.queries.totals(DAY);
    expect([cost_usd, unpriced]).to.deep.equal(['13.09', 3]);
    expect(cost_sources).to.deep.equal({
      provider: { requests: 1, tokens: used, cost_usd: '10' },
      price_table: { requests: 2, tokens: 2 * used, cost_usd: '2.34' },
      estimated: { requests: 2, tokens: 2 * used, cost_usd: '0.75' },
      free: { requests: 1, tokens: used, cost_usd: '0' },
      unknown: {
        requests: 3,
        tokens: 2 * used,
        cost_usd: null,
        estimated_requests: 1,
        estimated_cost_usd: '0.12',
      },
    });
    for (const [kind, { requests }] of Object.entries(cost_sources)) {
      const { entries } = await store.queries.list({ filters: { cost_source: kind } });
      expect(entries, kind).to.have.lengthOf(requests);
    }
  });

  it('says nothing where nothing is known', async () => {
    const store = await place().filled();
    const nothing = { average: null, p50: null, p95: null };
    const empty = await store.queries.totals(DAY);
    expect(empty).to.deep.include({
      requests: 0,
      cost_usd: '0',
      unpriced: 0,
      cache_share: null,
      latency_ms: nothing,
    });
    store.append(recordOf({ cost_usd: null }));
    await store.flush();
    expect(await store.queries.totals(DAY)).to.deep.include({ cost_usd: null, unpriced: 1 });
  });
});
