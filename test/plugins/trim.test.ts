import { expect } from 'chai';
import OpenAI from 'openai';
import { send } from '../support/client.ts';
import { type Played, type Stage, setStage } from '../support/play.ts';

const LIMITS = `export default {
  summary: 'Asks for a short history.',
  setup: () => ({ onRequest(exchange) { const to = exchange.request.header('x-shorten'); if (to) exchange.state.shorten = 'limit'; if (to > 1) exchange.state.shortenTo = Number(to); } }),
};`;
const FILTERS =
  '{ enabled: true, tools: { enabled: true, mode: allowlist, allowlist: [read] }, history: { enabled: true, max_pairs: 2, always_keep_last_n: 0 } }';
const fn = (name: string) => ({ type: 'function', function: { name, description: 'x'.repeat(400) } });
const pairs = (count: number) =>
  Array.from({ length: count }, (_, n) => [
    { role: 'user', content: `question ${n}` },
    { role: 'assistant', content: `answer ${n}` },
  ]).flat();

describe('plugins/trim', () => {
  let stage: Stage;

  before(async () => {
    stage = await setStage({
      plugins: `identity, { plugin: settings, session_char_limit: 10000, agents: { coder: { filters: ${FILTERS} }, terse: { filters: { enabled: true, log_details: false, tools: { enabled: true, mode: blocklist, blocklist: [write] } } } } }, asks, trim, { plugin: usage, count_tokens: false }`,
      files: { 'asks.js': LIMITS },
      yaml: `providers: { ${['openai', 'anthropic', 'google'].map((name) => `${name}: { base_url: "UPSTREAM" }`).join(', ')} }
keys: [{ name: north, key: north-key-0123456789, tenant: north }, { name: south, key: south-key-0123456789, tenant: south }]`,
    });
  });
  after(() => stage.close());

  const play = (agent: string, request: object, headers: Record<string, string> = {}, path?: string): Promise<Played> =>
    stage.play({ request, headers: { 'x-token-spy-agent': agent, ...headers }, ...(path && { path }) });
  const api = async (path: string, headers: Record<string, string> = {}) =>
    JSON.parse((await send({ url: stage.running.url + path, headers })).text) as Record<string, unknown>;
  const linesOf = (agent: string) =>
    stage.running.lines.filter((line) => line.plugin === 'trim' && line.agent === agent);

  it('takes out what the rules of the agent say, and tells how much in a header, the row and the log', async () => {
    const request = {
      messages: [...pairs(5), { role: 'user', content: 'now' }],
      tools: [fn('read'), fn('write')],
      tool_choice: fn('write'),
    };
    const { answer, received, record } = await play('coder', request);
    expect(received?.json.messages).to.eql([...pairs(5).slice(8), { role: 'user', content: 'now' }]);
    expect([received?.json.tools, received?.json.tool_choice]).to.eql([[fn('read')], undefined]);
    const saved = JSON.stringify({ model: 'gpt-4o-mini', ...request }).length - received!.body.length;
    expect(answer.headers['x-token-spy-trimmed']).to.equal(`tools=1; chars=${saved}`);
    expect(record.rewritten_by).to.eql(['trim']);
    const [line] = linesOf('coder');
    expect(line).to.deep.include({
      msg: 'a request was trimmed',
      tools: 1,
      chars: saved,
      messages: 8,
      tokens_estimated: Math.floor(saved / 4),
    });
    expect(JSON.stringify(stage.running.lines)).to.not.include('question');
  });

  it('leaves requests of agents without rules byte for byte', async () => {
    const body =
      '{ "model": "gpt-4o-mini", "messages": [], "tools": [{"type":"function","function":{"name":"write"}}] }';
    const { answer, received } = await stage.play({ request: body });
    expect(received?.body.toString()).to.equal(body);
    expect(answer.headers).to.not.have.property('x-token-spy-trimmed');
  });

  it('shortens a history that is asked to be short, though there are no filters', async () => {
    const messages = [...pairs(300), { role: 'user', content: 'now' }];
    const { received } = await play('default', { messages }, { 'x-shorten': '1' });
    const left = received?.json.messages as object[];
    expect(left.length).to.equal(39);
    const long = pairs(10).map((message) => ({ ...message, content: message.content.repeat(100) }));
    const shorter = (await play('default', { messages: long }, { 'x-shorten': '1' })).received?.json
      .messages as object[];
    expect(JSON.stringify(shorter).length).to.be.within(7000, 9999);
    expect(shorter).to.eql(long.slice(-shorter.length));
    const shortest = (await play('default', { messages: long }, { 'x-shorten': '7100' })).received?.json
      .messages as object[];
    expect(JSON.stringify(shortest).length).to.be.within(4800, 7099);
  });

  it('works for Anthropic, Responses and Gemini', async () => {
    const messages = pairs(4);
    const claude = await play('coder', { model: 'claude-sonnet-4-6', messages }, {}, '/v1/messages');
    expect(claude.received?.json.messages).to.eql(messages.slice(4));
    const responses = await play('coder', { input: messages, messages: undefined }, {}, '/v1/responses');
    expect(responses.received?.json.input).to.eql(messages.slice(4));
    const contents = messages.map(({ role, content }) => ({
      role: role === 'user' ? 'user' : 'model',
      parts: [{ text: content }],
    }));
    for (const verb of ['generateContent', 'streamGenerateContent']) {
      const gemini = await play('coder', { contents }, {}, `/v1beta/models/gemini-2.5-flash:${verb}`);
      expect(gemini.received?.json.contents).to.eql(contents.slice(4));
    }
  });

  it('lets pass what is too large or not understood, and tells that once', async () => {
    const large = { messages: [...pairs(5), { role: 'user', content: 'x'.repeat(4 * 1024 * 1024) }] };
    const odd = { messages: [{ role: 'ghost', content: 'boo' }, ...pairs(5)] };
    const texts = { prompt: 'hi', messages: undefined };
    for (const _ of [1, 2]) {
      expect((await play('coder', large)).received?.json.messages).to.eql(large.messages);
      expect((await play('coder', odd)).received?.json.messages).to.eql(odd.messages);
      expect((await play('coder', texts, {}, '/v1/completions')).received?.json.prompt).to.equal('hi');
    }
    const told = stage.running.lines.filter((line) => line.plugin === 'trim' && line.level === 'warn');
    expect(told.map(({ msg, api }) => [msg, api])).to.eql([
      ['requests of more than 4 MiB are not trimmed', 'openai.chat'],
      ['a request was not what its API says', 'openai.chat'],
      ['requests of this API are not trimmed', 'openai.completions'],
    ]);
  });

  it('counts what was saved, by agent', async () => {
    const before = ((await api('/api/filter-stats?agent=terse')).saved as { requests: number }).requests;
    const { answer } = await play('terse', { tools: [fn('write'), fn('read')] });
    const chars = Number(/chars=(\d+)/.exec(String(answer.headers['x-token-spy-trimmed']))?.[1]);
    const stats = await api('/api/filter-stats?agent=terse');
    expect(stats).to.deep.include({
      filters_enabled: true,
      agent: 'terse',
      tools: { mode: 'blocklist', blocked: ['write'] },
      system_prompt: { enabled: false, mode: 'strip_sections' },
      history: { enabled: false, max_pairs: 20, truncate_tool_results_chars: 2000 },
      saved: { requests: before + 1, chars, tokens: Math.floor(chars / 4), tools_removed: 1 },
      tokens_are: 'estimated',
    });
    expect(Object.keys(stats.saved_by_agent as object)).to.include.members(['terse', 'coder', 'default']);
    expect(linesOf('terse')).to.eql([]);
    const metrics = await stage.running.gateway.metrics.registry.metrics();
    expect(metrics).to.match(/gateway_trim_requests_total\{agent="terse"\} 1\b/);
    expect(metrics).to.match(new RegExp(`gateway_trim_saved_characters_total\\{agent="terse"\\} ${chars}\\b`));
    expect(metrics).to.match(/gateway_trim_removed_tools_total\{agent="terse"\} 1\b/);
    expect(metrics).to.match(/gateway_trim_passed_total\{why="size"\} 2\b/);
  });

  it('answers for the agent of the listener where none is asked for', async () => {
    expect(await api('/api/filter-stats')).to.deep.include({ agent: 'default', filters_enabled: false, tools: {} });
    expect(await api('/api/filter-stats?agent=constructor')).to.deep.include({
      agent: 'constructor',
      saved: { requests: 0, chars: 0, tokens: 0, tools_removed: 0 },
    });
  });

  it('shows the holder of a tenant’s key only what its tenant saved', async () => {
    const key = { 'x-api-key': 'north-key-0123456789' };
    await play('terse', { tools: [fn('write'), fn('read')] }, key);
    const north = await api('/api/filter-stats?agent=terse', key);
    expect(north.saved).to.deep.include({ requests: 1 });
    expect(Object.keys(north.saved_by_agent as object)).to.eql(['terse']);
    const south = await api('/api/filter-stats?agent=terse', { 'x-api-key': 'south-key-0123456789' });
    expect([south.saved, south.saved_by_agent]).to.eql([{ requests: 0, chars: 0, tokens: 0, tools_removed: 0 }, {}]);
  });

  it('leaves what OpenAI’s SDK can go on with', async () => {
    const client = new OpenAI({
      baseURL: `${stage.running.url}/v1`,
      apiKey: 'sk-x',
      defaultHeaders: { 'x-token-spy-agent': 'coder' },
    });
    const made = await client.chat.completions
      .create({ model: 'gpt-4o-mini', messages: pairs(5) as OpenAI.ChatCompletionMessageParam[] })
      .withResponse();
    expect(made.response.headers.get('x-token-spy-trimmed')).to.match(/^tools=0; chars=\d+$/);
    expect(made.data.choices[0]?.message.content).to.equal('Hello.');
  });

  it('goes by settings that change while it runs', async () => {
    const tools = { tools: [fn('write'), fn('read')] };
    expect((await play('late', tools)).received?.json.tools).to.have.length(2);
    const filters = { enabled: true, tools: { enabled: true, mode: 'blocklist', blocklist: ['write'] } };
    const set = await send({ url: `${stage.running.url}/api/settings`, body: { agents: { late: { filters } } } });
    expect(set.status, set.text).to.equal(200);
    expect((await play('late', tools)).received?.json.tools).to.have.length(1);
  });
});
