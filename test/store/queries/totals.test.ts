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
    expect(totals.latency_ms).to.deep.equal({ average: 51.5, p50: 51, p95: 97 });
    expect(totals.time_to_first_token_ms).to.deep.equal({ average: 204.5, p50: 204.5, p95: 204.5 });
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
