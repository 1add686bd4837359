import { expect } from 'chai';
import type { ExchangeRecord } from '../../../src/pipeline/record.ts';
import { onBothDialects } from '../places.ts';
import { DAY, failing, HOUR, NOON, promptOf, recordOf } from '../records.ts';

const MINUTE = 60_000;

/** A row of a session, so many minutes after noon. */
function rowOf(id: string, minutes: number, changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  const session = { id, source: 'chain', confidence: 'high' } as const;
  return recordOf({ session, turn: { relation: 'next', parent: null }, ...changes }, NOON + minutes * MINUTE);
}

const START = { relation: 'start', parent: null } as const;
const unknown = { cost_usd: null, cost_source: null } as const;
const history = (chars: number, results: number) => ({ ...promptOf(), history_chars: chars, tool_results: results });

onBothDialects('sessions', (place) => {
  it('are the sums of all their rows, whenever these were, with what their newest rows say', async () => {
    const store = await place().filled(
      rowOf('one', -600, {
        turn: { relation: 'branch', parent: 'root' },
        prompt: history(9000, 7),
        cost_usd: '0.000000000001',
      }),
      rowOf('one', 1, {
        ...unknown,
        prompt: history(5000, 3),
        model: { request: 'b', response: null, priced_as: null },
      }),
      rowOf('one', 2, {
        agent: 'second',
        tenant: 'acme',
        user: 'ann',
        project: 'p',
        prompt: history(6000, 4),
        cost_usd: '2',
        turn: { relation: 'compacted', parent: 'later' },
        usage: { input_tokens: 10, output_tokens: 4, 'cache_read.input_tokens': 6, 'cache_creation.input_tokens': 2 },
        cache_break: { cause: 'model', part: null, tokens: 5, cost_usd: '0.25', idle_s: 1 },
      }),
      rowOf('one', 3, {
        ...failing(),
        agent: 'second',
        outcome: 'upstream_error',
        duration_ms: 9,
        session: { id: 'one', source: 'late', confidence: 'low' },
      }),
      rowOf('one', 4, { ...failing(), agent: 'third', outcome: 'refused', prompt: history(7000, 5) }),
      rowOf('other', 1),
      recordOf(),
    );
    const session = (await store.queries.session('one'))!;
    expect(session).to.deep.include({
      id: 'one',
      source: 'chain',
      confidence: 'high',
      tenant: null,
      agent: 'third',
      project: null,
      user: null,
      parent: 'root',
      started: new Date(NOON - 600 * MINUTE).toISOString(),
      last: new Date(NOON + 4 * MINUTE).toISOString(),
      turns: 3,
      errors: 1,
      refused: 1,
      cost_usd: '2.000000000001',
      unpriced: 1,
      input_tokens: 2010,
      output_tokens: 14,
      cache_read_tokens: 1806,
      cache_write_tokens: 2,
      history_chars: 6000,
      peak_history_chars: 9000,
      tool_results: 4,
      last_cost_usd: '2',
      models: ['gpt-4o-2024-08-06', 'b'],
      compactions: 1,
      cache_breaks: 1,
      cache_break_usd: '0.25',
    });
    expect(session.first_turns).to.deep.equal({
      rows: 4,
      errors: 1,
      duration_ms: 612.25,
      output_tokens: 14,
      input_tokens: 2010,
      cache_read_tokens: 1806,
      cache_write_tokens: 2,
      cost_usd: '1',
    });
    expect(session.newest_turns).to.deep.equal(session.first_turns);
    const ofTenant = await store.queries.session('one', 'acme');
    expect(ofTenant).to.deep.include({
      turns: 1,
      agent: 'second',
      user: 'ann',
      project: 'p',
      cost_usd: '2',
      parent: 'later',
    });
    expect(await store.queries.session('one', 'else')).to.equal(null);
    expect(await store.queries.session(`o'ne`)).to.equal(null);
  });

  it('show five rows at each end', async () => {
    const rows = Array.from({ length: 12 }, (_, n) =>
      rowOf('long', n, { duration_ms: n, cost_usd: `0.0${n}`, usage: { output_tokens: n } }),
    );
    const nothing = rowOf('long', 20, { ...failing(), outcome: 'refused', duration_ms: 1000 });
    const store = await place().filled(...rows.reverse(), nothing);
    const { first_turns: first, newest_turns: newest } = (await store.queries.session('long'))!;
    expect(first).to.include({ rows: 5, duration_ms: 2, output_tokens: 10, errors: 0, cost_usd: '0.02' });
    expect(newest).to.include({ rows: 5, duration_ms: 9, output_tokens: 45, cost_usd: '0.0522' });
  });

  it('come a page at a time, the last used first, each once', async () => {
    const rows = Array.from({ length: 23 }, (_, n) => rowOf(n % 5 === 0 ? `same-${n}` : `s${n}`, n - (n % 5)));
    const store = await place().filled(...rows, ...rows.map(({ session }) => rowOf(session!.id, -700)));
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.queries.sessions({ ...DAY, limit: 4, cursor });
      expect(page.sessions.length).to.be.within(1, 4);
      found.push(...page.sessions.map(({ id, last }) => `${last} ${id}`));
      cursor = page.next ?? undefined;
    } while (cursor);
    expect(found).to.have.lengthOf(23);
    expect(new Set(found).size).to.equal(23);
    const times = found.map((line) => line.slice(0, 24));
    expect(times).to.deep.equal([...times].sort().reverse());
    for (const bad of ['x', Buffer.from('12').toString('base64url'), Buffer.from('1.\0').toString('base64url')])
      expect(await store.queries.sessions({ ...DAY, cursor: bad }).catch(({ code }) => code)).to.equal('bad_question');
  });

  it('of one call on its own are left out and summed by agent, unless asked for', async () => {
    const store = await place().filled(
      rowOf('a', 1, { turn: START, agent: 'cron', cost_usd: '1' }),
      rowOf('b', 2, { ...failing(), outcome: 'refused', turn: START, agent: 'cron' }),
      rowOf('b', 3, { turn: START, agent: 'cron', cost_usd: '0.000000000001' }),
      rowOf('c', 4, { ...failing(), outcome: 'upstream_error', turn: START, agent: null }),
      rowOf('two turns', 5, { turn: START }),
      rowOf('two turns', 6, { turn: { relation: 'retry', parent: null } }),
      rowOf('began before', -1, { turn: START }),
      rowOf('began before', 7, { turn: START }),
      rowOf('goes on', 8, { turn: START }),
      rowOf('goes on', 25 * 60),
      rowOf('no start', 9, { turn: null }),
      rowOf('two agents', 10, { turn: START, agent: 'cron' }),
      rowOf('two agents', 11, { agent: 'other' }),
      rowOf('outside', 25 * 60),
    );
    const names = (page: { sessions: { id: string }[] }): string[] => page.sessions.map(({ id }) => id);
    const page = await store.queries.sessions(DAY);
    expect(names(page)).to.deep.equal(['goes on', 'two agents', 'no start', 'began before', 'two turns']);
    expect(page.singles).to.deep.equal([
      { agent: 'cron', sessions: 2, cost_usd: '1.000000000001' },
      { agent: null, sessions: 1, cost_usd: null },
    ]);
    const all = await store.queries.sessions({ ...DAY, singles: true });
    expect(names(all)).to.deep.equal([...names(page), 'c', 'b', 'a']);
    expect(all.singles).to.deep.equal([]);
    const cron = await store.queries.sessions({ ...DAY, agent: 'cron' });
    expect(names(cron)).to.deep.equal(['two agents']);
    expect(cron.singles.map(({ sessions }) => sessions)).to.deep.equal([2]);
    expect(cron.sessions[0]).to.include({ turns: 2, agent: 'other' });
  });

  it('of one tenant show nothing of another, even where both chose the same id', async () => {
    const store = await place().filled(
      rowOf('main', 1, { tenant: 'acme', cost_usd: '1' }),
      rowOf('main', 2, { tenant: 'acme', cost_usd: '1' }),
      rowOf('main', 3, {
        tenant: 'globex',
        cost_usd: '5',
        agent: 'secret',
        turn: { relation: 'next', parent: 'hidden' },
      }),
      rowOf('theirs', 4, { tenant: 'globex' }),
      rowOf('alone', 5, { tenant: 'acme', turn: START }),
      rowOf('alone', 6, { tenant: 'globex' }),
    );
    const page = await store.queries.sessions({ ...DAY, tenant: 'acme' });
    expect(page.sessions.map(({ id, last }) => [id, last])).to.deep.equal([
      ['main', new Date(NOON + 2 * MINUTE).toISOString()],
    ]);
    expect(page.sessions[0]).to.deep.include({ turns: 2, cost_usd: '2', agent: 'open-webui', parent: null });
    expect(page.sessions[0]?.newest_turns).to.include({ rows: 2, cost_usd: '1' });
    expect(page.singles).to.deep.equal([{ agent: 'open-webui', sessions: 1, cost_usd: '0.001425' }]);
    expect((await store.queries.sessions(DAY)).sessions.map(({ id }) => id)).to.deep.equal(['alone', 'theirs', 'main']);
  });

  it('take ids for what they are, and 200 of them at once', async () => {
    const ids = [
      `'; drop table exchanges; --`,
      '$1',
      '😀',
      '.',
      'ü'.repeat(400),
      ...Array.from({ length: 250 }, (_, n) => `s${n}`),
    ];
    const store = await place().filled(...ids.flatMap((id, n) => [rowOf(id, n / 10), rowOf(id, n / 10)]));
    const first = await store.queries.sessions({ ...DAY, limit: 1000 });
    expect(first.sessions).to.have.lengthOf(200);
    const rest = await store.queries.sessions({ ...DAY, limit: 200, cursor: first.next! });
    expect(
      rest.sessions
        .map(({ id }) => id)
        .reverse()
        .slice(0, 5),
    ).to.deep.equal(ids.slice(0, 5));
    expect(rest.next).to.equal(null);
    expect((await store.queries.session(ids[0]!))?.turns).to.equal(2);
    expect((await store.queries.sessions({ from: DAY.to, to: new Date(+DAY.to + HOUR) })).sessions).to.deep.equal([]);
  });
});
