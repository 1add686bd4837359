import { expect } from 'chai';
import { onBothDialects } from '../places.ts';
import { HOUR, NOON, recordOf } from '../records.ts';

const AROUND = { from: new Date(NOON - 1000), to: new Date(NOON + 1000) };
const OPEN = { usage: null, usage_status: 'missing', usage_source: 'none', cost_usd: null } as const;
const asked = (responseId: string, more = {}) => ({
  api: 'openai.responses',
  provider: 'openai',
  responseId,
  ...AROUND,
  ...more,
});
const answer = (id: string, more = {}, at = NOON) =>
  recordOf({ api: 'openai.responses', response_id: id, ...OPEN, ...more }, at);

onBothDialects('what is kept already', (place) => {
  it('is told by its ids, whether it is in the database or still waits', async () => {
    const [stored, waiting, never] = [recordOf(), recordOf(), recordOf()];
    const store = await place().filled(stored);
    expect(store.append(waiting)).to.equal(true);
    expect([...(await store.has([never.id, waiting.id, stored.id]))]).to.have.members([stored.id, waiting.id]);
    await store.flush();
    expect([...(await store.has([never.id, waiting.id, stored.id, stored.id]))]).to.have.members([
      stored.id,
      waiting.id,
    ]);
    expect((await store.has([])).size).to.equal(0);
  });

  it('is told for more ids than one statement takes', async () => {
    const records = Array.from({ length: 1500 }, () => recordOf());
    const store = await place().filled(...records);
    const ids = [...records.map(({ id }) => id), ...Array.from({ length: 1500 }, () => recordOf().id)];
    expect((await store.has(ids)).size).to.equal(1500);
  });

  it('survives a crash once the store says so', async () => {
    const store = await place().open();
    const record = recordOf();
    store.append(record);
    expect(await store.kept()).to.equal(true);
    await store.close();
    expect(store.append(recordOf())).to.equal(false);
    expect(await (await place().open()).queries.byId(record.id)).to.deep.equal(record);
  });

  it('is found by the id of its answer, where the usage was not told and the time is near', async () => {
    const wanted = answer('resp_1', { agent: 'ci' });
    const store = await place().filled(
      wanted,
      answer('resp_1', { provider: 'azure' }),
      answer('resp_1', { api: 'openai.chat' }),
      answer('resp_1', {}, NOON - HOUR),
      answer('respX1'),
      answer('resp_2', { usage_source: 'provider', usage_status: 'final' }),
    );
    expect(await store.unsettled(asked('resp_1'))).to.deep.equal(wanted);
    expect(await store.unsettled(asked('resp%'))).to.equal(null);
    expect(await store.unsettled(asked('resp_2'))).to.equal(null);
    expect(await store.unsettled(asked('resp_1', { from: new Date(NOON + 1), to: AROUND.to }))).to.equal(null);
  });

  it('is found while it waits for the database', async () => {
    const store = await place().open();
    const wanted = answer('resp_3');
    store.append(answer('resp_3', { usage_source: 'provider', usage_status: 'final' }));
    store.append(answer('resp_3', { provider: 'azure' }));
    store.append(wanted);
    expect(await store.unsettled(asked('resp_3'))).to.deep.equal(wanted);
  });
});
