import { expect } from 'chai';
import { onBothDialects } from '../places.ts';
import { DAY, failing, HOUR, NOON, recordOf } from '../records.ts';

onBothDialects('a series', (place) => {
  it('fills with zeros, ends at the total, and puts the small ones together', async () => {
    const records = Array.from({ length: 12 }, (_, agent) =>
      Array.from({ length: agent + 1 }, (_, turn) =>
        recordOf({ agent: `a${agent}`, cost_usd: '0.000000000003' }, NOON + turn * HOUR + 1),
      ),
    ).flat();
    const store = await place().filled(...records, recordOf({ agent: null, cost_usd: '5' }, NOON + 23 * HOUR));
    const series = await store.queries.series({ ...DAY, bucketMs: HOUR, groupBy: 'agent', measure: 'cost', top: 3 });
    expect(series.buckets).to.have.lengthOf(24);
    expect(series.buckets[0]).to.equal('2026-11-20T12:00:00.000Z');
    expect(series.groups.map((line) => [line.name, line.total])).to.deep.equal([
      [null, '5'],
      ['a11', '0.000000000036'],
      ['a10', '0.000000000033'],
    ]);
    expect(series.groups[0]!.values.slice(21)).to.deep.equal(['0', '0', '5']);
    expect(series.other?.values.slice(0, 2)).to.deep.equal(['0.00000000003', '0.000000000027']);
    const whole = await store.queries.series({ ...DAY, bucketMs: HOUR, groupBy: 'none', measure: 'cost' });
    expect(whole.groups.map((line) => line.total)).to.deep.equal([(await store.queries.totals(DAY)).cost_usd]);
  });

  it('draws requests, tokens and errors by model and provider', async () => {
    const store = await place().filled(
      recordOf(),
      recordOf(failing({ outcome: 'truncated', provider: null })),
      recordOf({ provider: 'other' }),
    );
    const ask = async (groupBy: 'model' | 'provider' | 'none', measure: 'requests' | 'tokens' | 'errors') => {
      const series = await store.queries.series({ ...DAY, bucketMs: 24 * HOUR, groupBy, measure });
      return series.groups.map((line) => [line.name, line.total]);
    };
    expect(await ask('model', 'requests')).to.deep.equal([['gpt-4o-2024-08-06', '3']]);
    expect(await ask('none', 'tokens')).to.deep.equal([[null, '2010']]);
    expect(await ask('none', 'errors')).to.deep.equal([[null, '1']]);
    expect(new Map((await ask('provider', 'errors')) as [string | null, string][])).to.deep.equal(
      new Map([
        [null, '1'],
        ['openai', '0'],
        ['other', '0'],
      ] as [string | null, string][]),
    );
  });

  it('keeps its buckets whole, few, and on the hour', async () => {
    const store = await place().filled(recordOf({}, NOON + 30 * 60_000));
    const half = { from: new Date(NOON + 20 * 60_000), to: new Date(NOON + 80 * 60_000) };
    const series = await store.queries.series({ ...half, bucketMs: HOUR, groupBy: 'none', measure: 'requests' });
    expect(series.buckets).to.deep.equal(['2026-11-20T12:00:00.000Z', '2026-11-20T13:00:00.000Z']);
    expect(series.groups[0]?.values).to.deep.equal(['1', '0']);
    const year = { from: new Date(NOON - 365 * 24 * HOUR), to: DAY.to };
    const fine = await store.queries.series({ ...year, bucketMs: 1, groupBy: 'none', measure: 'requests' });
    expect(fine.buckets.length).to.be.within(1500, 2000);
    expect(fine.groups[0]?.total).to.equal('1');
    const backwards = await store.queries.series({
      from: DAY.to,
      to: DAY.from,
      bucketMs: HOUR,
      groupBy: 'agent',
      measure: 'cost',
    });
    expect(backwards.groups).to.deep.equal([]);
  });

  it('shows zeros where there is nothing at all', async () => {
    const store = await place().filled();
    const series = await store.queries.series({ ...DAY, bucketMs: 12 * HOUR, groupBy: 'none', measure: 'cost' });
    expect(series.groups).to.deep.equal([{ name: null, values: ['0', '0'], total: '0' }]);
    expect(series.other).to.equal(null);
  });
});
