import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseAddress } from '../../../src/store/address.ts';
import { connect } from '../../../src/store/connect.ts';
import { encode, lineOf } from '../../../src/store/line.ts';
import { MIGRATIONS, migrate } from '../../../src/store/migrations.ts';
import { toRow } from '../../../src/store/row.ts';
import { onBothDialects } from '../places.ts';
import { DAY, NOON, partOf, promptOf, recordOf } from '../records.ts';

onBothDialects('a database of before prompts were taken apart', (place) => {
  const records = [
    recordOf(),
    recordOf({ agent: null, prompt: null, session: { id: 'a', source: 'x', confidence: 'low' } }),
  ];

  /** Rows have nothing that has no column there. */
  async function fillOld(): Promise<void> {
    const sequelize = await connect(parseAddress(place().address), 'migrator', 'normal');
    try {
      await migrate(sequelize, 'it', MIGRATIONS.slice(0, 4));
      for (const record of records) {
        const row = Object.entries(toRow(record)).filter(([, value]) => value !== undefined);
        const bind = row.map(([name, value]) => (name === 'detail' ? JSON.stringify(value) : value));
        const places = row.map((_, at) => `$${at + 1}`);
        const names = row.map(([name]) => name).join(', ');
        await sequelize.query(`insert into exchanges (${names}) values (${places.join(', ')})`, { bind });
      }
    } finally {
      await sequelize.close();
    }
  }

  it('keeps every record, and sums up only what comes after', async () => {
    await fillOld();
    const store = await place().open();
    for (const record of records) expect(await store.queries.byId(record.id)).to.deep.equal(record);
    expect(await store.queries.cacheBreaks(DAY)).to.deep.equal({ breaks: [], sums: [] });
    expect((await store.queries.turns({})).map(({ parts, relation }) => [parts, relation])).to.deep.equal([
      [null, null],
      [null, null],
    ]);
    expect((await store.queries.session('a'))?.turns).to.equal(1);
    expect(String((await place().query('select seq from prompt_mark'))[0]?.seq)).to.equal('2');
    const record = recordOf({ prompt: promptOf(partOf()), tools_called: { read_file: 1 } });
    store.append(record);
    await store.flush();
    expect(await store.summed()).to.equal(true);
    expect(await store.queries.byId(record.id)).to.deep.equal(record);
    expect(await store.queries.prompts(DAY)).to.deep.include({ turns: 1, agents: ['open-webui'] });
  });

  it('takes what an older version has left in its journal', async () => {
    await fillOld();
    const journal = join(place().folder, 'journal');
    mkdirSync(journal);
    const left = recordOf({ agent: 'left' }, NOON + 1);
    const text = encode(toRow(left));
    expect(text).to.not.match(/relation|called|parts|break/);
    writeFileSync(join(journal, '0000000001.jsonl'), lineOf(text));
    const store = await place().open();
    await store.flush();
    expect(store.health()).to.include({ lost: 0, torn: 0 });
    expect(await store.queries.byId(left.id)).to.deep.equal(left);
  });
});
