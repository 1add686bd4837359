/** Ollama's own client, unmodified, through a gateway to an upstream that answers as Ollama does. */
import { expect } from 'chai';
import { Ollama } from 'ollama';

import { PIPELINE, startGateway, type TestGateway } from '../support/gateway.ts';
import type { Script } from '../support/script.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const MESSAGES = [{ role: 'user', content: 'Why is the sky blue?' }];
const COUNTS = { total_duration: 10, prompt_eval_count: 26, eval_count: 9, eval_duration: 5 };
const line = (content: string, more: object = {}) => ({
  model: 'llama3.2',
  created_at: '2026-11-20T18:00:00.123456789Z',
  message: { role: 'assistant', content },
  done: false,
  ...more,
});
const LAST = { done: true, done_reason: 'stop', ...COUNTS };
const lines = (...objects: object[]): Script => ({
  headers: { 'content-type': 'application/x-ndjson' },
  chunks: objects.map((object) => `${JSON.stringify(object)}\n`),
  framing: 'chunked',
});
const json = (object: object, status = 200): Script => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  chunks: [JSON.stringify(object)],
});

describe("Ollama's client", () => {
  let upstream: Upstream;
  let running: TestGateway;
  let client: Ollama;
  let rows = 0;

  before(async () => {
    upstream = await startUpstream();
    running = await startGateway(`providers: { ollama: { base_url: "${upstream.url}" } }\n${PIPELINE}`);
    client = new Ollama({ host: running.url });
  });
  after(async () => {
    await running?.close();
    await upstream?.close();
  });

  /** The row of what was just asked. */
  async function row() {
    rows += 1;
    return (await running.rows(rows)).at(-1)!;
  }

  it('streams a chat', async () => {
    upstream.next(lines(line('The'), line(' sky "done":true'), line('', LAST)));
    let said = '';
    for await (const part of await client.chat({ model: 'llama3.2', messages: MESSAGES, stream: true }))
      said += part.message.content;
    expect(said).to.equal('The sky "done":true');
    const record = await row();
    expect(record).to.include({
      api: 'ollama.chat',
      provider: 'ollama',
      outcome: 'ok',
      stream: true,
      path: '/api/chat',
    });
    expect(record).to.deep.include({
      usage: { input_tokens: 26, output_tokens: 9 },
      usage_status: 'final',
      cost_usd: '0',
      cost_source: 'free',
      stop_reason: { raw: 'stop', normalized: 'stop' },
      model: { request: 'llama3.2', response: 'llama3.2', priced_as: null },
    });
    expect(record.time_to_first_token_ms).to.be.a('number');
  });

  it('chats without a stream', async () => {
    upstream.next(json(line('Because.', LAST)));
    const answer = await client.chat({ model: 'llama3.2', messages: MESSAGES });
    expect(answer.message.content).to.equal('Because.');
    const record = await row();
    expect(record).to.include({ api: 'ollama.chat', outcome: 'ok', stream: false });
    expect(record.usage).to.deep.equal({ input_tokens: 26, output_tokens: 9 });
  });

  it('completes a prompt, and embeds', async () => {
    upstream.next(json({ model: 'llama3.2', response: 'Blue.', ...LAST }));
    expect((await client.generate({ model: 'llama3.2', prompt: 'Sky?' })).response).to.equal('Blue.');
    expect(await row()).to.include({ api: 'ollama.generate', outcome: 'ok' });
    upstream.next(json({ model: 'all-minilm', embeddings: [[0.1, 0.2]], prompt_eval_count: 4 }));
    expect((await client.embed({ model: 'all-minilm', input: 'sky' })).embeddings).to.have.length(1);
    const record = await row();
    expect(record).to.include({ api: 'ollama.embed', outcome: 'ok', cost_usd: '0' });
    expect(record.usage).to.deep.equal({ input_tokens: 4, output_tokens: 0 });
  });

  it('lists, shows and pulls models, which costs nothing', async () => {
    upstream.next(json({ models: [] }), json({ details: {} }), lines({ status: 'pulling' }, { status: 'success' }));
    expect((await client.list()).models).to.deep.equal([]);
    expect(await row()).to.include({ api: 'ollama.models', usage_status: 'not_applicable', outcome: 'ok' });
    await client.show({ model: 'llama3.2' });
    expect(await row()).to.include({ api: 'ollama.models', path: '/api/show' });
    const steps = [];
    for await (const step of await client.pull({ model: 'llama3.2', stream: true })) steps.push(step.status);
    expect(steps).to.deep.equal(['pulling', 'success']);
    expect(await row()).to.include({ api: 'ollama.models', usage_status: 'not_applicable', outcome: 'ok' });
  });

  it('does not take a model of the cloud for free', async () => {
    const remote = { model: 'gpt-oss:120b-cloud', remote_model: 'gpt-oss:120b', remote_host: 'https://ollama.com:443' };
    upstream.next(json(line('Because.', { ...LAST, ...remote })));
    await client.chat({ model: 'gpt-oss:120b-cloud', messages: MESSAGES });
    const record = await row();
    expect(record).to.include({ outcome: 'ok', cost_usd: null, cost_source: null });
    expect(record.usage).to.deep.equal({ input_tokens: 26, output_tokens: 9 });
  });

  it('is told errors in the words it knows: of the model, in a stream, of the gateway', async () => {
    upstream.next(json({ error: "model 'x' not found" }, 404));
    await refused(client.chat({ model: 'x', messages: MESSAGES }), "model 'x' not found");
    expect(await row()).to.include({ outcome: 'upstream_error', status: 404 });
    upstream.next(lines(line('The'), { error: 'out of memory' }));
    const broken = async () => {
      for await (const _ of await client.chat({ model: 'llama3.2', messages: MESSAGES, stream: true }));
    };
    await refused(broken(), 'out of memory');
    expect(await row()).to.include({ outcome: 'stream_error' });
    upstream.always({ raw: '', end: 'reset' });
    await refused(client.chat({ model: 'llama3.2', messages: MESSAGES }), /provider|upstream/i);
    upstream.always(json({}));
    expect(await row()).to.include({ outcome: 'upstream_error' });
  });

  it('sees a stream that broke as broken, and so does the row', async () => {
    upstream.next({ ...lines(line('The')), end: 'close' });
    await refused(
      (async () => {
        for await (const _ of await client.chat({ model: 'llama3.2', messages: MESSAGES, stream: true }));
      })(),
      /./,
    );
    expect(await row()).to.include({ outcome: 'truncated', usage: null });
  });
});

async function refused(call: Promise<unknown>, words: string | RegExp): Promise<void> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Error);
  expect((error as Error).message).to.match(words instanceof RegExp ? words : new RegExp(words));
}
