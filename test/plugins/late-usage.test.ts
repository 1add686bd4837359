import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { type Answer, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { postgres } from '../support/postgres.ts';
import { json, type Script, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const PRICES = `
pricing:
  models:
    openai/m: { input: 2, output: 10, cache_read: 1, service_tiers: { batch: { multiplier: 0.5 } }, tiers: [{ input_over: 100000, input: 20, output: 100 }] }
    anthropic/big: { input: 4, output: 20, service_tiers: { batch: { multiplier: 0.5 } }, tiers: [{ input_over: 1000, input: 400, output: 400 }] }
    anthropic/small: { input: 1, output: 2, service_tiers: { batch: { multiplier: 0.5 } } }
plugins: [history, late-usage, identity, usage]
`;
const usage = {
  input_tokens: 1_000_000,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 100_000,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 1_100_000,
};
const BATCH = {
  id: 'batch_1',
  object: 'batch',
  status: 'completed',
  output_file_id: 'file-out',
  created_at: 1_760_000_000,
  completed_at: 1_760_003_600,
  request_counts: { total: 1000, completed: 1000, failed: 0 },
  model: 'm',
  usage,
};
const chat = (prompt: number) => ({
  custom_id: 'r',
  response: {
    status_code: 200,
    body: {
      object: 'chat.completion',
      model: 'm',
      choices: [],
      usage: { prompt_tokens: prompt, completion_tokens: 0 },
    },
  },
});
const message = (model: string, input: number) => ({
  custom_id: 'r',
  result: {
    type: 'succeeded',
    message: { type: 'message', model, content: [], usage: { input_tokens: input, output_tokens: 100 } },
  },
});
const lines = (list: readonly object[], more: Script = {}): Script => ({
  ...more,
  headers: { 'content-type': 'application/octet-stream' },
  chunks: list.map((line) => `${JSON.stringify(line)}\n`),
});
let number = 0;
const response = (id: string, more: object = {}) => ({
  id,
  object: 'response',
  created_at: Math.floor(Date.now() / 1000),
  background: true,
  status: 'completed',
  model: 'm',
  output: [],
  usage: { ...usage, input_tokens: 1000, output_tokens: 100, total_tokens: 1100 },
  ...more,
});
const QUEUED = { status: 'queued', usage: null };
const ASK = { model: 'm', input: 'hi', background: true };

/** Waits until everything that was asked has its rows. */
async function settled(gw: TestGateway): Promise<ExchangeRecord[]> {
  await until('nothing is under way', () => gw.gateway.inFlight === 0);
  return gw.rows();
}
const isLate = ({ id }: ExchangeRecord): boolean => id.startsWith('000000000000');

describe('plugins/late-usage', () => {
  let up: Upstream;
  let gw: TestGateway;

  before(async () => {
    up = await startUpstream();
    gw = await startGateway(
      `providers: { openai: { base_url: "${up.url}/v1" }, anthropic: { base_url: "${up.url}" }, other: { adapter: [openai_platform, openai_responses], base_url: "${up.url}/v1" } }\n${PRICES}`,
    );
  });
  after(async () => {
    await gw.close();
    await up.close();
  });
  async function call(path: string, script: Script, more: object = {}): Promise<Answer> {
    up.next(script);
    return send({ url: gw.url + path, ...more });
  }
  const poll = (path: string, body: unknown, more: object = {}): Promise<Answer> => call(path, json(body), more);
  const lateOf = async (responseId: string): Promise<ExchangeRecord[]> =>
    (await settled(gw)).filter((row) => isLate(row) && row.response_id === responseId);

  describe('an OpenAI batch', () => {
    it('is billed once it is over, at the batch rate of one prompt, however often it is asked for', async () => {
      const headers = { 'x-token-spy-agent': 'nightly', 'x-token-spy-session': 's-1', 'x-token-spy-tags': 'team=a' };
      await poll('/v1/batches/batch_1', { ...BATCH, status: 'in_progress', usage: null }, { headers });
      expect(await lateOf('batch_1')).to.eql([]);
      for (let at = 0; at < 3; at++) {
        const answer = await poll('/v1/batches/batch_1', BATCH, { headers });
        expect(JSON.parse(answer.text)).to.eql(BATCH);
      }
      const bills = await lateOf('batch_1');
      expect(bills).to.have.length(1);
      expect(bills[0]).to.deep.include({
        time: '2025-10-09T09:53:20.000Z',
        method: 'GET',
        path: '/v1/batches/batch_1',
        provider: 'openai',
        api: 'openai.batches',
        agent: 'nightly',
        session: { id: 's-1', source: 'header:x-token-spy-session', confidence: 'high' },
        tags: { team: 'a' },
        model: { request: null, response: 'm', priced_as: 'openai/m' },
        service_tier: 'batch',
        status: 200,
        outcome: 'ok',
        usage_status: 'final',
        usage_source: 'provider',
        // A million tokens at half of 2 dollars and 100,000 at half of 10: no prompt was longer than 1000.
        cost_usd: '1.5',
        cost_source: 'price_table',
        usage_by_model: null,
        duration_ms: null,
      });
      const polls = (await gw.rows()).filter((row) => row.path === '/v1/batches/batch_1' && !isLate(row));
      expect(polls).to.have.length(4);
      for (const row of polls) expect(row).to.include({ usage_status: 'not_applicable', cost_usd: null });
    });

    it('is not billed again by its output file, nor the file by the batch', async () => {
      const named = { ...BATCH, id: 'batch_2', output_file_id: 'file-2' };
      await poll('/v1/batches/batch_2', named);
      await call('/v1/files/file-2/content', lines([chat(1000), chat(1000)]));
      expect(await lateOf('batch_2')).to.have.length(1);
      expect(await lateOf('file-2')).to.have.length(0);

      const older = { ...BATCH, id: 'batch_3', output_file_id: 'file-3', usage: null };
      await poll('/v1/batches/batch_3', older);
      await call('/v1/files/file-3/content', lines([chat(1000), chat(100_001)]));
      await poll('/v1/batches/batch_3', { ...older, usage });
      expect(await lateOf('batch_3')).to.have.length(0);
      const [bill, ...others] = await lateOf('file-3');
      expect(others).to.eql([]);
      // 1000 at half of 2, and 100,001 at half of 20, since that prompt was a long one.
      expect(bill).to.deep.include({
        cost_usd: '1.00101',
        price: null,
        usage: { input_tokens: 101_001, output_tokens: 0 },
      });
    });

    it('is another one at another provider', async () => {
      await poll('/v1/batches/batch_4', { ...BATCH, id: 'batch_4', output_file_id: 'file-4' });
      await poll('/other/v1/batches/batch_4', { ...BATCH, id: 'batch_4', output_file_id: 'file-4' });
      expect((await lateOf('batch_4')).map(({ provider }) => provider)).to.have.members(['openai', 'other']);
    });
  });

  describe('an Anthropic batch', () => {
    const path = (id: string): string => `/v1/messages/batches/${id}/results`;
    const results = [message('big', 900), message('small', 5000), message('big', 1001)];

    it('is billed by the whole download of its results, each request at its own price', async () => {
      for (let at = 0; at < 2; at++) await call(path('msgbatch_1'), lines(results));
      const [bill, ...others] = await lateOf('msgbatch_1');
      expect(others).to.eql([]);
      expect(bill).to.deep.include({
        api: 'anthropic.batches',
        path: path('msgbatch_1'),
        service_tier: 'batch',
        model: { request: null, response: null, priced_as: null },
        usage: { input_tokens: 6901, output_tokens: 300 },
        price: null,
        usage_by_model: [
          // 900 x 2 + 100 x 10, and 1001 x 200 + 100 x 200 for the long prompt, per million.
          {
            model: 'big',
            usage: { input_tokens: 1901, output_tokens: 200 },
            cost_usd: '0.223',
            price_key: 'anthropic/big',
          },
          {
            model: 'small',
            usage: { input_tokens: 5000, output_tokens: 100 },
            cost_usd: '0.0026',
            price_key: 'anthropic/small',
          },
        ],
        cost_usd: '0.2256',
      });
      expect(Date.now() - Date.parse(bill!.time)).to.be.within(0, 60_000);
    });

    it('is not billed by a part of them', async () => {
      await call(path('msgbatch_2'), lines(results, { end: 'reset', framing: 'chunked' }));
      await call(path('msgbatch_2'), lines(results, { status: 206 }));
      up.next({ ...lines([]), chunks: [`${JSON.stringify(results[0])}\n`, { wait: 'release' }] });
      await send({ url: gw.url + path('msgbatch_2'), abortAfterBytes: 1 });
      expect(await lateOf('msgbatch_2')).to.eql([]);
      await call(path('msgbatch_2'), lines(results, { encoding: 'gzip' }), { headers: { 'accept-encoding': 'gzip' } });
      expect(await lateOf('msgbatch_2')).to.have.length(1);
    });

    it('is an unknown sum where one model has no price', async () => {
      await call(path('msgbatch_3'), lines([...results, message('unheard-of', 1)]));
      const [bill] = await lateOf('msgbatch_3');
      const page = await send({ url: `${gw.url}/dashboard/requests/${bill!.id}`, headers: { accept: 'text/html' } });
      expect(page.text).to.include('A later call told it').and.not.include('passed untouched');
      expect(bill).to.include({ cost_usd: null, cost_source: null });
      expect(bill!.usage).to.eql({ input_tokens: 6902, output_tokens: 400 });
    });
  });

  describe('a response in the background', () => {
    const ask = (id: string, more: object = {}) =>
      poll('/v1/responses', response(id, QUEUED), {
        body: ASK,
        headers: { 'x-token-spy-agent': 'asker', 'x-token-spy-session': 's-9' },
        ...more,
      });
    const fetched = (id: string, more: object = {}) => poll(`/v1/responses/${id}`, response(id, more));

    it('is billed once it is fetched, to who asked for it', async () => {
      const id = `resp_${++number}`;
      await ask(id);
      await fetched(id, { status: 'in_progress', usage: null });
      for (let at = 0; at < 3; at++) await fetched(id);
      up.next(stream(sse([{ type: 'response.completed', response: response(id) }])));
      await send({ url: `${gw.url}/v1/responses/${id}?stream=true&starting_after=3` });
      const rows = await lateOf(id);
      const asked = rows.filter(({ method }) => method === 'POST');
      expect(asked).to.eql([]);
      expect(rows).to.have.length(1);
      expect(rows[0]).to.deep.include({
        api: 'openai.responses',
        path: `/v1/responses/${id}`,
        agent: 'asker',
        session: { id: 's-9', source: 'header:x-token-spy-session', confidence: 'high' },
        model: { request: 'm', response: 'm', priced_as: 'openai/m' },
        usage_status: 'final',
        cost_usd: '0.003',
        stop_reason: { raw: 'completed', normalized: 'stop' },
        outcome: 'ok',
      });
      const post = (await gw.rows()).find((row) => row.response_id === id && row.method === 'POST')!;
      expect(post).to.include({ usage: null, usage_status: 'missing', cost_usd: null });
    });

    it('is billed by a stream that was broken off and goes on', async () => {
      const id = `resp_${++number}`;
      const begun = sse([{ type: 'response.created', response: response(id, QUEUED) }]);
      up.next(stream([...begun, { wait: 'release' }]));
      await send({ url: `${gw.url}/v1/responses`, body: { ...ASK, stream: true }, abortAfterBytes: 10 });
      up.next(stream(sse([{ type: 'response.completed', response: response(id) }])));
      await send({ url: `${gw.url}/v1/responses/${id}?stream=true&starting_after=1` });
      expect(await lateOf(id)).to.have.length(1);
    });

    it('is billed where it failed after it was charged', async () => {
      const id = `resp_${++number}`;
      await ask(id);
      await fetched(id, { status: 'failed', error: { code: 'server_error', message: 'SECRET' } });
      const [row] = await lateOf(id);
      expect(row).to.include({ outcome: 'stream_error', cost_usd: '0.003' });
      expect(row!.error).to.include({ code: 'server_error', http_status: 200 });
      expect(JSON.stringify(row)).to.not.contain('SECRET');
    });

    it('is not billed where it was told before, or asked for by nobody here', async () => {
      const told = `resp_${++number}`;
      await poll('/v1/responses', response(told, { background: false }), { body: { model: 'm', input: 'hi' } });
      await fetched(told, { background: false });
      const streamed = `resp_${++number}`;
      up.next(stream(sse([{ type: 'response.completed', response: response(streamed) }])));
      await send({ url: `${gw.url}/v1/responses`, body: { ...ASK, stream: true } });
      await fetched(streamed);
      const foreign = `resp_${++number}`;
      await fetched(foreign);
      await fetched(foreign, { background: false });
      for (const id of [told, streamed, foreign]) expect(await lateOf(id), id).to.eql([]);
    });

    it('counts its bills', async () => {
      const { text } = await send({ url: `${gw.url}/metrics` });
      for (const kind of ['batch', 'response'])
        expect(text).to.match(new RegExp(`^gateway_late_usage_bills_total\\{kind="${kind}"\\} [1-9]`, 'm'));
    });
  });
});

describe('plugins/late-usage over restarts', () => {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    it(`bills once in ${dialect}, and finds who asked before`, async function () {
      const database = dialect === 'postgres' ? await postgres() : null;
      if (database && 'missing' in database) {
        console.log(`      skipped: ${database.missing}`);
        return this.skip();
      }
      const folder = await mkdtemp(join(tmpdir(), 'token-spy-late-'));
      const up = await startUpstream();
      const where = database ? `database: "${database.url}"\n` : '';
      const yaml = `${where}providers: { openai: { base_url: "${up.url}/v1" } }\n${PRICES}`;
      const lives = async (play: (url: string) => Promise<unknown>): Promise<ExchangeRecord[]> => {
        const running = await startGateway(yaml, { folder });
        try {
          await play(running.url);
          return (await settled(running)).filter(isLate);
        } finally {
          await running.close();
        }
      };
      const get = (url: string, path: string, body: object) => {
        up.next(json(body));
        return send({ url: url + path });
      };
      try {
        const asked = await lives(async (url) => {
          up.next(json(response('resp_a', QUEUED)));
          await send({ url: `${url}/v1/responses`, body: ASK, headers: { 'x-token-spy-agent': 'asker' } });
          await get(url, '/v1/batches/batch_1', BATCH);
        });
        expect(asked.map(({ api }) => api)).to.eql(['openai.batches']);
        for (let life = 0; life < 2; life++) {
          const bills = await lives(async (url) => {
            await get(url, '/v1/responses/resp_a', response('resp_a'));
            await get(url, '/v1/batches/batch_1', BATCH);
          });
          expect(bills.map(({ api, cost_usd, agent }) => [api, cost_usd, agent])).to.have.deep.members([
            ['openai.batches', '1.5', 'default'],
            ['openai.responses', '0.003', 'asker'],
          ]);
        }
      } finally {
        await up.close();
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
