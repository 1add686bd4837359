import { expect } from 'chai';
import { onBothDialects } from '../places.ts';
import { DAY, failing, HOUR, NOON, recordOf } from '../records.ts';

onBothDialects('models without a known cost', (place, dialect) => {
  const unknown = { cost_usd: null, cost_source: null, price: null };
  const model = (name: string) => ({ request: name, response: name, priced_as: null });
  const noPrice = { reason: 'no_price', missing: null } as const;
  const noRate = { reason: 'no_rate', missing: 'input_audio' } as const;

  it('are listed with their reason, tokens and estimates, those with the most requests first', async () => {
    const estimate = { input_tokens: 10, output_tokens: 1, cost_usd: '0.25', confidence: 'low' } as const;
    const store = await place().filled(
      recordOf(),
      recordOf({ ...unknown, model: model('new'), unpriced: noPrice, usage: { input_tokens: 5, output_tokens: 2 } }),
      recordOf({ ...unknown, model: model('new'), unpriced: noPrice, usage: { input_tokens: 7 } }, NOON + HOUR),
      recordOf({ ...unknown, model: model('audio'), unpriced: noRate, usage: null, estimate }),
      recordOf({ ...unknown, model: model('audio'), unpriced: noRate, usage: null, estimate }),
      recordOf({ ...unknown, model: model('audio'), unpriced: noRate, usage: null }),
      recordOf({ ...unknown, model: model('audio'), unpriced: { reason: 'no_usage', missing: null } }),
      recordOf(failing({ model: model('refused') })),
      recordOf({ ...unknown, model: model('new'), unpriced: noPrice }, NOON - 1),
    );
    const [first, second, third, ...rest] = await store.queries.unpricedModels(DAY);
    expect(rest).to.deep.equal([]);
    expect(first).to.deep.include({ model: 'audio', unpriced: noRate, requests: 3, estimated_cost_usd: '0.5' });
    expect(second).to.deep.equal({
      provider: 'openai',
      model: 'new',
      request_model: 'new',
      response_model: 'new',
      unpriced: noPrice,
      requests: 2,
      input_tokens: 12,
      output_tokens: 2,
      estimated_cost_usd: null,
      last_used: new Date(NOON + HOUR).toISOString(),
    });
    expect(third).to.deep.include({ model: 'audio', requests: 1, unpriced: { reason: 'no_usage', missing: null } });
    expect(await store.queries.unpricedModels({ ...DAY, filters: { model: 'new' } })).to.have.lengthOf(1);
  });

  it('are read by an index of their own', async () => {
    await (await place().filled(recordOf())).close();
    const sql = `select count(*) from exchanges where time_ms >= 1 and cost_pico is null and usage_status <> 'not_applicable'`;
    // PostgreSQL reads a table of one row whole, whatever indexes it has.
    const plan = dialect === 'sqlite' ? `explain query plan ${sql}` : `select indexdef from pg_indexes`;
    expect(JSON.stringify(await place().query(plan))).to.match(/exchanges_unpriced.*time_ms/);
  });
});
