import { expect } from 'chai';
import type { Filters } from '../../../src/store/queries/shapes.ts';
import { onBothDialects } from '../places.ts';
import { DAY, failing, NOON, recordOf } from '../records.ts';

onBothDialects('a list of exchanges', (place) => {
  it('shows each row once while rows arrive between its pages', async () => {
    const store = await place().filled(
      ...Array.from({ length: 95 }, (_, count) => recordOf({}, NOON + Math.floor(count / 3))),
    );
    const before = new Set((await store.queries.list({ limit: 500 })).entries.map((entry) => entry.id));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.queries.list({ limit: 10, cursor });
      seen.push(...page.entries.map((entry) => entry.id));
      cursor = page.next ?? undefined;
      store.append(recordOf({ agent: 'new' }, NOON + 1000)); // at the top
      await store.flush();
    } while (cursor);
    expect(seen).to.have.lengthOf(95);
    expect(new Set(seen)).to.deep.equal(before);
  });

  it('keeps its limit in bounds', async () => {
    const store = await place().filled(recordOf(), recordOf());
    for (const [limit, length] of [
      [-1, 1],
      [0, 1],
      [1.9, 1],
      [Number.NaN, 2],
      [1e9, 2],
    ] as const) {
      expect((await store.queries.list({ limit })).entries, String(limit)).to.have.lengthOf(length);
    }
  });

  it('is narrowed by everything that has a column, and by tags', async () => {
    const one = recordOf({
      tenant: 't',
      project: 'p',
      agent: 'a',
      key: 'k',
      user: 'u',
      environment: 'e',
      listener: ':8081',
      provider: 'anthropic',
      api: 'anthropic.messages',
      status: 429,
      outcome: 'upstream_error',
      stop_reason: { raw: 'end_turn', normalized: 'stop' },
      session: { id: 's', source: 'header', confidence: 'high' },
      tags: { team: 'back%end', stage: '1' },
      cost_usd: '2.5',
      model: { request: 'fast', response: 'claude-sonnet-4', priced_as: null },
      path: '/v1/messages',
    });
    const store = await place().filled(one, recordOf({ tags: { team: 'frontend', stage: '1' } }));
    const only: Filters[] = [
      { tenant: 't' },
      { project: 'p' },
      { agent: 'a' },
      { key: 'k' },
      { user: 'u' },
      { environment: 'e' },
      { listener: ':8081' },
      { provider: 'anthropic' },
      { api: 'anthropic.messages' },
      { status: 429 },
      { status: '429' },
      { status: '4xx' },
      { outcome: 'upstream_error' },
      { stop_reason: 'end_turn' },
      { session: 's' },
      { tags: { team: 'back%end' } },
      { tags: { team: 'back%end', stage: '1' } },
      { min_cost: '2.5' },
      { model: 'fast' },
      { model: 'claude-sonnet-4' },
      { q: 'SONNET' },
      { q: 'messages' },
      { q: one.id.slice(3, 30) },
      { agent: 'a', status: '4xx', q: 'claude' },
    ];
    for (const filters of only) {
      const { entries } = await store.queries.list({ filters });
      expect(
        entries.map((entry) => entry.id),
        JSON.stringify(filters),
      ).to.deep.equal([one.id]);
    }
    const none: Filters[] = [
      { agent: 'A' },
      { q: '%' },
      { q: '_' },
      { q: '!' },
      { q: `'` },
      { tags: { team: '1' } },
      { tags: { team: 'frontend', stage: '2' } },
      { min_cost: '2.500000000001' },
      { status: '5xx' },
    ];
    for (const filters of none)
      expect((await store.queries.list({ filters })).entries, JSON.stringify(filters)).to.deep.equal([]);
    expect((await store.queries.list({ filters: { stop_reason: 'stop' } })).entries).to.have.lengthOf(2);
  });

  it('finds what was refused by its own index', async () => {
    const store = await place().filled(recordOf(failing({ outcome: 'refused', status: 402 })), recordOf());
    const { entries } = await store.queries.list({ filters: { outcome: 'refused' } });
    expect(entries.map(({ status }) => status)).to.deep.equal([402]);
    if (store.dialect === 'postgres') return;
    const plan = await place().query(
      `explain query plan select id from exchanges where outcome = 'refused' order by time_ms desc, seq desc limit 9`,
    );
    expect(JSON.stringify(plan)).to.include('exchanges_refused');
  });

  it('counts what names no project to the project `default`', async () => {
    const store = await place().filled(
      recordOf({ project: null, agent: 'a' }),
      recordOf({ project: 'default', agent: 'b' }),
      recordOf({ project: 'p', agent: 'c' }),
    );
    const agents = async (project: string) =>
      (await store.queries.list({ filters: { project } })).entries.map(({ agent }) => agent).sort();
    expect([await agents('default'), await agents('p')]).to.deep.equal([['a', 'b'], ['c']]);
  });

  it('refuses a senseless filter or cursor by name', async () => {
    const store = await place().filled();
    const senseless = [
      { cursor: 'rubbish' },
      { cursor: '' },
      { filters: { status: 'bad' } },
      { filters: { status: 99 } },
      { filters: { min_cost: 'much' } },
      { from: new Date('never') },
    ];
    for (const question of senseless) {
      const failure = await (async () => store.queries.list(question))().catch((error: unknown) => error);
      expect(failure, JSON.stringify(question)).to.have.property('code', 'bad_question');
    }
  });

  it('shows no exchange of another tenant', async () => {
    const record = recordOf({ tenant: 'one' });
    const store = await place().filled(record);
    expect(await store.queries.byId(record.id, 'two')).to.equal(null);
    expect(await store.queries.byId(record.id, 'one')).to.deep.equal(record);
    expect((await store.queries.totals({ ...DAY, filters: { tenant: 'two' } })).requests).to.equal(0);
    expect(await store.queries.choices({ ...DAY, tenant: 'two' })).to.deep.equal({
      agents: [],
      models: [],
      providers: [],
    });
  });

  it('has choices that name what was seen, sorted', async () => {
    const model = (response: string | null) => ({ request: 'asked', response, priced_as: null });
    const store = await place().filled(
      recordOf({ agent: 'b', model: model(null) }),
      recordOf({ agent: 'a', model: model('x') }),
      recordOf({ agent: null }),
    );
    expect(await store.queries.choices(DAY)).to.deep.equal({
      agents: ['a', 'b'],
      models: ['asked', 'gpt-4o-2024-08-06', 'x'],
      providers: ['openai'],
    });
  });
});
