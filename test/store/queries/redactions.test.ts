import { expect } from 'chai';
import { MOST_SUMS } from '../../../src/store/queries/redactions.ts';
import { onBothDialects } from '../places.ts';
import { DAY, HOUR, NOON, recordOf } from '../records.ts';

onBothDialects('redactions', (place, dialect) => {
  const rows = () => [
    recordOf({ agent: 'coder', redactions: { email: 2, card: 1 } }),
    recordOf({ agent: 'coder', redactions: { email: 3 }, tenant: 'acme' }, NOON + HOUR),
    recordOf({ agent: null, redactions: { email: 1, 'it"s [1]': 2 ** 40 } }),
    recordOf({ agent: 'coder', redactions: {} }),
    recordOf({ agent: 'coder' }),
    recordOf({ agent: 'coder', redactions: { email: 100 } }, NOON - 1),
    recordOf({ agent: 'coder', redactions: { email: 100 } }, NOON + 24 * HOUR),
  ];

  it('are summed up by kind and agent, the most first', async () => {
    const store = await place().filled(...rows());
    expect(await store.queries.redactions(DAY)).to.deep.equal([
      { kind: 'it"s [1]', agent: null, requests: 1, count: 2 ** 40 },
      { kind: 'email', agent: 'coder', requests: 2, count: 5 },
      { kind: 'card', agent: 'coder', requests: 1, count: 1 },
      { kind: 'email', agent: null, requests: 1, count: 1 },
    ]);
  });

  it('are narrowed to a tenant and an agent', async () => {
    const store = await place().filled(...rows());
    const ofTenant = await store.queries.redactions({ ...DAY, tenant: 'acme' });
    expect(ofTenant).to.deep.equal([{ kind: 'email', agent: 'coder', requests: 1, count: 3 }]);
    expect(await store.queries.redactions({ ...DAY, agent: 'nobody' })).to.deep.equal([]);
    const injected = await store.queries.redactions({ ...DAY, tenant: "' or 1=1 --" });
    expect(injected).to.deep.equal([]);
  });

  it('are a bounded answer, whatever there is', async () => {
    const kinds = Object.fromEntries(Array.from({ length: MOST_SUMS + 5 }, (_, at) => [`kind ${at}`, at + 1]));
    const store = await place().filled(recordOf({ redactions: kinds }));
    const sums = await store.queries.redactions(DAY);
    expect(sums).to.have.lengthOf(MOST_SUMS);
    expect(sums[0]).to.include({ kind: `kind ${MOST_SUMS + 4}`, count: MOST_SUMS + 5 });
    const error = await store.queries.redactions({ ...DAY, to: new Date('x') }).catch((thrown) => thrown);
    expect(error).to.include({ code: 'bad_question' });
  });

  if (dialect === 'sqlite')
    it('are found by an index of the rows that have any', async () => {
      await place().filled(...rows());
      const where = `time_ms >= 1 and time_ms < 2 and redacted <> '{}'`;
      const plan = await place().query(`explain query plan select agent, redacted from exchanges where ${where}`);
      expect(JSON.stringify(plan)).to.include('exchanges_redacted');
    });
});
