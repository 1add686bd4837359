import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { parseAddress } from '../../../src/store/address.ts';
import { connect } from '../../../src/store/connect.ts';
import { lineOf } from '../../../src/store/line.ts';
import { exchanges } from '../../../src/store/migrations/0001-exchanges.ts';
import { migrate } from '../../../src/store/migrations.ts';
import { toRow } from '../../../src/store/row.ts';
import { onBothDialects } from '../places.ts';
import { DAY, failing, recordOf } from '../records.ts';

/** The JSON of a row as the version before wrote it. */
function oldRow(record: ExchangeRecord): string {
  const isNewer = (name: string): boolean => /^(unpriced$|estimate_cost_pico$|charged_|predicted_)/.test(name);
  return JSON.stringify(Object.fromEntries(Object.entries(toRow(record)).filter(([name]) => !isNewer(name))));
}

onBothDialects('a database and a journal of the version before', (place, dialect) => {
  const unknown = { cost_usd: null, cost_source: null, price: null };
  const estimate = (cost_usd: string | null) =>
    ({ input_tokens: 1, output_tokens: 1, cost_usd, confidence: 'low' }) as const;
  const known = { request: 'm', response: 'm', priced_as: 'openai/m' };
  const records: ExchangeRecord[] = [
    recordOf(),
    recordOf(failing()),
    recordOf({ ...unknown, usage: null, usage_status: 'missing', estimate: estimate('0.000000123456') }),
    recordOf({ ...unknown, model: { ...known, priced_as: null } }),
    recordOf({ ...unknown, model: known, usage_status: 'partial', estimate: estimate('2.5') }),
    recordOf({ ...unknown, model: known, estimate: estimate(null) }),
    recordOf({ ...unknown, model: known, estimate: estimate('about "two"') }),
  ];
  const reasons = [null, null, 'no_usage', 'no_price', 'no_rate', 'no_rate', 'no_rate'];

  /** Writes these rows into a database of the first schema, past the store. */
  async function fillOld(): Promise<void> {
    const sequelize = await connect(parseAddress(place().address), 'migrator', 'normal');
    try {
      await migrate(sequelize, 'it', [exchanges]);
      for (const record of records) {
        const row = JSON.parse(oldRow(record)) as Record<string, unknown>;
        row.detail = JSON.stringify(row.detail);
        const names = Object.keys(row);
        const places = names.map((_, at) => `$${at + 1}`);
        await sequelize.query(`insert into exchanges (${names.join(', ')}) values (${places.join(', ')})`, {
          bind: Object.values(row),
        });
      }
    } finally {
      await sequelize.close();
    }
  }

  it('keep every record, and tell the reasons and the estimates that can be told', async () => {
    await fillOld();
    const store = await place().open();
    for (const [at, record] of records.entries()) {
      const found = await store.queries.byId(record.id);
      expect(found?.unpriced?.reason ?? null, String(at)).to.equal(reasons[at]);
      expect({ ...found, unpriced: null }).to.deep.equal(record);
    }
    const { unpriced, cost_sources } = await store.queries.totals(DAY);
    expect(unpriced).to.equal(5);
    expect(cost_sources.unknown).to.include({ estimated_requests: 2, estimated_cost_usd: '2.500000123456' });
    const columns = await place().query('select unpriced from exchanges where estimate_cost_pico is not null');
    expect(columns).to.have.lengthOf(2);
  });

  it('a row that waits in the journal comes in', async () => {
    await fillOld();
    const waiting = [recordOf({ ...unknown, model: known, estimate: estimate('1') }), recordOf()];
    mkdirSync(join(place().folder, 'journal'), { recursive: true });
    const lines = waiting.map((record) => lineOf(oldRow(record))).join('');
    writeFileSync(join(place().folder, 'journal', '0000000001.jsonl'), lines);
    const store = await place().open();
    await store.flush();
    for (const record of waiting) expect(await store.queries.byId(record.id)).to.deep.equal(record);
    expect((await store.queries.totals(DAY)).unpriced).to.equal(6);
    expect(dialect).to.equal(store.dialect);
  });
});
