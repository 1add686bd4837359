import { readFile, rm } from 'node:fs/promises';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';

import { type Answer, open, rawSocket, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Stage, setStage } from '../support/play.ts';
import { json, type Script, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const KEY = 'tsk-predictions-0123456789';
const REFUSES = `
export default {
  summary: 'Refuses what says so.',
  setup: () => ({
    async onRequest(exchange) {
      const how = exchange.request.header('x-refuse');
      if (how === 'counted') await exchange.state.foresight.counted();
      if (how) return exchange.refuse(402, 'budget_exceeded', 'No.');
    },
  }),
};
`;

const CHANGES = `
export default {
  summary: 'Changes what says so, a while later.',
  setup: () => ({
    async onRequest({ request }) {
      const what = request.header('x-change');
      if (!what) return;
      await new Promise((done) => setTimeout(done, 5));
      if (what === 'limit') request.set(['max_tokens'], 40, 'changes');
      else request.set(['messages'], [{ role: 'user', content: 'Hello, and again hello!' }], 'changes');
    },
  }),
};
`;

const HELLO = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello!' }] };
const reply = (input: number, output: number, more: Script = {}): Script =>
  json(
    {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: 'gpt-4o-2024-08-06',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    },
    more,
  );
const chunk = (content: string) => ({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta: { content } }] });
const STREAM = sse([
  chunk('Hi'),
  { id: 'c', model: 'gpt-4o', choices: [], usage: { prompt_tokens: 9, completion_tokens: 20, total_tokens: 29 } },
  '[DONE]',
]);
const CLAUDE = json({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5',
  content: [{ type: 'text', text: 'Hi.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 5 },
});

/** What an answer says of its cost, without the prefix. */
function said({ headers }: Answer, prefix = 'x-tokencap'): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(`${prefix}-`))
      .map(([name, value]) => [name.slice(prefix.length + 1), String(value)]),
  );
}

describe('plugins/prediction', () => {
  let upstream: Upstream;
  let running: TestGateway;

  before(async () => {
    upstream = await startUpstream();
    running = await startGateway(
      `
keys: [{ name: team, key: ${KEY} }]
providers:
  openai: { base_url: "${upstream.url}" }
  anthropic: { base_url: "${upstream.url}" }
  ollama: { base_url: "${upstream.url}" }
  nobody: { base_url: "http://127.0.0.1:1", adapter: openai_chat }
plugins: [history, identity, prediction, include-usage, usage]
`,
    );
  });
  after(async () => {
    await running.close();
    await upstream.close();
  });

  const ask = (body: object, headers: Record<string, string> = {}, path = '/v1/chat/completions') =>
    send({ url: running.url + path, body, headers });
  const row = (answer: Answer) => running.row(String(answer.headers['x-token-spy-id']));

  describe('says before', () => {
    beforeEach(() => upstream.always(reply(9, 20)));

    it('what a limited answer will cost, with high confidence', async () => {
      const answer = await ask({ ...HELLO, max_tokens: 100 });
      expect(said(answer)).to.include({
        'input-tokens': '9',
        'estimated-output-tokens': '75',
        'estimated-cost-usd': '0.000772',
        'estimated-cost-p90-usd': '0.001022',
        confidence: 'high',
        'request-id': String(answer.headers['x-token-spy-id']),
      });
    });

    it('half of what the model can give where nothing is limited, with medium confidence', async () => {
      const answer = await ask(HELLO);
      expect(said(answer)).to.include({
        'estimated-output-tokens': '8192',
        'estimated-cost-usd': '0.081942',
        confidence: 'medium',
      });
    });

    it('the same of the newer limit, and of several answers', async () => {
      const one = await ask({ ...HELLO, max_completion_tokens: 100 });
      expect(said(one)['estimated-output-tokens']).to.equal('75');
      const three = await ask({ ...HELLO, max_completion_tokens: 100, n: 3 });
      expect(said(three)).to.include({ 'estimated-output-tokens': '225', 'estimated-cost-usd': '0.002272' });
    });

    it('all of it in the row, with the most that it could have cost', async () => {
      const { prediction } = await row(await ask({ ...HELLO, max_tokens: 100 }));
      expect(prediction).to.include({
        input_tokens: 9,
        source: 'counted',
        output_tokens: 75,
        output_tokens_p90: 100,
        basis: 'max_tokens',
        cost_usd: '0.0007725',
        cost_usd_p90: '0.0010225',
        confidence: 'high',
      });
      expect(Number(prediction!.cost_usd_max)).to.be.within(0.0010225, 0.0012);
    });

    it('nothing of the cost of a model without a price, and zero of what is free', async () => {
      const unknown = await ask({ ...HELLO, model: 'gpt-unheard-of', max_tokens: 100 });
      expect(said(unknown)).to.include({ 'estimated-output-tokens': '75', confidence: 'low' });
      expect(said(unknown)).to.not.have.any.keys('estimated-cost-usd', 'estimated-cost-p90-usd');
      expect((await row(unknown)).prediction).to.include({ cost_usd: null, cost_usd_max: null });
      const free = await ask({ ...HELLO, model: 'llama3' }, {}, '/ollama/v1/chat/completions');
      expect(said(free)['estimated-cost-usd']).to.equal('0.000000');
    });

    it('only whose request it is where nothing is billed', async () => {
      upstream.next(json({ data: [] }));
      const answer = await send({ url: `${running.url}/v1/models` });
      expect(said(answer)).to.eql({ 'request-id': String(answer.headers['x-token-spy-id']) });
    });

    it('low confidence of tools, of parts, and of vendors without a tokenizer', async () => {
      const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
      const parts = [{ role: 'user', content: [{ type: 'text', text: 'Hello!' }] }];
      for (const more of [{ tools }, { messages: parts }])
        expect(said(await ask({ ...HELLO, max_tokens: 100, ...more })).confidence).to.equal('low');
      upstream.next(CLAUDE);
      const claude = { model: 'claude-sonnet-4-5', max_tokens: 100, messages: HELLO.messages };
      expect(said(await ask(claude, {}, '/v1/messages'))).to.include({
        confidence: 'low',
        'estimated-output-tokens': '75',
      });
    });
  });

  describe('says it on every answer', () => {
    it('of errors of the provider', async () => {
      upstream.next(json({ error: { message: 'slow down' } }, { status: 429 }));
      const answer = await ask({ ...HELLO, max_tokens: 100 });
      expect(answer.status).to.equal(429);
      expect(said(answer)).to.include({ 'estimated-cost-usd': '0.000772', confidence: 'high' });
      expect(said(answer)).to.not.have.any.keys('cost-usd', 'output-tokens');
    });

    it('of providers that cannot be reached, and of requests that nobody takes', async () => {
      const gone = await ask({ ...HELLO, max_tokens: 100 }, {}, '/nobody/v1/chat/completions');
      expect(gone.status).to.equal(502);
      expect(said(gone)).to.include({ 'estimated-output-tokens': '75' });
      const broken = await send({
        url: `${running.url}/v1/chat/completions`,
        headers: { 'content-type': 'application/json' },
        body: '{"model":',
      });
      expect([broken.status, Object.keys(said(broken))]).to.eql([400, ['request-id']]);
    });

    it('of streams, and what it was behind them for who asks', async () => {
      upstream.always(stream(STREAM));
      const body = { ...HELLO, max_tokens: 100, stream: true };
      const plain = await ask(body);
      expect(said(plain)).to.include({ 'estimated-cost-usd': '0.000772', confidence: 'high' });
      expect([said(plain)['cost-usd'], plain.headers.trailer]).to.eql([undefined, undefined]);
      const text = JSON.stringify(body);
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n`;
      const bytes = await rawSocket(
        Number(new URL(running.url).port),
        `${head}te: trailers\r\nconnection: close\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
      );
      const answer = bytes.toString('latin1');
      expect(answer).to.match(/\r\ntrailer: x-tokencap-output-tokens, x-tokencap-cost-usd\r\n/i);
      expect(answer).to.include('\r\nx-tokencap-estimated-cost-usd: 0.000772\r\n');
      expect(
        answer.endsWith('\r\n0\r\nx-tokencap-output-tokens: 20\r\nx-tokencap-cost-usd: 0.000222\r\n\r\n'),
      ).to.equal(true);
    });
  });

  describe('says after', () => {
    it('what a short answer has really cost', async () => {
      upstream.next(reply(9, 20));
      const answer = await ask({ ...HELLO, max_tokens: 100 });
      expect(said(answer)).to.include({ 'output-tokens': '20', 'cost-usd': '0.000222' });
      const { usage, cost_usd, usage_status } = await row(answer);
      expect([usage, cost_usd, usage_status]).to.eql([{ input_tokens: 9, output_tokens: 20 }, '0.0002225', 'final']);
    });

    it('the same of a compressed one, whose bytes stay as they were', async () => {
      upstream.next(reply(9, 20, { encoding: 'gzip' }));
      const answer = await ask(HELLO, { 'accept-encoding': 'gzip' });
      expect(said(answer)['cost-usd']).to.equal('0.000222');
      expect(answer.headers['content-encoding']).to.equal('gzip');
    });

    it('nothing of an answer that is too long to be held back, which passes whole', async () => {
      const long = JSON.stringify({
        choices: [],
        pad: 'x'.repeat(300_000),
        usage: { prompt_tokens: 9, completion_tokens: 20 },
      });
      for (const framing of ['length', 'chunked'] as const) {
        upstream.next({
          headers: { 'content-type': 'application/json' },
          framing,
          chunks: [long.slice(0, 1000), long.slice(1000)],
        });
        const answer = await ask(HELLO);
        expect([answer.text.length, said(answer)['cost-usd']]).to.eql([long.length, undefined]);
        expect((await row(answer)).usage).to.include({ output_tokens: 20 });
      }
    });

    it('nothing of what is no JSON, of no usage, and of no price', async () => {
      const html = { headers: { 'content-type': 'text/html' }, chunks: ['<p>Hi</p>'] };
      const torn = { headers: { 'content-type': 'application/json' }, chunks: ['{"usage":'] };
      for (const script of [html, torn, json({ choices: [] })]) {
        upstream.next(script);
        const answer = await ask(HELLO);
        expect(said(answer)).to.not.have.any.keys('cost-usd', 'output-tokens');
        expect(said(answer)['input-tokens']).to.equal('9');
      }
    });
  });

  describe('an answer that is held back for its cost', () => {
    const head = { headers: { 'content-type': 'application/json' }, framing: 'chunked' } as const;
    const part = '{"choices":[{"index":0,"message":{"role":"assistant","content":"one two three four five"';

    it('is charged when it breaks off, and an error for its client', async () => {
      upstream.next({ ...head, chunks: [part], end: 'reset' });
      const answer = await ask({ ...HELLO, max_tokens: 100 });
      expect([answer.status, answer.headers['x-token-spy-error']]).to.eql([502, 'upstream_reset']);
      // A failure waits for no count: by then it is told by the tokenizer or by length.
      expect(Number(said(answer)['estimated-cost-usd'])).to.be.within(0.000772, 0.0009);
      const { outcome, estimate } = await row(answer);
      expect([outcome, estimate?.input_tokens]).to.eql(['truncated', 9]);
      expect(Number(estimate!.cost_usd)).to.be.at.least(0.0000225);
    });

    it('is charged when its client leaves, and stops the provider', async () => {
      const seen = upstream.received.length;
      upstream.next({ ...head, chunks: [part], end: 'hang' });
      const call = open({ url: `${running.url}/v1/chat/completions`, body: HELLO });
      await until('the answer has begun', () => (upstream.received[seen]?.sentBytes ?? 0) > part.length);
      await until('the gateway has it', () => running.gateway.inFlight > 0);
      call.abort();
      await upstream.received[seen]!.closed;
      await until('the row is there', async () => (await running.rows()).at(-1)?.outcome === 'client_aborted');
      expect((await running.rows()).at(-1)!.estimate?.input_tokens).to.equal(9);
    });

    it('waits for its end no longer than it may', async () => {
      upstream.next({
        ...head,
        chunks: ['{"choices":[],', { wait: 1200 }, '"usage":{"prompt_tokens":9,"completion_tokens":20}}'],
      });
      const call = open({ url: `${running.url}/v1/chat/completions`, body: HELLO });
      await call.saw('choices');
      expect(said(call.answer)).to.include({ 'input-tokens': '9' }).and.not.have.any.keys('cost-usd');
      expect((await call.done).text).to.include('completion_tokens');
    });
  });

  describe('what real clients read', () => {
    it("OpenAI's SDK", async () => {
      upstream.next(reply(9, 20));
      const client = new OpenAI({ apiKey: 'sk-x', baseURL: `${running.url}/v1`, maxRetries: 0 });
      const { data, response } = await client.chat.completions
        .create({ model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Hello!' }] })
        .withResponse();
      expect(data.choices[0]?.message.content).to.equal('Hi.');
      expect(response.headers.get('X-Tokencap-Estimated-Cost-USD')).to.equal('0.000772');
      expect(response.headers.get('X-Tokencap-Cost-USD')).to.equal('0.000222');
    });

    it("Anthropic's SDK", async () => {
      upstream.next(CLAUDE);
      const client = new Anthropic({ apiKey: 'sk-x', baseURL: running.url, maxRetries: 0 });
      const { response } = await client.messages
        .create({ model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Hello!' }] })
        .withResponse();
      expect(response.headers.get('X-Tokencap-Estimated-Output-Tokens')).to.equal('75');
      expect(response.headers.get('X-Tokencap-Output-Tokens')).to.equal('5');
      expect(response.headers.get('X-Tokencap-Cost-USD')).to.equal('0.000105');
    });
  });

  describe('any content', () => {
    const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const inline = { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } };
    const CASES: Record<string, [body: object, path?: string]> = {
      'parts of a message': [
        {
          ...HELLO,
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'a' },
                { type: 'text', text: 'b' },
              ],
            },
          ],
        },
      ],
      'an array of system texts': [
        {
          model: 'claude-sonnet-4-5',
          max_tokens: 10,
          system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
          messages: HELLO.messages,
        },
        '/v1/messages',
      ],
      'words that look like tokens of control': [
        { ...HELLO, messages: [{ role: 'user', content: '<|endoftext|><|im_start|>' }] },
      ],
      'a picture': [{ ...HELLO, messages: [{ role: 'user', content: [inline] }] }],
      'a picture elsewhere': [
        {
          ...HELLO,
          messages: [
            { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.org/x.png' } }] },
          ],
        },
      ],
      'a model that nobody knows': [{ ...HELLO, model: 'nobody/knows-it' }],
      'a history elsewhere': [{ model: 'gpt-4o', input: 'x', previous_response_id: 'resp_1' }, '/v1/responses'],
      'an embedding': [{ model: 'text-embedding-3-small', input: ['a', 'b'] }, '/v1/embeddings'],
      'messages that are none': [{ ...HELLO, messages: 'x' }],
      'nothing at all': [{}],
    };
    for (const [what, [body, path]] of Object.entries(CASES)) {
      it(`is foreseen of ${what}`, async () => {
        upstream.next(reply(9, 20));
        const answer = await ask(body, {}, path);
        const { prediction } = await row(answer);
        expect(answer.status).to.equal(200);
        expect(prediction).to.not.equal(null);
        for (const name of ['input_tokens', 'output_tokens', 'output_tokens_p90'] as const)
          expect(Number.isSafeInteger(prediction![name]) && prediction![name] >= 0, name).to.equal(true);
      });
    }

    const LIMITS = [0, -1, 1e308, '100', null, {}, 2 ** 53, 0.5];
    it('is foreseen of absurd limits and numbers of answers', async () => {
      for (const value of LIMITS)
        for (const name of ['max_tokens', 'max_completion_tokens', 'n', 'best_of']) {
          upstream.next(reply(9, 20));
          const path = name === 'best_of' ? '/v1/completions' : undefined;
          const { headers, status } = await ask({ ...HELLO, ...(path && { prompt: 'x' }), [name]: value }, {}, path);
          const tokens = Number(headers['x-tokencap-estimated-output-tokens']);
          const usd = Number(headers['x-tokencap-estimated-cost-usd']);
          expect(status).to.equal(200);
          expect(
            tokens > 0 && Number.isSafeInteger(tokens) && usd > 0 && Number.isFinite(usd),
            `${name} ${value}`,
          ).to.equal(true);
        }
    });
  });
});

describe('plugins/prediction beside other plugins', () => {
  let stage: Stage;
  let running: TestGateway;
  before(async () => {
    stage = await setStage({
      plugins: `{ plugin: prediction, header_prefix: X-Mine, actual_cost: false, unknown_max_output: 1000 }, refuses, changes, usage`,
      files: { 'refuses.js': REFUSES, 'changes.js': CHANGES },
    });
    running = stage.running;
  });
  after(async () => {
    await running.close();
    await stage.upstream.close();
    await rm(running.folder, { recursive: true, force: true });
  });

  it('is told on refusals: by length, or counted where the refusal rests on it', async () => {
    const request = { ...HELLO, max_tokens: 100 };
    const early = await stage.play({ request, headers: { 'x-refuse': 'now' } });
    expect([early.answer.status, said(early.answer, 'x-mine').confidence]).to.eql([402, 'low']);
    expect(early.record.prediction).to.include({ source: 'estimated', confidence: 'low' });
    const late = await stage.play({ request, headers: { 'x-refuse': 'counted' } });
    expect(said(late.answer, 'x-mine')).to.include({ 'input-tokens': '9', confidence: 'high' });
    expect([late.times, late.record.outcome]).to.eql([0, 'refused']);
  });

  it('goes by the request as it leaves, not as it came', async () => {
    const request = { ...HELLO, max_tokens: 100 };
    const { answer } = await stage.play({ request, headers: { 'x-change': 'limit' } });
    expect(said(answer, 'x-mine')).to.include({ 'input-tokens': '9', 'estimated-output-tokens': '30' });
    const longer = await stage.play({ request, headers: { 'x-change': 'prompt' } });
    expect(said(longer.answer, 'x-mine')).to.include({ 'input-tokens': '13', confidence: 'high' });
  });

  it('has the names and the limits that its entry says', async () => {
    const { answer } = await stage.play({ request: HELLO });
    expect(said(answer, 'x-mine')).to.not.have.any.keys('output-tokens', 'cost-usd');
    expect(said(answer)).to.eql({});
    const unknown = await stage.play({ request: { ...HELLO, model: 'gpt-unheard-of' } });
    expect(unknown.record.prediction).to.include({ output_tokens: 1000, output_tokens_p90: 1000, basis: 'model' });
  });

  it('learns what answers have, and tells a class that does not hold as a lower one', async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 40, total_tokens: 49 };
    for (let n = 0; n < 20; n++)
      await stage.play({ request: HELLO, upstream: json({ model: 'gpt-4o', choices: [], usage }) });
    const learned = await stage.play({ request: HELLO });
    expect(said(learned.answer, 'x-mine')).to.include({ 'estimated-output-tokens': '40', confidence: 'high' });
    expect(learned.record.prediction).to.include({ output_tokens_p90: 40, basis: 'learned', cost_usd: '0.0004225' });
    const more = { ...usage, completion_tokens: 41 };
    for (let n = 0; n < 30; n++)
      await stage.play({
        request: { ...HELLO, max_tokens: 40 },
        upstream: json({ model: 'gpt-4o', choices: [], usage: more }),
      });
    const doubted = await stage.play({ request: { ...HELLO, max_tokens: 40 } });
    expect(said(doubted.answer, 'x-mine').confidence).to.equal('low');
  });

  it('remembers what answers had after a restart, and after a change of its options', async () => {
    await running.save(
      (await readFile(running.file, 'utf8')).replace('unknown_max_output: 1000', 'unknown_max_output: 1001'),
    );
    await until('the change is in force', async () => {
      const unknown = await stage.play({ request: { ...HELLO, model: 'gpt-unheard-of' } });
      return unknown.record.prediction?.output_tokens_p90 === 1001;
    });
    const { record } = await stage.play({ request: HELLO });
    expect(record.prediction?.basis).to.equal('learned');
    await running.close();
    running = await startGateway(await readFile(running.file, 'utf8'), { folder: running.folder });
    const answer = await send({ url: `${running.url}/v1/chat/completions`, body: HELLO });
    expect(Number(said(answer, 'x-mine')['estimated-output-tokens'])).to.be.within(40, 41);
  });
});
