import { expect } from 'chai';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { onBothDialects } from '../places.ts';
import { DAY, HOUR, NOON, recordOf } from '../records.ts';

type Prediction = NonNullable<ExchangeRecord['prediction']>;

const prediction = (cost: string | null, p90: string | null, confidence: Prediction['confidence'] = 'high') => ({
  input_tokens: 10,
  source: 'counted' as const,
  output_tokens: 20,
  output_tokens_p90: 40,
  basis: 'learned' as const,
  cost_usd: cost,
  cost_usd_p90: p90,
  cost_usd_max: null,
  confidence,
});

const model = (request: string) => ({ request, response: `${request}-2026`, priced_as: null });

onBothDialects('predictions', (place) => {
  it('come back with the record, and are held against the cost by model and by how sure they were', async () => {
    const [a, b] = [model('a'), model('b')];
    const records = [
      recordOf({ model: a, cost_usd: '1', prediction: prediction('2', '3') }),
      recordOf({ model: a, cost_usd: '3', prediction: prediction('2', '3') }),
      recordOf({ model: a, cost_usd: '3.000000000001', prediction: prediction('1', '3', 'low') }),
      recordOf({ model: a, cost_usd: '0', prediction: prediction('0', '0', 'low') }),
      recordOf({ model: b, cost_usd: '5', prediction: prediction('4', '4.5', 'medium') }),
      recordOf({ model: b, provider: null, cost_usd: '0', prediction: prediction('0', '0') }),
      // These say nothing about predictions: no cost, no price, broken off, none made, of another day.
      recordOf({ model: a, cost_usd: null, prediction: prediction('1', '3') }),
      recordOf({ model: a, cost_usd: '1', prediction: prediction(null, null) }),
      recordOf({ model: a, cost_usd: '1', prediction: prediction('1', '3'), usage_status: 'partial' }),
      recordOf({ model: a, cost_usd: '1' }),
      recordOf({ model: a, cost_usd: '1', prediction: prediction('1', '3') }, NOON + 25 * HOUR),
    ];
    const store = await place().filled(...records);
    for (const record of records) expect(await store.queries.byId(record.id)).to.deep.equal(record);
    const { models, points } = await store.queries.calibration(DAY);
    expect(models).to.deep.equal([
      {
        provider: 'openai',
        model: 'a',
        requests: 4,
        within: 3,
        median_ratio: 1.5,
        by_confidence: {
          high: { requests: 2, within: 2, median_ratio: 0.5 },
          low: { requests: 2, within: 1, median_ratio: 3.000000000001 },
        },
      },
      ...['openai', null].map((provider) => ({
        provider,
        model: 'b',
        requests: 1,
        within: provider ? 0 : 1,
        median_ratio: provider ? 1.25 : null,
        by_confidence: provider
          ? { medium: { requests: 1, within: 0, median_ratio: 1.25 } }
          : { high: { requests: 1, within: 1, median_ratio: null } },
      })),
    ]);
    expect(points).to.have.lengthOf(6);
    expect(points[2]).to.deep.equal({
      predicted: '1',
      actual: '3.000000000001',
      confidence: 'low',
      provider: 'openai',
      model: 'a',
    });
  });

  it('are shown as at most 400 points, evenly over all of them', async () => {
    const records = Array.from({ length: 1001 }, (_, n) => {
      const cost = `0.${String(n + 1).padStart(4, '0')}1`;
      return recordOf({ cost_usd: cost, prediction: prediction(cost, cost) }, NOON + n);
    });
    const store = await place().filled(...records);
    const { points, models } = await store.queries.calibration(DAY);
    expect(models[0]).to.include({ requests: 1001, within: 1001, median_ratio: 1 });
    expect(points).to.have.lengthOf(334);
    expect([points[0], points[1], points.at(-1)].map((point) => point?.actual)).to.deep.equal([
      '0.00011',
      '0.00041',
      '0.10001',
    ]);
  });

  it('can learn from what the newest answers had', async () => {
    const store = await place().filled(
      recordOf({ usage: { output_tokens: 1 } }),
      recordOf({ usage: { output_tokens: 2 }, key: 'ci', model: model('x') }),
      recordOf({ usage: { output_tokens: 3 }, usage_source: 'estimated' }),
      recordOf({ usage: { output_tokens: 4 }, usage_status: 'partial', outcome: 'client_aborted' }),
      recordOf({ usage: { input_tokens: 5 } }),
      recordOf({ usage: { output_tokens: 6 } }),
    );
    const known = { key: null, api: 'openai.chat', provider: 'openai', model: 'gpt-4o' };
    expect(await store.queries.outputs(2)).to.deep.equal([
      { ...known, output_tokens: 6 },
      { ...known, key: 'ci', model: 'x', output_tokens: 2 },
    ]);
    expect(await store.queries.outputs(100)).to.have.lengthOf(3);
  });
});
