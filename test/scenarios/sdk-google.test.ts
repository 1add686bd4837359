/** Google's official SDK, unmodified, through a gateway whose upstream answers as Google does. */
import { ApiError, GoogleGenAI } from '@google/genai';
import { expect } from 'chai';

import { send } from '../support/client.ts';
import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import { json, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const CONFIGURED = 'AIza-configured-000';
const OURS = 'tsk-0123456789abcdef';
const MODEL = 'gemini-2.5-flash';
const contents = 'Grüße?';

const usage = (candidates: number, thoughts = 80) => ({
  promptTokenCount: 1000,
  candidatesTokenCount: candidates,
  thoughtsTokenCount: thoughts,
  totalTokenCount: 1000 + candidates + thoughts,
});
const answer = (words: string, tokens: number, more: object = {}) => ({
  candidates: [{ content: { parts: [{ text: words }], role: 'model' }, index: 0, ...more }],
  usageMetadata: usage(tokens),
  modelVersion: MODEL,
  responseId: 'r-1',
});
const STOP = { finishReason: 'STOP' };
const EVENTS = sse([answer('Grü', 3), answer('ße 🦊', 9), answer('', 20, STOP)], '\r\n');
/** 1,000 tokens at 0.30 and 100 at 2.50 dollars per million. */
const COST = '0.00055';
const TOKENS = { input_tokens: 1000, output_tokens: 100, 'reasoning.output_tokens': 80 };

const LIMITED = {
  error: {
    code: 429,
    message: 'Quota exceeded.',
    status: 'RESOURCE_EXHAUSTED',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '21.5s' }],
  },
};

describe("Google's SDK", () => {
  let up: Upstream;
  let gw: TestGateway;

  before(async () => {
    up = await startUpstream();
    gw = await startGateway(`
listen:
  - { port: 0, name: open }
  - { port: 0, name: locked, auth: key }
keys: [{ name: ci, key: ${OURS} }]
providers:
  google: { base_url: "${up.url}", api_key: ${CONFIGURED} }
  vertex: { base_url: "${up.url}" }
  google-openai: { base_url: "${up.url}/v1beta/openai" }
${PIPELINE}`);
  });
  after(async () => {
    await gw?.close();
    await up?.close();
  });
  beforeEach(() => {
    up.received.length = 0;
    up.always(json(answer('Grüße 🦊', 20, STOP)));
  });

  const urlOf = (name: string): string => gw.gateway.ports.all.find((port) => port.name === name)!.url;
  const sdk = (
    apiKey = 'AIza-of-the-client',
    { path = '', name = 'open', apiVersion = 'v1beta', vertexai = false } = {},
  ) => new GoogleGenAI({ apiKey, vertexai, apiVersion, httpOptions: { baseUrl: urlOf(name) + path } });
  /** The row of the last exchange, which may still be on its way out when its client has seen enough. */
  const lastRow = async () => {
    await until('the exchange is over', () => gw.gateway.inFlight === 0);
    return (await gw.rows()).at(-1)!;
  };
  const refusal = async (call: Promise<unknown>): Promise<ApiError> => {
    const error = await call.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ApiError);
    return error as ApiError;
  };

  for (const [path, apiVersion] of [
    ['', 'v1beta'],
    ['', 'v1'],
    ['/google', 'v1beta'],
  ] as const) {
    it(`generates under ${path}/${apiVersion}`, async () => {
      const got = await sdk(undefined, { path, apiVersion }).models.generateContent({ model: MODEL, contents });
      expect(got.text).to.equal('Grüße 🦊');
      expect(got.usageMetadata?.totalTokenCount).to.equal(1100);
      expect(up.received[0]!.path).to.equal(`/${apiVersion}/models/${MODEL}:generateContent`);
      const row = await lastRow();
      expect(row).to.deep.include({
        provider: 'google',
        api: 'gemini.generateContent',
        stream: false,
        outcome: 'ok',
        usage: TOKENS,
        usage_status: 'final',
        cost_usd: COST,
        cost_source: 'price_table',
        response_id: 'r-1',
        stop_reason: { raw: 'STOP', normalized: 'stop' },
      });
      expect(row.model).to.deep.equal({ request: MODEL, response: MODEL, priced_as: `google/${MODEL}` });
    });
  }

  it('streams, for the same tokens and the same money', async () => {
    up.always(stream(EVENTS));
    const chunks = [];
    for await (const chunk of await sdk().models.generateContentStream({ model: MODEL, contents })) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.text ?? '').join('')).to.equal('Grüße 🦊');
    expect(chunks.at(-1)?.usageMetadata?.candidatesTokenCount).to.equal(20);
    expect(up.received[0]!.path).to.equal(`/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`);
    expect(await lastRow()).to.deep.include({
      api: 'gemini.streamGenerateContent',
      stream: true,
      usage: TOKENS,
      usage_status: 'final',
      cost_usd: COST,
      outcome: 'ok',
    });
  });

  it('counts tokens, which costs nothing', async () => {
    up.always(json({ totalTokens: 31 }));
    expect((await sdk().models.countTokens({ model: MODEL, contents })).totalTokens).to.equal(31);
    expect(await lastRow()).to.deep.include({ usage: null, usage_status: 'not_applicable', cost_usd: null });
  });

  it('embeds, and calls functions', async () => {
    up.always(json({ embeddings: [{ values: [0.1] }], usageMetadata: { promptTokenCount: 1000 } }));
    const { embeddings } = await sdk().models.embedContent({ model: 'gemini-embedding-001', contents });
    expect(embeddings).to.have.length(1);
    const row = await lastRow();
    expect(row).to.deep.include({ usage: { input_tokens: 1000, output_tokens: 0 }, cost_usd: '0.00015' });
    const call = { functionCall: { name: 'get_weather', args: { city: 'Köln' } } };
    up.always(json({ candidates: [{ content: { parts: [call] }, ...STOP }], usageMetadata: usage(5) }));
    const got = await sdk().models.generateContent({ model: MODEL, contents });
    expect(got.functionCalls?.[0]?.args).to.deep.equal({ city: 'Köln' });
    expect((await lastRow()).stop_reason).to.deep.equal({ raw: 'STOP', normalized: 'tool_calls' });
  });

  it('interacts, at once and in a stream', async () => {
    const used = { total_input_tokens: 1000, total_output_tokens: 20, total_thought_tokens: 80, total_tokens: 1100 };
    const interaction = { id: 'v1-1', object: 'interaction', model: MODEL, status: 'completed', usage: used };
    const steps = [{ type: 'model_output', content: [{ type: 'text', text: 'Grüße 🦊' }] }];
    up.always(json({ ...interaction, steps }));
    expect((await sdk().interactions.create({ model: MODEL, input: contents })).output_text).to.equal('Grüße 🦊');
    const wanted = { provider: 'google', api: 'gemini.interactions', usage: TOKENS, cost_usd: COST, outcome: 'ok' };
    expect(await lastRow()).to.deep.include({ ...wanted, stream: false });
    const delta = { event_type: 'step.delta', index: 0, delta: { type: 'text', text: 'Grüße 🦊' } };
    const events = [delta, { event_type: 'interaction.completed', interaction }];
    up.always(stream(sse([...events.map((event) => [event.event_type, event] as [string, object]), '[DONE]'])));
    const seen = [];
    for await (const event of await sdk().interactions.create({ model: MODEL, input: contents, stream: true }))
      seen.push(event);
    expect(seen.map(({ event_type }) => event_type)).to.deep.equal(['step.delta', 'interaction.completed']);
    expect(await lastRow()).to.deep.include({ ...wanted, stream: true });
  });

  it("throws the provider's 429 as its own error, with the provider's words; the row has the delay", async () => {
    for (const script of [json(LIMITED, { status: 429 }), json([LIMITED], { status: 429 })]) {
      up.always(script);
      const { status, message } = await refusal(sdk().models.generateContent({ model: MODEL, contents }));
      expect(status).to.equal(429);
      expect(message).to.contain('Quota exceeded.');
      const row = await lastRow();
      expect(row).to.include({
        outcome: 'upstream_error',
        status: 429,
        usage_status: 'not_applicable',
        cost_usd: null,
      });
      expect(row.error).to.deep.equal({
        type: 'RESOURCE_EXHAUSTED',
        code: '429',
        http_status: 429,
        retry_after_s: 21.5,
      });
    }
  });

  it('throws an error in the middle of a stream; the row tells it from a good end', async () => {
    up.always(stream([EVENTS[0]!, ...sse([LIMITED], '\r\n')]));
    const read = async (): Promise<void> => {
      for await (const _ of await sdk().models.generateContentStream({ model: MODEL, contents }));
    };
    expect((await refusal(read())).status).to.equal(429);
    const row = await lastRow();
    expect(row).to.include({ outcome: 'stream_error', usage_status: 'partial', status: 200 });
    expect(row.error).to.deep.include({ code: '429', retry_after_s: 21.5 });
  });

  it('is told by the gateway in the same way', async () => {
    const { status, message } = await refusal(
      sdk('AIza-not-ours', { name: 'locked' }).models.generateContent({ model: MODEL, contents }),
    );
    expect(status).to.equal(401);
    const { error } = JSON.parse(message) as { error: { status: string; details: { reason: string }[] } };
    expect([error.status, error.details[0]!.reason]).to.deep.equal(['UNAUTHENTICATED', 'invalid_gateway_key']);
    expect(up.received).to.have.length(0);
  });

  describe('brings a key', () => {
    const seen = () => {
      const { headers, path } = up.received[0]!;
      return [headers['x-goog-api-key'] ?? null, /[?&]key=([^&]*)/.exec(path)?.[1] ?? null];
    };
    const ask = (query: string, headers: Record<string, string> = {}) =>
      send({ url: `${gw.url}/v1beta/models/${MODEL}:generateContent${query}`, body: { contents: [] }, headers });

    it('of its own in a header: it goes up instead of the configured one', async () => {
      await sdk().models.generateContent({ model: MODEL, contents });
      expect(seen()).to.deep.equal(['AIza-of-the-client', null]);
    });

    it('of the gateway: it stays here, and the configured one goes up', async () => {
      await sdk(OURS, { name: 'locked' }).models.generateContent({ model: MODEL, contents });
      expect(seen()).to.deep.equal([CONFIGURED, null]);
      expect((await lastRow()).key).to.equal('ci');
    });

    for (const [what, query, headers, goesUp] of [
      ['of its own in the query', '?key=AIza-own', {}, [null, 'AIza-own']],
      [
        'of its own in the query, of the gateway in a header',
        '?alt=json&key=AIza-own',
        { 'x-goog-api-key': OURS },
        [null, 'AIza-own'],
      ],
      ['of the gateway in the query', `?key=${OURS}`, {}, [CONFIGURED, null]],
      ['of nobody in the query', '?key=', {}, [CONFIGURED, '']],
      ['nowhere', '', {}, [CONFIGURED, null]],
    ] as [string, string, Record<string, string>, unknown[]][]) {
      it(`${what}: what goes up is ${goesUp.filter(Boolean)}`, async () => {
        expect((await ask(query, headers)).status).to.equal(200);
        expect(seen()).to.deep.equal(goesUp);
      });
    }
  });

  describe('on Vertex AI', () => {
    const HERE = '/v1/projects/p/locations/europe-west4';
    const headers = { authorization: 'Bearer ya29.of-the-caller' };

    it('generates with a key', async () => {
      const got = await sdk(undefined, { vertexai: true, apiVersion: 'v1beta1' }).models.generateContent({
        model: MODEL,
        contents,
      });
      expect(got.text).to.equal('Grüße 🦊');
      expect(up.received[0]!.path).to.equal(`/v1beta1/publishers/google/models/${MODEL}:generateContent`);
      expect(await lastRow()).to.deep.include({ provider: 'vertex', usage: TOKENS, cost_usd: COST });
    });

    it("is Claude's host as well; the caller's token goes up, and the name with its date has a price", async () => {
      up.always(
        json({
          id: 'msg_1',
          type: 'message',
          model: 'claude-sonnet-4-5-20250929',
          content: [{ type: 'text', text: 'Hi.' }],
          stop_reason: 'end_turn',
          usage: { input_tokens: 1000, output_tokens: 100 },
        }),
      );
      const path = `${HERE}/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict`;
      const body = { anthropic_version: 'vertex-2023-10-16', max_tokens: 100, messages: [] };
      expect((await send({ url: gw.url + path, body, headers })).status).to.equal(200);
      expect(up.received[0]!.headers.authorization).to.equal(headers.authorization);
      expect(up.received[0]!.path).to.equal(path);
      const row = await lastRow();
      expect(row).to.deep.include({ provider: 'vertex', api: 'anthropic.messages', cost_usd: '0.0045' });
      expect(row.model.priced_as).to.equal('google/claude-sonnet-4-5');
      expect(row.model.request).to.equal('claude-sonnet-4-5@20250929');
    });

    it('counts tokens of Claude, which costs nothing', async () => {
      up.always(json({ error: { code: 503, status: 'UNAVAILABLE' } }, { status: 503 }));
      const path = `${HERE}/publishers/anthropic/models/count-tokens:rawPredict`;
      await send({ url: gw.url + path, body: { model: 'claude-sonnet-4-5', messages: [] }, headers });
      expect(await lastRow()).to.deep.include({ api: 'anthropic.count_tokens', usage_status: 'not_applicable' });
    });

    it('knows models by their publisher in the words of OpenAI', async () => {
      const chat = {
        id: 'c-1',
        model: `google/${MODEL}`,
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1000, completion_tokens: 20, total_tokens: 1100 },
      };
      up.always(json(chat));
      const body = { model: `google/${MODEL}`, messages: [] };
      await send({ url: `${gw.url}${HERE}/endpoints/openapi/chat/completions`, body, headers });
      expect(await lastRow()).to.deep.include({
        provider: 'vertex',
        api: 'openai.chat',
        usage: TOKENS,
        cost_usd: COST,
      });
      up.always(json({ ...chat, model: MODEL }));
      await send({ url: `${gw.url}/google-openai/chat/completions`, body: { ...body, model: MODEL }, headers });
      expect(up.received.at(-1)!.path).to.equal('/v1beta/openai/chat/completions');
      expect(await lastRow()).to.deep.include({ provider: 'google-openai', usage: TOKENS, cost_usd: COST });
      await send({ url: `${gw.url}/v1beta/openai/chat/completions`, body: { ...body, model: MODEL }, headers });
      expect(up.received.at(-1)!.path).to.equal('/v1beta/openai/chat/completions');
      expect(await lastRow()).to.deep.include({ provider: 'google', usage: TOKENS, cost_usd: COST });
    });
  });
});
