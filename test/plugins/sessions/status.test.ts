import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { send } from '../../support/client.ts';
import { type Stage, setStage } from '../../support/play.ts';
import { json } from '../../support/script.ts';

const NORTH = 'north-key-0123456789';
const OWN = 'own-key-0123456789';
const APP = 'app-key-0123456789';

interface Ask {
  chars?: number;
  headers?: Record<string, string>;
  usage?: Record<string, number>;
  status?: number;
  content?: string;
}

describe('plugins/sessions/status', () => {
  let stage: Stage;
  let folder: string;
  let count = 0;
  let agent: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-session-status-'));
    stage = await setStage({
      plugins:
        'identity, sessions, { plugin: settings, session_char_limit: 10000 }, prompts, { plugin: usage, count_tokens: false }, { plugin: session-files, dirs: { coder: FOLDER } }'.replace(
          'FOLDER',
          JSON.stringify(folder),
        ),
      yaml: `listen: [{ port: 0 }, { port: 0, auth: key, name: locked }, { port: 0, agent: of-port, name: port, dashboard: true }]
keys:
  - { name: north, key: ${NORTH}, tenant: north }
  - { name: own, key: ${OWN}, agent: of-key }
  - { name: app, key: ${APP}, access: proxy }
providers:
  openai: { base_url: UPSTREAM, models: { gpt-4o-mini: { input: 1, output: 2, cache_read: 0.1, cache_write: 1.25 } } }
  anthropic: { base_url: UPSTREAM, models: { claude: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 } } }
  own: { adapter: openai_chat, base_url: UPSTREAM, free: true }`,
    });
  });
  after(async () => {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    agent = `a${count++}`;
  });

  const EMPTY = JSON.stringify([{ role: 'user', content: '' }]).length;
  /** One call whose history has so many characters. */
  const call = ({ chars = 100, headers = {}, usage = {}, status = 200, content }: Ask = {}) => {
    const said = content ?? 'x'.repeat(chars - EMPTY);
    const counted = { prompt_tokens: 1000, completion_tokens: 10, ...usage };
    return stage.play({
      request: { messages: [{ role: 'user', content: said }] },
      headers: { 'x-token-spy-agent': agent, ...headers },
      upstream: json({ choices: [{ message: { content: 'Hi' } }], usage: counted }, { status }),
    });
  };
  const status = async (query = `?agent=${agent}`, headers: Record<string, string> = {}, listener = 0) => {
    const url = stage.running.gateway.ports.all[listener]!.url;
    const answer = await send({ url: `${url}/api/session-status${query}`, headers });
    return { status: answer.status, body: JSON.parse(answer.text) as Record<string, unknown> };
  };
  const bodyOf = async (...rest: Parameters<typeof status>) => (await status(...rest)).body;

  describe('by the history rule, where neither an id nor the messages tell', () => {
    for (const [before, now, turns] of [
      [5000, 2499, 1],
      [5000, 2500, 2],
      [1000, 499, 2],
      [1000, 100, 2],
      [1001, 500, 1],
      [1001, 501, 2],
    ] as const)
      it(`counts ${turns} after ${before} and ${now} characters`, async () => {
        await call({ chars: before });
        await call({ chars: now });
        expect(await bodyOf()).to.include({ current_session_turns: turns, current_history_chars: now });
      });

    it('begins at the newest boundary of several', async () => {
      for (const chars of [8000, 3000, 4000, 1500, 1600, 1700]) await call({ chars });
      expect(await bodyOf()).to.include({ current_session_turns: 3, turns_since_last_reset: 3 });
    });

    it('goes no further back than to a session that is proven', async () => {
      await call({ headers: { 'x-session-id': `${agent}-s` } });
      await call({ chars: 200 });
      await call({ chars: 300 });
      expect(await bodyOf()).to.include({ current_session_turns: 2 });
    });
  });

  it('tells of two sessions that alternate the one that was used last, whole', async () => {
    for (let turn = 0; turn < 3; turn++)
      for (const [name, chars] of [
        ['long', 9000],
        ['short', 300],
      ] as const)
        await call({ chars: chars + turn, headers: { 'x-session-id': `${agent}-${name}` } });
    expect(await bodyOf()).to.include({
      current_session_turns: 3,
      current_history_chars: 302,
      session_id: `${agent}-short`,
    });
    await call({ chars: 9100, headers: { 'x-session-id': `${agent}-long` } });
    expect(await bodyOf()).to.include({ current_session_turns: 4, current_history_chars: 9100 });
  });

  it('has every field of the predecessor, rounded as there', async () => {
    const cached = { prompt_tokens_details: { cached_tokens: 400 } } as never;
    for (let turn = 0; turn < 6; turn++)
      await call({ headers: { 'x-session-id': agent }, usage: { ...(cached as object), completion_tokens: turn } });
    const body = await bodyOf();
    expect(body).to.eql({
      agent,
      current_session_turns: 6,
      current_history_chars: 100,
      last_turn_cost: 0.00065,
      avg_cost_last_5: 0.000646,
      cache_write_pct_last_5: 0,
      cost_since_last_reset: 0.00387,
      turns_since_last_reset: 6,
      recommendation: 'healthy',
      session_char_limit: 10000,
      tool_results: 0,
      session_id: agent,
    });
  });

  for (const [chars, state] of [
    [10_000, 'healthy'],
    [10_001, 'monitor'],
    [20_001, 'compact_soon'],
    [25_001, 'reset_recommended'],
  ] as const)
    it(`says ${state} at ${chars} characters of 10000`, async () => {
      await call({ chars });
      expect(await bodyOf()).to.include({ recommendation: state });
    });

  it('says that the cache is unstable where more than a fifth is written anew in three turns', async () => {
    const turn = (read: number, written: number) =>
      stage.play({
        path: '/v1/messages',
        request: { model: 'claude', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] },
        headers: { 'x-token-spy-agent': agent, 'x-session-id': agent },
        upstream: json({
          type: 'message',
          content: [],
          usage: {
            input_tokens: 1,
            output_tokens: 1,
            cache_read_input_tokens: read,
            cache_creation_input_tokens: written,
          },
        }),
      });
    await turn(790, 210);
    await turn(790, 210);
    expect(await bodyOf()).to.include({ recommendation: 'healthy', cache_write_pct_last_5: 0.21 });
    await turn(790, 210);
    expect(await bodyOf()).to.include({ recommendation: 'cache_unstable', cache_write_pct_last_5: 0.21 });
  });

  it('recommends a reset at 480 results of tools, whatever the length', async () => {
    const results = (times: number) =>
      Array.from({ length: times }, (_, at) => [
        {
          role: 'assistant',
          tool_calls: [{ id: `c${at}`, type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: `c${at}`, content: '1' },
      ]).flat();
    for (const [times, state] of [
      [479, 'compact_soon'],
      [480, 'reset_recommended'],
    ] as const) {
      await stage.running.gateway.settings.change({ session_char_limit: 35_000 }, null);
      await stage.play({
        request: { messages: [{ role: 'user', content: 'go' }, ...results(times)] },
        headers: { 'x-token-spy-agent': agent },
        upstream: json({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }),
      });
      const body = await bodyOf();
      expect(body, JSON.stringify(body)).to.include({ recommendation: state, tool_results: times });
    }
    await stage.running.gateway.settings.change({ session_char_limit: null }, null);
  });

  it('answers no_data with 200 for an agent that nothing is known of', async () => {
    const { status: code, body } = await status('?agent=nobody');
    expect(code).to.equal(200);
    expect(body).to.include({
      agent: 'nobody',
      current_session_turns: 0,
      recommendation: 'no_data',
      session_char_limit: 10_000,
    });
  });

  it('tells of an agent that has files and no turns what its files say, until it has turns', async () => {
    const lines = ['user', 'assistant', 'toolResult'].map((role) =>
      JSON.stringify({ type: 'message', message: { role, content: role === 'user' ? 'x'.repeat(8001) : '' } }),
    );
    await writeFile(join(folder, 'one.jsonl'), `${lines.join('\n')}\n`);
    expect(await bodyOf('?agent=coder')).to.eql({
      agent: 'coder',
      current_session_turns: 1,
      current_history_chars: 8001,
      last_turn_cost: 0,
      avg_cost_last_5: 0,
      cache_write_pct_last_5: 0,
      cost_since_last_reset: 0,
      turns_since_last_reset: 1,
      recommendation: 'compact_soon',
      session_char_limit: 10_000,
      tool_results: 1,
      file_bytes: lines.join('\n').length + 1,
      total_lines: 3,
      session_files: 1,
    });
    const key = { authorization: `Bearer ${NORTH}` };
    expect(await bodyOf('?agent=coder', key, 1)).to.include({ recommendation: 'no_data', current_history_chars: 0 });
    await call({ headers: { 'x-token-spy-agent': 'coder' } });
    expect(await bodyOf('?agent=coder')).to.include({ recommendation: 'healthy', current_history_chars: 100 });
  });

  it('does not know the cost of what has no price, and says when a model is one’s own', async () => {
    await stage.play({
      request: { model: 'priceless', messages: [{ role: 'user', content: 'x' }] },
      headers: { 'x-token-spy-agent': agent },
      path: '/openai/v1/chat/completions',
      upstream: json({ model: 'priceless', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }),
    });
    expect(await bodyOf()).to.include({ last_turn_cost: null, avg_cost_last_5: null, cost_since_last_reset: null });
    await stage.play({
      request: { messages: [{ role: 'user', content: 'x' }] },
      headers: { 'x-token-spy-agent': `${agent}-own` },
      path: '/own/v1/chat/completions',
    });
    expect(await bodyOf(`?agent=${agent}-own`)).to.include({ last_turn_cost: 0, is_local_model: true });
  });

  it('means the agent of the key or of the port where none is named, else the newest', async () => {
    await call();
    expect(await bodyOf('')).to.include({ agent, current_session_turns: 1 });
    expect(await bodyOf('', {}, 2)).to.include({ agent: 'of-port', recommendation: 'no_data' });
    const own = { authorization: `Bearer ${OWN}` };
    expect(await bodyOf('', own, 1)).to.include({ agent: 'of-key', recommendation: 'no_data' });
  });

  it('shows a tenant its own, and a key of the proxy nothing', async () => {
    await call();
    const key = (value: string) => ({ authorization: `Bearer ${value}` });
    expect(await bodyOf(`?agent=${agent}`, key(NORTH), 1)).to.include({ recommendation: 'no_data' });
    expect((await status(`?agent=${agent}`, key(APP), 1)).status).to.equal(401);
  });

  it('refuses an agent that is none', async () => {
    expect(await status('?agent=a&agent=b')).to.deep.include({ status: 400 });
    expect((await bodyOf('?agent=%00')).error).to.include({ code: 'invalid_parameter', field: 'agent' });
  });
});
