import { expect } from 'chai';
import { onBothDialects } from '../places.ts';
import { DAY, failing, HOUR, NOON, partOf, promptOf, recordOf } from '../records.ts';

onBothDialects('turns', (place) => {
  it('say how they go on, what was in them, and what became of the cache; their parts only when asked', async () => {
    const record = recordOf({
      session: { id: 'one', source: 'header:session-id', confidence: 'high' },
      turn: { relation: 'branch', parent: 'root' },
      prompt: promptOf(partOf(), partOf({ kind: 'history', name: 'user', tokens: null, cost_usd: null })),
      tools_called: { bash: 2 },
      cache_break: {
        cause: 'prefix_change',
        part: { kind: 'tool', name: 'a:b' },
        tokens: 512,
        cost_usd: '0.00000000000015',
        idle_s: 12.5,
      },
    });
    const store = await place().filled(record, recordOf({ prompt: null, session: null }, NOON + 1));
    const [turn, bare] = await store.queries.turns({});
    const { entries } = await store.queries.list({});
    expect(turn).to.deep.equal({
      ...entries[1],
      relation: 'branch',
      parent: 'root',
      session_source: 'header:session-id',
      session_confidence: 'high',
      system_chars: 120,
      history_chars: 4000,
      tools_chars: 800,
      messages: 5,
      tool_results: 2,
      tools_called: { bash: 2 },
      cache_break: record.cache_break,
      parts: null,
    });
    const missing = [
      'relation',
      'parent',
      'session_source',
      'session_confidence',
      'system_chars',
      'messages',
      'tool_results',
    ];
    for (const name of [...missing, 'tools_called', 'cache_break']) expect(bare, name).to.include({ [name]: null });
    const [full, none] = await store.queries.turns({ parts: true });
    expect(full).to.deep.equal({ ...turn, parts: record.prompt!.parts });
    expect(none?.parts).to.equal(null);
  });

  it('are the newest, the oldest of them first; what was refused or never answered is none', async () => {
    const rows = Array.from({ length: 30 }, (_, n) =>
      recordOf(
        {
          agent: n % 3 ? 'a' : null,
          tenant: n % 2 ? 'acme' : null,
          ...(n % 5 === 4 && failing({ outcome: 'refused' })),
        },
        NOON + n,
      ),
    );
    const late = recordOf({ agent: 'a', session: { id: 'x', source: '', confidence: 'low' } }, NOON + 25 * HOUR);
    const store = await place().filled(...rows, late);
    const times = async (question: object): Promise<number[]> =>
      (await store.queries.turns(question)).map(({ time }) => Date.parse(time) - NOON);
    expect(await times({ ...DAY, limit: 4 })).to.deep.equal([25, 26, 27, 28]);
    expect(await times({ ...DAY, agent: 'a', limit: 3 })).to.deep.equal([25, 26, 28]);
    expect(await times({ ...DAY, agent: null, limit: 3 })).to.deep.equal([18, 21, 27]);
    expect(await times({ ...DAY, agent: 'a', tenant: 'acme', limit: 2 })).to.deep.equal([23, 25]);
    expect(await times({ session: 'x' })).to.deep.equal([25 * HOUR]);
    expect(await times({ session: 'x', tenant: 'acme' })).to.deep.equal([]);
    expect(await times({})).to.have.lengthOf(25);
  });
});
