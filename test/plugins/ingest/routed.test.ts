import { expect } from 'chai';
import { type Answer, send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const ROUTED = '/api/ingest/routed';
const KEY = 'litellm-key-0123456789';
const YAML = `
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys: [{ name: litellm, key: ${KEY}, access: proxy, project: search, tags: { team: a } }]
pricing:
  models:
    openai/gpt-4o: { input: 2.5, output: 10, cache_read: 1.25 }
    google/gemini-9: { input: 1, output: 2 }
    dear: { input: 9, output: 9 }
plugins: [history, ingest]
`;
/** As the predecessor's LiteLLM callback sends it. */
const EVENT = {
  agent: 'litellm',
  model: 'gpt-4o',
  provider_name: 'openai',
  path: '/v1/chat/completions',
  request_body_bytes: 0,
  message_count: 3,
  user_message_count: 2,
  assistant_message_count: 1,
  tool_count: 0,
  input_tokens: 1000,
  output_tokens: 5,
  cache_read_tokens: 900,
  cache_write_tokens: 0,
  duration_ms: 250,
  stop_reason: 'stop',
};

describe('plugins/ingest, routed', () => {
  let gw: TestGateway;
  let count = 0;

  before(async () => {
    gw = await startGateway(YAML);
  });
  after(() => gw.close());

  const post = (body: unknown, headers: Record<string, string> = {}, url = gw.url): Promise<Answer> =>
    send({ url: url + ROUTED, method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  /** The row of a good event, found by an agent of its own. */
  async function rowOf(change: object = {}, headers: Record<string, string> = {}) {
    const agent = `agent-${++count}`;
    const answer = await post({ ...EVENT, agent, ...change }, headers);
    expect([answer.status, answer.text]).to.eql([202, '{"status":"accepted"}']);
    await gw.gateway.store.flush();
    const { entries } = await gw.gateway.store.queries.list({ filters: { agent } });
    expect(entries).to.have.length(1);
    return gw.row(entries[0]!.id);
  }

  it('becomes a row with everything that the record has a place for, and a price', async () => {
    expect(await rowOf({}, { authorization: `Bearer ${KEY}` })).to.deep.include({
      listener: 'ingest',
      method: 'POST',
      path: '/v1/chat/completions',
      api: 'openai.chat',
      provider: 'openai',
      model: { request: 'gpt-4o', response: null, priced_as: 'openai/gpt-4o' },
      usage: {
        input_tokens: 1000,
        output_tokens: 5,
        'cache_read.input_tokens': 900,
        'cache_creation.input_tokens': 0,
      },
      usage_status: 'final',
      cost_usd: '0.001425',
      cost_source: 'price_table',
      stop_reason: { raw: 'stop', normalized: 'stop' },
      request_bytes: 0,
      response_bytes: null,
      duration_ms: 250,
      status: null,
      outcome: 'ok',
      prompt: {
        system_chars: null,
        history_chars: null,
        tools_chars: null,
        messages: 3,
        user_messages: 2,
        assistant_messages: 1,
        tools: 0,
      },
      key: 'litellm',
      project: 'search',
      tags: { team: 'a' },
    });
  });

  it('reads the same in the answers of the predecessor', async () => {
    const { agent } = await rowOf();
    const [row] = JSON.parse((await send({ url: `${gw.url}/api/usage?agent=${agent}` })).text) as object[];
    expect(row).to.include({
      agent,
      model: 'gpt-4o',
      provider_name: 'openai',
      message_count: 3,
      user_message_count: 2,
      assistant_message_count: 1,
      tool_count: 0,
      input_tokens: 1000,
      output_tokens: 5,
      cache_read_tokens: 900,
      cache_write_tokens: 0,
      estimated_cost_usd: 0.001425,
      duration_ms: 250,
      stop_reason: 'stop',
    });
  });

  it('may leave out all but four members, which stay unknown', async () => {
    const { agent: _, model, provider_name, path } = EVENT;
    const agent = `agent-${++count}`;
    expect((await post({ agent, model, provider_name, path })).status).to.equal(202);
    await gw.gateway.store.flush();
    const [entry] = (await gw.gateway.store.queries.list({ filters: { agent } })).entries;
    expect(await gw.row(entry!.id)).to.deep.include({
      usage: null,
      usage_status: 'missing',
      usage_source: 'none',
      cost_usd: null,
      prompt: null,
      duration_ms: null,
      request_bytes: null,
      stop_reason: null,
    });
  });

  it('costs nothing where the model runs on one’s own machine, whatever it is called', async () => {
    const names = ['hipfire', 'local', 'lemonade', 'llama', 'llama.cpp', 'llama-server', 'mlx', 'ollama', 'vLLM'];
    for (const provider_name of names) {
      const row = await rowOf({ provider_name, model: 'extra.dear' });
      expect(row, provider_name).to.include({ provider: 'local', cost_usd: '0', cost_source: 'free' });
      expect(row.model.request).to.equal('dear');
    }
    expect((await rowOf({ provider_name: 'acme', model: 'extra.dear' })).model.request).to.equal('extra.dear');
  });

  it('is priced under the name that LiteLLM gives a provider, and unpriced where nobody knows', async () => {
    const gemini = { provider_name: 'gemini', model: 'gemini-9', cache_read_tokens: 0 };
    expect(await rowOf(gemini)).to.include({ provider: 'gemini', cost_usd: '0.00101' });
    expect(await rowOf({ model: 'unheard-of' })).to.include({ cost_usd: null, cost_source: null });
  });

  it('counts the cache within the input, and beside it where it would not fit', async () => {
    const beside = await rowOf({ input_tokens: 10, cache_read_tokens: 900, cache_write_tokens: 50 });
    expect(beside.usage).to.include({ input_tokens: 960, 'cache_read.input_tokens': 900 });
  });

  it('is one row each time: it names no id', async () => {
    const agent = `agent-${++count}`;
    for (let at = 0; at < 3; at++) await post({ ...EVENT, agent });
    await gw.gateway.store.flush();
    expect((await gw.gateway.store.queries.list({ filters: { agent } })).entries).to.have.length(3);
  });

  const wrong: readonly (readonly [object | string, number, string])[] = [
    ['{"agent":', 400, 'not JSON'],
    ['[]', 422, 'a routed event is a JSON object'],
    ['"text"', 422, 'a routed event is a JSON object'],
    [{ prompt: 'Hello' }, 422, 'prompt is not a member'],
    [{ content: null }, 422, 'content is not a member'],
    [{ agent: undefined }, 422, 'agent is needed'],
    [{ agent: '  ' }, 422, 'agent must not be empty'],
    [{ agent: 'a'.repeat(129) }, 422, 'agent has at most 128'],
    [{ model: 'm'.repeat(513) }, 422, 'model has at most 512'],
    [{ model: 7 }, 422, 'model must be a text'],
    [{ model: 'a\tb' }, 422, 'model must be one line'],
    [{ provider_name: null }, 422, 'provider_name must be a text'],
    [{ path: '/v1/messages' }, 422, 'path must be one of'],
    [{ path: 'constructor' }, 422, 'path must be one of'],
    [{ stop_reason: 's'.repeat(129) }, 422, 'stop_reason has at most 128'],
    [{ input_tokens: true }, 422, 'input_tokens must be a whole number'],
    [{ input_tokens: null }, 422, 'input_tokens must be a whole number'],
    [{ input_tokens: '5' }, 422, 'input_tokens must be a whole number'],
    [{ output_tokens: -1 }, 422, 'output_tokens must be a whole number'],
    [{ output_tokens: 2_000_000_001 }, 422, 'from 0 to 2000000000'],
    [{ cache_read_tokens: 0.5 }, 422, 'cache_read_tokens must be a whole number'],
    [{ message_count: 100_001 }, 422, 'from 0 to 100000'],
    [{ request_body_bytes: 2_097_153 }, 422, 'from 0 to 2097152'],
    [{ duration_ms: 86_400_001 }, 422, 'from 0 to 86400000'],
  ];
  for (const [change, status, message] of wrong) {
    it(`is refused with ${JSON.stringify(change).slice(0, 60)}`, async () => {
      const answer = await post(typeof change === 'string' ? change : { ...EVENT, ...change });
      expect(answer.status).to.equal(status);
      expect(JSON.parse(answer.text).error.message).to.include(message);
    });
  }

  it('has at most 16 KiB', async () => {
    const filled = (size: number): string => {
      const text = JSON.stringify({ ...EVENT, agent: `agent-${++count}` });
      return text.padEnd(size, ' ');
    };
    expect((await post(filled(16 * 1024))).status).to.equal(202);
    expect((await post(filled(16 * 1024 + 1))).status).to.equal(413);
  });

  it('needs a key where the listener is locked', async () => {
    const locked = gw.gateway.ports.all[1]!.url;
    expect((await post(EVENT, {}, locked)).status).to.equal(401);
    expect((await post(EVENT, { authorization: `Bearer ${KEY}` }, locked)).status).to.equal(202);
  });

  describe('while the store has trouble', () => {
    const patch = (change: object): void => void Object.assign(gw.gateway.store, change);
    afterEach(() => {
      const store = gw.gateway.store as unknown as Record<string, unknown>;
      for (const name of ['append', 'kept', 'has']) delete store[name];
    });

    it('is refused with 503 where neither journal nor database takes it', async () => {
      patch({ append: () => false });
      const full = await post(EVENT);
      expect([full.status, JSON.parse(full.text).error.code]).to.eql([503, 'store_unavailable']);
      expect(full.headers['retry-after']).to.equal('5');
      patch({ append: () => true, kept: async () => false });
      expect((await post(EVENT)).status).to.equal(503);
    });

    it('takes events whose ids it cannot look up: they are stored once all the same', async () => {
      patch({ has: () => Promise.reject(new Error('gone')) });
      const event = { id: 'once', provider: 'openai', model: 'gpt-4o', usage: { input_tokens: 1, output_tokens: 1 } };
      const url = `${gw.url}/api/v1/usage/events`;
      const first = await send({ url, method: 'POST', body: event });
      expect([first.status, JSON.parse(first.text).accepted]).to.eql([202, 1]);
      expect(gw.lines.map(({ msg }) => msg)).to.include(
        'the database does not say which events it has; each is stored once all the same',
      );
    });
  });

  it('is not sent on to a provider where the plugin is off', async () => {
    const bare = await startGateway('plugins: [history]\n');
    try {
      const answer = await post(EVENT, {}, bare.url);
      expect([answer.status, JSON.parse(answer.text).error.code]).to.eql([404, 'not_found']);
    } finally {
      await bare.close();
    }
  });
});
