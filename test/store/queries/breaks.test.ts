import { expect } from 'chai';
import type { CacheBreak } from '../../../src/pipeline/prompt.ts';
import { onBothDialects } from '../places.ts';
import { DAY, HOUR, NOON, recordOf } from '../records.ts';

onBothDialects('breaks of the cache', (place, dialect) => {
  const file = { kind: 'file', name: 'AGENTS.md' } as const;
  const broken = (changes: Partial<CacheBreak> = {}): CacheBreak => ({
    cause: 'prefix_change',
    part: file,
    tokens: 100,
    cost_usd: '0.01',
    idle_s: 3.5,
    ...changes,
  });
  const session = { id: 'one', source: 'chain', confidence: 'high' } as const;
  const records = [
    recordOf({ cache_break: broken(), session, tenant: 'acme' }, NOON + 1),
    recordOf({ cache_break: broken({ cost_usd: '0.000000000001', tokens: 1 }), agent: null }, NOON + 2),
    recordOf({ cache_break: broken({ cause: 'ttl_lapse', part: null, cost_usd: null }) }, NOON + 3),
    recordOf(
      {
        cache_break: broken({ part: { kind: 'tool', name: '' }, cost_usd: '0.5' }),
        model: { request: 'b', response: null, priced_as: null },
      },
      NOON + HOUR,
    ),
    recordOf(),
    recordOf({ cache_break: broken() }, NOON - 1),
    recordOf({ cache_break: broken() }, NOON + 25 * HOUR),
  ];

  it('are listed, the newest first, and summed by what broke it, the dearest first', async () => {
    const store = await place().filled(...records);
    const { breaks, sums } = await store.queries.cacheBreaks({ ...DAY, from: new Date(NOON + HOUR / 2) });
    expect(breaks.map(({ time }) => Date.parse(time) - NOON)).to.deep.equal([HOUR, 3, 2, 1]);
    expect(breaks[3]).to.deep.equal({
      ...broken(),
      seq: 1,
      id: records[0]!.id,
      time: records[0]!.time,
      agent: 'open-webui',
      session: 'one',
      provider: 'openai',
      model: 'gpt-4o-2024-08-06',
    });
    const newest = (at: number): string => new Date(NOON + at).toISOString();
    expect(sums).to.deep.equal([
      {
        cause: 'prefix_change',
        part: { kind: 'tool', name: '' },
        breaks: 1,
        tokens: 100,
        cost_usd: '0.5',
        newest: newest(HOUR),
      },
      { cause: 'prefix_change', part: file, breaks: 2, tokens: 101, cost_usd: '0.010000000001', newest: newest(2) },
      { cause: 'ttl_lapse', part: null, breaks: 1, tokens: 100, cost_usd: null, newest: newest(3) },
    ]);
  });

  it('are narrowed by agent, model, session and tenant; the sums know no limit', async () => {
    const store = await place().filled(...records);
    const count = async (question: object): Promise<number[]> => {
      const { breaks, sums } = await store.queries.cacheBreaks({ ...DAY, ...question });
      return [breaks.length, sums.reduce((sum, line) => sum + line.breaks, 0)];
    };
    expect(await count({ agent: 'open-webui' })).to.deep.equal([3, 3]);
    expect(await count({ model: 'b' })).to.deep.equal([1, 1]);
    expect(await count({ session: 'one' })).to.deep.equal([1, 1]);
    expect(await count({ tenant: 'acme' })).to.deep.equal([1, 1]);
    expect(await count({ tenant: 'else' })).to.deep.equal([0, 0]);
    expect(await count({ limit: 1 })).to.deep.equal([1, 4]);
  });

  it('are found by an index of their own', async () => {
    await (await place().filled(recordOf())).close();
    const sql =
      'select seq from exchanges where time_ms >= 1 and break_cause is not null order by time_ms desc limit 5';
    // PostgreSQL reads a table of one row whole, whatever indexes it has.
    const plan = dialect === 'sqlite' ? `explain query plan ${sql}` : 'select indexdef from pg_indexes';
    expect(JSON.stringify(await place().query(plan))).to.match(/exchanges_break.*time_ms/);
  });
});
