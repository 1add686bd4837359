import { expect } from 'chai';
import { onBothDialects } from '../places.ts';
import { failing, HOUR, recordOf } from '../records.ts';

onBothDialects("the predecessor's shapes", (place) => {
  const now = Date.now();
  const anthropic = {
    agent: 'claude',
    api: 'anthropic.messages',
    provider: 'anthropic',
    cost_usd: '0.0005484',
    usage: {
      input_tokens: 160,
      output_tokens: 20,
      'cache_read.input_tokens': 100,
      'cache_creation.input_tokens': 50,
    },
  };

  it('sums up by agent, leaves failures out of the turns, and counts input as the provider does', async () => {
    const store = await place().filled(
      recordOf(anthropic, now),
      recordOf({ agent: 'home', cost_usd: '0', cost_source: 'free', usage: { input_tokens: 5 } }, now),
      recordOf({ agent: 'home', ...failing({ outcome: 'upstream_error', status: 500 }) }, now),
      recordOf({ agent: 'old' }, now - 25 * HOUR),
    );
    const [claude, home, ...rest] = await store.queries.summary();
    expect(rest).to.deep.equal([]);
    expect(claude).to.deep.equal({
      agent: 'claude',
      turns: 1,
      total_input_tokens: 10,
      total_output_tokens: 20,
      total_cache_read: 100,
      total_cache_write: 50,
      total_cost: 0.0005484,
      avg_input_tokens: 10,
      max_input_tokens: 10,
      avg_system_chars: 120,
      avg_history_chars: 4000,
      avg_skill_chars: null,
      avg_base_prompt_chars: null,
    });
    expect(home).to.include({
      agent: 'home',
      turns: 1,
      total_input_tokens: 5,
      avg_input_tokens: 5,
      is_local_model: true,
    });
    expect((await store.queries.summary({ hours: 48 })).map((agent) => agent.agent)).to.deep.equal([
      'claude',
      'home',
      'old',
    ]);
  });

  it('is an empty list where nothing was', async () => {
    const store = await place().filled();
    expect(await store.queries.summary()).to.deep.equal([]);
    expect(await store.queries.usageRows()).to.deep.equal([]);
  });

  it('lists usage newest first, failures with their status, in bounds', async () => {
    const store = await place().filled(
      recordOf(anthropic, now - 2000),
      recordOf(
        failing({ status: 500, error: { type: 'api_error', code: null, http_status: 500, retry_after_s: null } }),
        now - 1000,
      ),
    );
    const rows = await store.queries.usageRows();
    expect(rows.map((row) => [row.status, row.error_type])).to.deep.equal([
      [500, 'api_error'],
      [200, null],
    ]);
    expect(rows[1]).to.include({
      agent: 'claude',
      model: 'gpt-4o',
      input_tokens: 10,
      cache_read_tokens: 100,
      cache_write_tokens: 50,
      estimated_cost_usd: 0.000548,
      system_prompt_total_chars: 120,
      conversation_history_chars: 4000,
      workspace_soul_chars: null,
      stop_reason: 'stop',
      duration_ms: 612.25,
      cost_source: 'priced_from_tokens',
    });
    expect(rows[0]).to.include({ cost_source: 'untracked', estimated_cost_usd: null });
    for (const limit of [-1, 0]) expect(await store.queries.usageRows({ limit })).to.have.lengthOf(1);
    expect(await store.queries.usageRows({ agent: 'claude', hours: Number.NaN })).to.have.lengthOf(1);
  });

  it('says what a cost rests on in the words of the predecessor', async () => {
    const store = await place().filled(
      recordOf({ cost_usd: '0', cost_source: 'free' }, now - 4),
      recordOf({ cost_source: 'provider' }, now - 3),
      recordOf({ usage_source: 'counted', usage_status: 'estimated' }, now - 2),
      recordOf({ cost_usd: null, cost_source: null }, now - 1),
    );
    const rows = await store.queries.usageRows();
    expect(rows.map((row) => row.cost_source)).to.deep.equal([
      'untracked',
      'estimated',
      'actual_billed',
      'local_zero_cost',
    ]);
  });

  it('gives the events after a place, turns only, each once', async () => {
    const store = await place().filled(recordOf(), recordOf(failing({})), recordOf(), recordOf());
    const first = await store.queries.eventsAfter(0, 2);
    const rest = await store.queries.eventsAfter(first[1]!.seq);
    expect([...first, ...rest]).to.have.lengthOf(3);
    expect(rest[0]?.seq).to.equal(await store.queries.newestSeq());
    expect(first[0]).to.include({
      type: 'token_usage',
      total_tokens: 1005,
      cost_usd: 0.001425,
      agent_name: 'open-webui',
      session_id: '',
    });
  });
});
