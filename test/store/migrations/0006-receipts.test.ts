import { expect } from 'chai';
import { parseAddress } from '../../../src/store/address.ts';
import { connect } from '../../../src/store/connect.ts';
import { MIGRATIONS, migrate } from '../../../src/store/migrations.ts';
import { toRow } from '../../../src/store/row.ts';
import { onBothDialects } from '../places.ts';
import { DAY, recordOf } from '../records.ts';

onBothDialects('a database of before redactions had a column', (place) => {
  const attempt = { provider: 'openai', model: null, status: 200, reason: 'answered', ms: 5 };
  const records = [recordOf({ attempts: [attempt] }), recordOf({ attempts: [attempt, attempt] }), recordOf()];

  /** As they were written then: whatever has no column is JSON, the only attempt as a list. */
  async function fillOld(): Promise<void> {
    const sequelize = await connect(parseAddress(place().address), 'migrator', 'normal');
    try {
      await migrate(sequelize, 'it', MIGRATIONS.slice(0, 5));
      for (const record of records) {
        const { tries: _, ...row } = toRow(record);
        const detail = { ...row.detail, attempts: record.attempts };
        const cells = Object.entries({ ...row, detail: JSON.stringify(detail) }).filter(
          ([, value]) => value !== undefined,
        );
        const places = cells.map((_, at) => `$${at + 1}`);
        const names = cells.map(([name]) => name).join(', ');
        await sequelize.query(`insert into exchanges (${names}) values (${places.join(', ')})`, {
          bind: cells.map(([, value]) => value),
        });
      }
    } finally {
      await sequelize.close();
    }
  }

  it('keeps every record, and takes new ones', async () => {
    await fillOld();
    const store = await place().open();
    for (const record of records) expect(await store.queries.byId(record.id)).to.deep.equal(record);
    expect(await store.queries.redactions(DAY)).to.deep.equal([]);
    const added = recordOf({ attempts: [attempt, attempt], redactions: { email: 2 } });
    store.append(added);
    await store.flush();
    expect(await store.queries.byId(added.id)).to.deep.equal(added);
    const [stored] = await place().query(`select redacted, tries from exchanges where id = '${added.id}'`);
    expect(stored).to.deep.equal({ redacted: '{"email":2}', tries: 2 });
    expect(await store.queries.redactions(DAY)).to.deep.equal([
      { kind: 'email', agent: 'open-webui', requests: 1, count: 2 },
    ]);
  });
});
