/** What stands in a row where the provider did not say what was used. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';

import type { TokenCount, Tokens } from '../../../src/plugin.ts';
import { block, start } from '../../support/anthropic-events.ts';
import { send } from '../../support/client.ts';
import { type Act, type Stage, setStage } from '../../support/play.ts';
import { json, sse, stream } from '../../support/script.ts';

/** 19 tokens: the example of OpenAI's API reference. */
const ASK = {
  messages: [
    { role: 'developer', content: 'You are a helpful assistant.' },
    { role: 'user', content: 'Hello!' },
  ],
};
/** 8 tokens, as GPT-4o itself said of this answer. */
const SAID = '1 + 1 = 2.';
const PRICES = 'pricing: { models: { gpt-4o-mini: { input: 2, output: 10 }, claude-a: { input: 3, output: 15 } } }';
const COUNTED = { source: 'counted', confidence: 'high' };

const answer = (more: object = {}, choice: object = {}) => ({
  id: 'c',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: SAID }, finish_reason: 'stop', ...choice }],
  ...more,
});
const chunk = (content: string, finish_reason: string | null = null) => ({
  id: 'c',
  model: 'gpt-4o-mini',
  choices: [{ index: 0, delta: { content }, finish_reason }],
});
const words = [...SAID].map((letter) => chunk(letter));
const whole = sse([...words, chunk('', 'stop'), '[DONE]']);

describe('what stands beside a usage that is not known', () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage({ plugins: 'include-usage, usage', yaml: PRICES });
  });
  after(() => stage.close());
  const recordOf = async (act: Act) =>
    (await stage.play({ ...act, request: { ...ASK, ...(act.request as object) } })).record;

  it('is counted in an answer without usage, and its cost is that of the count', async () => {
    const record = await recordOf({ upstream: json(answer()) });
    expect(record).to.deep.include({ usage: null, usage_status: 'missing', usage_source: 'counted', cost_usd: null });
    expect(record.estimate).to.eql({ input_tokens: 19, output_tokens: 8, cost_usd: '0.000118', ...COUNTED });
  });

  it('is counted in a stream of a server that does not care for include_usage', async () => {
    const { received, record } = await stage.play({ request: { ...ASK, stream: true }, upstream: stream(whole) });
    expect(received!.json.stream_options).to.eql({ include_usage: true });
    expect(record).to.include({ usage: null, usage_status: 'missing', usage_source: 'counted', outcome: 'ok' });
    // What was asked for on behalf of the client is no part of the prompt.
    expect(record.estimate).to.eql({ input_tokens: 19, output_tokens: 8, cost_usd: '0.000118', ...COUNTED });
  });

  it('is an estimate where the stream broke off, since more may have been generated', async () => {
    const record = await recordOf({ request: { stream: true }, upstream: stream(sse(words)) });
    expect(record).to.include({ outcome: 'truncated', usage_source: 'estimated' });
    expect(record.estimate).to.include({
      input_tokens: 19,
      output_tokens: 8,
      source: 'estimated',
      confidence: 'medium',
    });
  });

  it('is an estimate of what came before the client left', async () => {
    stage.upstream.always(() => stream([...sse(words), { wait: 'release' }]));
    const body = { model: 'gpt-4o-mini', stream: true, ...ASK };
    const bytes = sse(words).join('').length;
    const left = await send({ url: `${stage.running.url}/v1/chat/completions`, body, abortAfterBytes: bytes });
    const record = await stage.running.row(String(left.headers['x-token-spy-id']));
    expect(record).to.include({ outcome: 'client_aborted', usage: null, usage_source: 'estimated', cost_usd: null });
    expect(record.estimate).to.include({ input_tokens: 19, output_tokens: 8, source: 'estimated' });
  });

  it('takes the numbers that were said, and counts the rest', async () => {
    const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: SAID.repeat(20) } };
    const events = [start({ input_tokens: 25, output_tokens: 1 }), block, delta];
    const named = events.map((event): [string, object] => [event.type, event]);
    const { record } = await stage.play({
      path: '/v1/messages',
      request: { model: 'claude-a', max_tokens: 9, stream: true, ...ASK },
      upstream: stream(sse(named)),
    });
    expect(record).to.deep.include({ usage_status: 'partial', usage_source: 'provider' });
    expect(record.usage).to.eql({ input_tokens: 25, output_tokens: 1 });
    expect(record.estimate).to.include({ input_tokens: 25, source: 'estimated', confidence: 'medium' });
    expect(record.estimate!.output_tokens).to.be.within(160, 200);
  });

  it('is nothing where the provider had its last word, be it zero', async () => {
    const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    const record = await recordOf({ upstream: json(answer({ usage: zero })) });
    expect(record).to.deep.include({ usage: { input_tokens: 0, output_tokens: 0 }, usage_source: 'provider' });
    expect(record).to.include({ usage_status: 'final', cost_usd: '0', estimate: null });
  });

  for (const [what, request, choice] of [
    ['tools were called, whose framing is no text', {}, { finish_reason: 'tool_calls' }],
    ['several answers are mixed', { n: 2 }, {}],
    ['a schema is part of the prompt', { response_format: { type: 'json_schema', json_schema: {} } }, {}],
  ] as const) {
    it(`is an estimate where ${what}`, async () => {
      const record = await recordOf({ request, upstream: json(answer({}, choice)) });
      expect(record.usage_source).to.equal('estimated');
      expect(record.estimate).to.include({ output_tokens: 8, source: 'estimated', confidence: 'medium' });
    });
  }

  it('is an estimate where the model thinks before it writes, or its tokenizer is not public', async () => {
    for (const model of ['gpt-5-mini', 'gpt-oss-20b', 'gemini-2.5-flash']) {
      const record = await recordOf({ request: { model }, upstream: json(answer({ model })) });
      expect(record.estimate, model).to.include({ output_tokens: 8, source: 'estimated', confidence: 'medium' });
    }
  });

  it('is low in confidence where a picture is part of the prompt', async () => {
    const content = [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'QUJD'.repeat(9000)}` } }];
    const record = await recordOf({ request: { messages: [{ role: 'user', content }] }, upstream: json(answer()) });
    expect(record.estimate).to.include({ input_tokens: 3 + 1 + 3 + 2833 + 4 * 5667, confidence: 'low' });
  });

  it('is an input alone for embeddings', async () => {
    const { record } = await stage.play({
      path: '/v1/embeddings',
      request: '{"model":"text-embedding-3-small","input":["2 + 2 = 4","antidisestablishmentarianism"]}',
      upstream: json({ object: 'list', data: [], model: 'text-embedding-3-small' }),
    });
    expect(record.estimate).to.include({ input_tokens: 7 + 6, output_tokens: 0, ...COUNTED });
  });

  it('is nothing that was heard or put into subtitles: a form is no prompt, and its answer was not read', async () => {
    const form = (content: string) =>
      `--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n${content}\r\n--x--\r\n`;
    const record = async (contentType: string, text: string) => {
      stage.upstream.always({ headers: { 'content-type': contentType }, chunks: [text] });
      const { headers } = await send({
        url: `${stage.running.url}/v1/audio/transcriptions`,
        headers: { 'content-type': 'multipart/form-data; boundary=x' },
        body: form('gpt-4o-transcribe'),
      });
      return stage.running.row(String(headers['x-token-spy-id']));
    };
    const plain = await record('text/plain', 'data center');
    expect(plain).to.include({ outcome: 'ok', usage: null, usage_status: 'missing', cost_usd: null });
    expect(plain.estimate).to.include({ input_tokens: null, output_tokens: null, cost_usd: null });
    const read = await record('application/json', JSON.stringify({ text: SAID }));
    expect(read.estimate).to.include({ input_tokens: null, output_tokens: 8, cost_usd: null });
  });

  it('goes by length for 9 MB of one letter', async () => {
    const messages = [{ role: 'user', content: 'a'.repeat(9_000_000) }];
    const record = await recordOf({ request: { messages }, upstream: json(answer()) });
    expect(record.estimate).to.include({ output_tokens: 8, source: 'estimated', confidence: 'low' });
    expect(record.estimate!.input_tokens).to.be.within(2_200_000, 2_300_000);
  });

  it('reckons from the beginning of an answer that was too long to keep', async () => {
    const record = await recordOf({ upstream: json(answer({}, { message: { content: SAID.repeat(13_000) } })) });
    expect(record.estimate).to.include({ source: 'estimated', confidence: 'medium' });
    expect(record.estimate!.output_tokens).to.be.within(90_000, 105_000);
  });

  it('leaves no word of prompt or answer in rows, log and files', async () => {
    const [prompt, said] = ['xylophonequartz', 'zephyrjuxtapose'];
    const messages = [{ role: 'user', content: prompt }];
    await recordOf({ request: { messages }, upstream: json(answer({}, { message: { content: said } })) });
    await recordOf({ request: { messages, stream: true }, upstream: stream(sse([chunk(said)])) });
    const { folder, lines } = stage.running;
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const texts = files
      .filter((file) => file.isFile())
      .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
    const written = [JSON.stringify(lines), ...(await Promise.all(texts))].join('\n');
    expect(written).to.contain('gpt-4o-mini').and.to.not.contain(prompt).and.to.not.contain(said);
  });
});

describe('what stands beside a usage that is not known, without counting', () => {
  it('goes by length', async () => {
    const stage = await setStage({ plugins: '{ plugin: usage, count_tokens: false }', yaml: PRICES });
    try {
      const { record } = await stage.play({ request: ASK, upstream: json(answer()) });
      const bytes = JSON.stringify({ model: 'gpt-4o-mini', ...ASK }).length;
      const length = { input_tokens: Math.ceil(bytes / 4), output_tokens: Math.ceil(SAID.length / 4) };
      expect(record.estimate).to.include({ ...length, source: 'estimated', confidence: 'low' });
      expect(record.usage_source).to.equal('estimated');
    } finally {
      await stage.close();
    }
  });
});

describe('the counter that a gateway lends', () => {
  it('is asked for nothing while providers say what was used, and ends with the gateway', async () => {
    const spy = `export default { summary: 'Spies.', setup: ({ tokens }) => {
      const { prompt } = tokens;
      tokens.prompt = (...words) => (process.emit('asked'), prompt.apply(tokens, words));
      process.emit('lent', tokens);
    } };`;
    let asked = 0;
    let lent: Tokens | null = null;
    const count = (): void => void asked++;
    const take = (tokens: Tokens): void => {
      lent = tokens;
    };
    const events = process as NodeJS.EventEmitter;
    events.on('asked', count).once('lent', take);
    const stage = await setStage({ plugins: 'usage, spy', files: { 'spy.js': spy } });
    try {
      await stage.play({ request: ASK });
      expect(asked).to.equal(0);
      await stage.play({ request: ASK, upstream: json(answer()) });
      expect(asked).to.equal(1);
    } finally {
      await stage.close();
      events.off('asked', count);
    }
    const after: TokenCount = await lent!.count('gpt-4o', ['Hello!']);
    expect(after, 'nothing counts any more').to.include({ tokens: 2, source: 'estimated', confidence: 'low' });
  });
});
