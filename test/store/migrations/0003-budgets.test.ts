import { expect } from 'chai';
import { Series, type SeriesParts } from '../../../src/accounts/series.ts';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { parseAddress } from '../../../src/store/address.ts';
import { connect } from '../../../src/store/connect.ts';
import { exchanges } from '../../../src/store/migrations/0001-exchanges.ts';
import { unpriced } from '../../../src/store/migrations/0002-unpriced.ts';
import { migrate } from '../../../src/store/migrations.ts';
import { toRow } from '../../../src/store/row.ts';
import { onBothDialects } from '../places.ts';
import { failing, NOON, recordOf } from '../records.ts';

const isNewer = (name: string): boolean => /^(charged|predicted)_/.test(name);

onBothDialects('a database of before budgets', (place) => {
  const estimate = { input_tokens: 30, output_tokens: 4, cost_usd: '0.000000123456', confidence: 'low' } as const;
  const unknown = { cost_usd: null, cost_source: null, usage: null, usage_status: 'missing' } as const;
  const records: ExchangeRecord[] = [
    recordOf(),
    recordOf({ cost_usd: '999999.999999999999', usage: { output_tokens: 3 } }),
    recordOf({ ...unknown, estimate }),
    recordOf({ ...unknown, estimate: { ...estimate, input_tokens: null, cost_usd: null } }),
    recordOf({ ...unknown, estimate: { ...estimate, input_tokens: 1.5, output_tokens: null } }),
    recordOf({ ...unknown, tags: { overhead_ms: 'x', estimate: '{"input_tokens":5}' }, overhead_ms: null }),
    recordOf({ ...failing(), outcome: 'refused', status: 402 }),
    recordOf({ ...failing(), outcome: 'client_aborted', overhead_ms: null }),
    recordOf({ overhead_ms: 0 }),
    recordOf({ usage_status: 'partial', cost_usd: '0.00000001', usage: { input_tokens: 9 }, estimate }),
    recordOf({ usage_status: 'partial', cost_usd: '0.00000001', usage: { input_tokens: 9 } }),
    recordOf({ id: `000000000000${'b'.repeat(20)}`, overhead_ms: null }),
  ];

  async function fillOld(): Promise<void> {
    const sequelize = await connect(parseAddress(place().address), 'migrator', 'normal');
    try {
      await migrate(sequelize, 'it', [exchanges, unpriced]);
      for (const record of records) {
        const row = Object.entries(toRow(record)).filter(([name, value]) => !isNewer(name) && value !== undefined);
        const names = row.map(([name]) => name);
        const bind = row.map(([name, value]) => (name === 'detail' ? JSON.stringify(value) : value));
        const places = names.map((_, at) => `$${at + 1}`);
        await sequelize.query(`insert into exchanges (${names.join(', ')}) values (${places.join(', ')})`, { bind });
      }
    } finally {
      await sequelize.close();
    }
  }

  it('keeps every record, and counts for each row what a new one like it counts', async () => {
    await fillOld();
    const store = await place().open();
    const rows = await place().query('select * from exchanges order by seq');
    for (const [at, record] of records.entries()) {
      expect(await store.queries.byId(record.id), String(at)).to.deep.equal(record);
      const { charged_pico: pico, charged_tokens: tokens, charged_requests: requests } = toRow(record);
      const wanted = [pico, tokens, requests].map((value) => value?.toString() ?? null);
      const row = rows[at]!;
      const found = [row.charged_pico, row.charged_tokens, row.charged_requests].map((value) =>
        value === null ? null : BigInt(String(value)).toString(),
      );
      // A driver gives what is beyond 53 bits as a double; the sum below is exact.
      if (at !== 1) expect(found, String(at)).to.deep.equal(wanted);
      expect(row.predicted_cost_pico).to.equal(null);
    }
  });

  it('has accounts that begin with all that was used before', async () => {
    await fillOld();
    const store = await place().open();
    const of = async (measure: SeriesParts['measure']): Promise<bigint> => {
      const series = new Series({ measure, where: {}, per: [] });
      const keys = [{ series, window: { from: NOON - 1, to: null }, subject: '' }];
      return (await store.accounts.standings(keys))[0]!.spent;
    };
    expect(await of('usd')).to.equal(999_999_999_999_999_999n + 3n * 1_425_000_000n + 3n * 123_456n + 10_000n);
    expect(await of('tokens')).to.equal(3n * 1005n + 3n + 34n + 4n + 34n + 9n);
    expect(await of('requests')).to.equal(9n);
  });
});
