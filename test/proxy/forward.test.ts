import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ASK, ASK_STREAM, CHAT } from '../support/pair.ts';
import { json, sse, stream } from '../support/script.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** Does what the request's `x-do` says: in onRequest, or in onResponse with a `late-` before it; `slowly-` makes a promise of it. */
const DOER = `
export default {
  summary: 'Does what a test says.',
  setup: () => {
    const acts = {
      throw: () => { throw new Error('secret words of a plugin'); },
      refuse: (exchange) => exchange.refuse(402, 'no_money', 'Nothing left.', { headers: { 'x-left': '0' } }),
      answer: (exchange) => exchange.answer('{"made":"here"}', 201, { 'content-type': 'application/json', 'x-made': 'here' }),
      retry: (exchange) => exchange.attempts.length < 2 ? exchange.retry('second', 'asked_for') : undefined,
      'retry-nowhere': (exchange) => exchange.retry('nobody', 'asked_for'),
      'retry-always': (exchange) => exchange.retry(null, 'asked_for'),
      header: (exchange) => void exchange.response.setHeader('x-added', 'yes'),
    };
    return {
      onRequest(exchange) {
        const [, late, slowly, act] = /^(late-)?(slowly-)?(.*)$/.exec(exchange.request.header('x-do') ?? '');
        if (!acts[act]) return;
        const run = () => slowly ? new Promise((done) => setTimeout(done, 30)).then(() => acts[act](exchange)) : acts[act](exchange);
        if (late) exchange.onResponse(run);
        else return run();
      },
    };
  },
};`;

describe('Forward', () => {
  let first: Upstream;
  let second: Upstream;
  let gw: TestGateway;
  let folder: string;
  let seen = 0;

  before(async () => {
    [first, second] = await Promise.all([startUpstream(), startUpstream()]);
    folder = await mkdtemp(join(tmpdir(), 'token-spy-forward-'));
    await mkdir(join(folder, 'plugins'));
    await writeFile(join(folder, 'plugins', 'doer.js'), DOER);
    gw = await startGateway(
      `providers:
  first: { base_url: "${first.url}/v1" }
  second: { base_url: "${second.url}/v1", api_key: sk-of-second-00 }
routes: [ { match: { model: both }, targets: [ { provider: first }, { provider: second, model: other-name } ], retry: { retries: 0 } } ]
breaker: { probe: 1ms }
plugins: [history, identity, include-usage, usage, doer]`,
      { folder },
    );
  });
  after(async () => {
    await gw.close();
    await Promise.all([first.close(), second.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    for (const up of [first, second]) up.received.length = 0;
  });

  const ask = (act: string, body: object = { ...ASK, model: 'both' }) =>
    send({ url: gw.url + CHAT, body, headers: { 'x-do': act } });
  /** The only row since the last one that was asked for. */
  const row = async (): Promise<ExchangeRecord> => {
    const rows = await gw.rows(seen + 1);
    expect(rows.length).to.equal(seen + 1);
    seen = rows.length;
    return rows.at(-1)!;
  };
  const attempts = ({ attempts: list }: ExchangeRecord) =>
    list.map(({ provider, status, reason }) => [provider, status, reason]);

  for (const status of [429, 500, 503, 529]) {
    it(`a ${status} goes on to the next target, which gets its own key and model name`, async () => {
      first.next(json({ error: {} }, { status }));
      second.next(json({ model: 'other-name', usage: { prompt_tokens: 1, completion_tokens: 2 } }));
      expect((await ask('')).status).to.equal(200);
      expect(JSON.parse(String(second.received[0]!.body)).model).to.equal('other-name');
      expect(second.received[0]!.headers.authorization).to.equal('Bearer sk-of-second-00');
      const record = await row();
      expect(attempts(record)).to.deep.equal([
        ['first', status, `status_${status}`],
        ['second', 200, 'answered'],
      ]);
      expect(record).to.include({ provider: 'second', outcome: 'ok' });
      expect(record.usage).to.include({ output_tokens: 2 });
    });
  }

  it('the last target’s failure is what the client gets', async () => {
    first.next(json({ error: {} }, { status: 500 }));
    second.next(json({ error: { message: 'busy' } }, { status: 503, headers: { 'retry-after': '4' } }));
    const answer = await ask('');
    expect(answer).to.include({ status: 503, text: '{"error":{"message":"busy"}}' });
    expect(answer.headers['retry-after']).to.equal('4');
    expect((await row()).outcome).to.equal('upstream_error');
  });

  it('there is no other target after the first byte', async () => {
    first.next(stream([...sse([{ choices: [{ delta: { content: 'Hi' } }] }]), { wait: 20 }], { end: 'reset' }));
    const answer = await ask('', { ...ASK_STREAM, model: 'both' });
    expect(answer.broken).to.equal(true);
    expect(second.received).to.have.length(0);
    expect(attempts(await row())).to.deep.equal([['first', 200, 'answered']]);
  });

  for (const late of ['', 'late-', 'slowly-', 'late-slowly-']) {
    it(`a plugin's refusal is in the caller's dialect: ${late}refuse`, async () => {
      const answer = await ask(`${late}refuse`);
      expect(answer.status).to.equal(402);
      expect(JSON.parse(answer.text).error).to.include({ code: 'no_money', message: 'Nothing left.' });
      expect(answer.headers['x-left']).to.equal('0');
      expect(first.received.length).to.equal(late.startsWith('late') ? 1 : 0);
      const record = await row();
      expect(record).to.include({ outcome: 'refused', status: 402 });
      expect(record.error).to.include({ code: 'no_money' });
    });

    it(`a plugin's answer is the answer: ${late}answer`, async () => {
      const answer = await ask(`${late}answer`);
      expect(answer).to.include({ status: 201, text: '{"made":"here"}' });
      expect(answer.headers).to.include({ 'x-made': 'here' });
      expect(answer.headers['x-token-spy-id']).to.match(/^[0-9a-f]{32}$/);
      expect(await row()).to.include({ outcome: 'cached', status: 201, error: null });
    });

    it(`a plugin that throws refuses, and its words stay in the log: ${late}throw`, async () => {
      const answer = await ask(`${late}throw`);
      expect(answer.status).to.equal(500);
      expect(JSON.parse(answer.text).error.code).to.equal('plugin_failed');
      expect(answer.text).not.to.contain('secret words');
      expect(JSON.stringify(gw.lines)).to.contain('secret words');
      expect(await row()).to.include({ outcome: 'refused', status: 500 });
    });
  }

  for (const slowly of ['', 'slowly-']) {
    it(`a plugin may send the request elsewhere when it sees the headers: late-${slowly}retry`, async () => {
      first.next(json({ bad: true }));
      second.next(json({ good: true }));
      expect((await ask(`late-${slowly}retry`)).text).to.equal('{"good":true}');
      expect(attempts(await row())).to.deep.equal([
        ['first', 200, 'asked_for'],
        ['second', 200, 'answered'],
      ]);
    });

    it(`what came while a plugin thought still arrives, in order: late-${slowly}header`, async () => {
      const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(10_000, 65 + (i % 26)));
      first.next({ framing: 'chunked', headers: { 'content-type': 'text/plain' }, chunks });
      const answer = await ask(`late-${slowly}header`);
      expect(answer.headers['x-added']).to.equal('yes');
      expect(answer.body.equals(Buffer.concat(chunks))).to.equal(true);
      expect((await row()).response_bytes).to.equal(400_000);
    });
  }

  it('sending elsewhere ends where there is nobody, and after six times', async () => {
    expect((await ask('late-retry-nowhere')).status).to.equal(502);
    expect((await row()).error).to.include({ code: 'retry_exhausted' });
    first.received.length = 0;
    expect((await ask('late-retry-always')).status).to.equal(502);
    expect(first.received).to.have.length(6);
    expect((await row()).attempts).to.have.length(6);
  });

  it('every answer of the gateway carries the id of its row', async () => {
    const answer = await ask('refuse');
    expect((await row()).id).to.equal(answer.headers['x-token-spy-id']);
  });
});
