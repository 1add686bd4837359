/** The table of faults, by number: what happens when a provider, a client or what lies between them misbehaves. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { type BlackHole, startBlackHole } from '../support/black-hole.ts';
import { bill, finish, hello } from '../support/chat-chunks.ts';
import { ASK, ASK_STREAM, CHAT, usePair } from '../support/pair.ts';
import { compress, json, manyHeaders, paced, type Script, sse, stream } from '../support/script.ts';
import { CERTIFICATE, startTlsUpstream, type TlsUpstream } from '../support/tls.ts';

const LIMITS = 'timeouts: { connect: 300ms, response_headers: 500ms, first_token: 600ms, idle: 500ms, total: 3s }';
const KEY = 'sk-gateway-own-key-0123456789';
const errorOf = (text: string) => (JSON.parse(text) as { error: { code: string; message: string } }).error;

describe('faults of a provider before the first byte', () => {
  let hole: BlackHole;
  let tls: TlsUpstream;
  let folder: string;
  before(async () => {
    hole = await startBlackHole();
    tls = await startTlsUpstream();
    folder = await mkdtemp(join(tmpdir(), 'token-spy-ca-'));
    await writeFile(join(folder, 'ca.pem'), CERTIFICATE);
  });
  after(async () => {
    await hole.close();
    await tls.close();
    await rm(folder, { recursive: true, force: true });
  });
  const pair = usePair({
    provider: `api_key: ${KEY}, ${LIMITS}`,
    providers: () => `
  dead: { base_url: "http://127.0.0.1:1/v1" }
  hole: { base_url: "${hole.url}/v1", ${LIMITS} }
  nowhere: { base_url: "http://no-such-host.invalid/v1", ${LIMITS} }
  strange: { base_url: "${tls.url}/v1", ${LIMITS} }
  known: { base_url: "${tls.url}/v1", ca_file: "${folder}/ca.pem" }
  plain: { base_url: "${tls.url.replace('https', 'http')}/v1", ${LIMITS} }`,
    more: `routes:
  - match: { model: try-both }
    targets: [ { provider: dead }, { provider: openai, model: gpt-4o } ]
  - match: { model: slow-then-good }
    targets: [ { provider: hole }, { provider: openai } ]`,
  });

  for (const asked of [ASK, ASK_STREAM]) {
    it(`#1 a refused connection is a 502 with a row, ${asked === ASK ? 'not streaming' : 'streaming'}`, async () => {
      const answer = await pair.send(`/dead${CHAT}`, { body: asked });
      expect(answer.status).to.equal(502);
      expect(answer.headers['content-type']).to.equal('application/json');
      expect(errorOf(answer.text).code).to.equal('upstream_unreachable');
      expect(answer.text).not.to.contain('127.0.0.1');
      const row = await pair.row();
      expect(row).to.include({
        outcome: 'upstream_error',
        status: 502,
        provider: 'dead',
        cost_usd: null,
        estimate: null,
      });
      expect(row.error).to.include({ code: 'upstream_unreachable', http_status: 502 });
      expect(row.attempts.map(({ reason, status }) => [reason, status])).to.deep.equal([
        ['upstream_unreachable', null],
      ]);
    });
  }

  it('#1 a refused connection falls back to the next target with its own model name', async () => {
    const answer = await pair.send(CHAT, { body: { ...ASK, model: 'try-both' } });
    expect(answer.status).to.equal(200);
    expect(JSON.parse(String(pair.up.received[0]!.body))).to.deep.equal({ ...ASK, model: 'gpt-4o' });
    const row = await pair.row();
    expect(row).to.include({ outcome: 'ok', provider: 'openai' });
    expect(row.attempts.map(({ provider, reason }) => [provider, reason])).to.deep.equal([
      ['dead', 'upstream_unreachable'],
      ['openai', 'answered'],
    ]);
  });

  it('#2 a connection that never comes about is a 504 at the connect limit', async () => {
    const answer = await pair.send(`/hole${CHAT}`, { body: ASK });
    expect(answer.status).to.equal(504);
    expect(errorOf(answer.text).code).to.equal('upstream_connect_timeout');
    expect(answer.endAt).to.be.lessThan(2300);
    expect((await pair.row()).error?.code).to.equal('upstream_connect_timeout');
  });

  it('#2 it falls back, too', async () => {
    const answer = await pair.send(CHAT, { body: { ...ASK, model: 'slow-then-good' } });
    expect(answer.status).to.equal(200);
    expect((await pair.row()).attempts).to.have.length(2);
  });

  it('#3 a name that does not resolve is an error without the name', async () => {
    const answer = await pair.send(`/nowhere${CHAT}`, { body: ASK });
    expect(answer.status).to.be.oneOf([502, 504]);
    expect(answer.text).not.to.contain('no-such-host');
    expect((await pair.row()).outcome).to.equal('upstream_error');
  });

  it('#4 a provider that speaks TLS on a plain address is a 502', async () => {
    const answer = await pair.send(`/plain${CHAT}`, { body: ASK });
    expect(answer.status).to.equal(502);
    await pair.row();
  });

  it('#5 a certificate that nobody signed is refused, and no request is sent', async () => {
    const answer = await pair.send(`/strange${CHAT}`, { body: ASK });
    expect(answer.status).to.equal(502);
    expect(errorOf(answer.text).code).to.equal('upstream_tls');
    expect(tls.requests).to.equal(0);
    expect((await pair.row()).error?.code).to.equal('upstream_tls');
  });

  it('#5 a certificate authority of a file is trusted', async () => {
    expect((await pair.send(`/known${CHAT}`, { body: ASK })).status).to.equal(200);
    expect((await pair.row()).outcome).to.equal('ok');
  });

  it('#6 silence after the request is a 504 at the header limit, and the call is cancelled', async () => {
    pair.up.next({ end: 'hang', delay: 'release' });
    const answer = await pair.send(CHAT, { body: ASK });
    expect(answer.status).to.equal(504);
    expect(errorOf(answer.text).code).to.equal('upstream_timeout');
    expect(answer.endAt).to.be.within(400, 2000);
    await pair.up.received[0]!.closed;
    expect((await pair.row()).error?.code).to.equal('upstream_timeout');
  });

  it('#7 headers by the byte are cut at the limit for all of them', async () => {
    pair.up.next({ headers: { 'x-long': 'x'.repeat(200) }, dripHead: 20, chunks: ['{}'] });
    const answer = await pair.send(CHAT, { body: ASK });
    expect(errorOf(answer.text).code).to.equal('upstream_timeout');
    expect((await pair.row()).status).to.equal(504);
  });

  it('#8 a reset after the request is a 502', async () => {
    await pair.fresh();
    pair.up.next({ raw: '', end: 'reset' });
    const answer = await pair.send(CHAT, { body: ASK });
    expect(answer.status).to.equal(502);
    expect(errorOf(answer.text).code).to.equal('upstream_reset');
    expect(pair.up.received).to.have.length(1);
    expect((await pair.row()).outcome).to.equal('upstream_error');
  });

  it('#9 an answer that is no HTTP is a 502, and the connection is dropped', async () => {
    pair.up.next({ raw: 'this is not HTTP at all\r\n\r\n', end: 'hang' });
    const answer = await pair.send(CHAT, { body: ASK });
    expect(answer.status).to.equal(502);
    expect(errorOf(answer.text).code).to.equal('upstream_bad_answer');
    await pair.up.received[0]!.closed;
    expect((await pair.row()).error?.code).to.equal('upstream_bad_answer');
  });

  it('#10 three hundred headers of a kilobyte are a 502', async () => {
    pair.up.next({ headers: manyHeaders(300, 1024), chunks: ['{}'] });
    const answer = await pair.send(CHAT, { body: ASK });
    expect(answer.status).to.equal(502);
    expect(errorOf(answer.text).code).to.equal('upstream_bad_answer');
    await pair.row();
  });

  for (const status of [500, 503, 529]) {
    it(`#11 a ${status} without a fallback is passed on with its body`, async () => {
      const body = { error: { message: 'try later', type: 'server_error' } };
      pair.up.next(json(body, { status, headers: { 'retry-after': '7' } }));
      const answer = await pair.send(CHAT, { body: ASK });
      expect(answer.status).to.equal(status);
      expect(JSON.parse(answer.text)).to.deep.equal(body);
      const row = await pair.row();
      expect(row).to.include({ outcome: 'upstream_error', status });
      expect(row.error).to.include({ http_status: status, retry_after_s: 7 });
      expect(row.cost_usd).to.equal(null);
    });
  }

  it('#12 a 429 for a stream keeps its status, body and retry-after', async () => {
    pair.up.next(json({ error: { message: 'slow down' } }, { status: 429, headers: { 'retry-after': '3' } }));
    const answer = await pair.send(CHAT, { body: ASK_STREAM });
    expect(answer.status).to.equal(429);
    expect(answer.headers['retry-after']).to.equal('3');
    expect(answer.text).to.equal('{"error":{"message":"slow down"}}');
    expect((await pair.row()).error).to.include({ http_status: 429, retry_after_s: 3 });
  });

  for (const status of [400, 404, 422]) {
    it(`#13 a ${status} is the client's own and is sent once`, async () => {
      pair.up.next(json({ error: { message: 'no such model' } }, { status }));
      const answer = await pair.send(CHAT, { body: { ...ASK, model: 'slow-then-good' }, headers: { 'x-a': 'b' } });
      expect(answer.status).to.equal(status);
      expect(pair.up.received).to.have.length(1);
      expect((await pair.row()).outcome).to.equal('upstream_error');
    });
  }

  it('#14 a 401 for our key is passed on and not repeated', async () => {
    pair.up.next(json({ error: { message: 'bad key' } }, { status: 401 }));
    expect((await pair.send(CHAT, { body: ASK })).status).to.equal(401);
    expect(pair.up.received).to.have.length(1);
    await pair.row();
  });

  it('#15 an error that quotes our key loses it, in plain, base64 and in a header', async () => {
    const base64 = Buffer.from(KEY).toString('base64');
    const headers = { 'x-echo': `Bearer ${KEY}`, 'content-type': 'application/json' };
    pair.up.next(json({ error: { message: `bad ${KEY} and ${base64}`, code: `no ${KEY}` } }, { status: 401, headers }));
    const answer = await pair.send(CHAT, { body: ASK });
    expect(pair.up.received[0]!.headers.authorization).to.equal(`Bearer ${KEY}`);
    for (const part of [KEY, base64, KEY.slice(4, 14)]) {
      expect(answer.text).not.to.contain(part);
      expect(answer.rawHeaders.join(' ')).not.to.contain(part);
      expect(JSON.stringify(await pair.rows(1))).not.to.contain(part);
      expect(JSON.stringify(pair.gw.lines)).not.to.contain(part);
    }
    expect(JSON.parse(answer.text).error.message).to.equal('bad *** and ***');
  });

  it('#15 so does a compressed one', async () => {
    pair.up.next(json({ error: { message: `bad ${KEY}` } }, { status: 403, encoding: 'gzip' }));
    const answer = await pair.send(CHAT, { body: ASK, headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers['content-encoding']).to.equal(undefined);
    expect(JSON.parse(answer.text).error.message).to.equal('bad ***');
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`#16 a ${status} is not followed and its location is not handed out`, async () => {
      pair.up.next({ status, headers: { location: `${pair.up.url}/elsewhere` }, chunks: ['moved'] });
      const answer = await pair.send(CHAT, { body: ASK });
      expect(answer.status).to.equal(502);
      expect(answer.headers.location).to.equal(undefined);
      expect(errorOf(answer.text).code).to.equal('upstream_redirect');
      expect(pair.up.received).to.have.length(1);
      const row = await pair.row();
      expect(row.attempts.map((attempt) => [attempt.status, attempt.reason])).to.deep.equal([
        [status, 'upstream_redirect'],
      ]);
    });
  }

  for (const end of ['reset', 'close'] as const) {
    it(`#20 a pooled connection that ends as we write (${end}) is tried once more, in silence`, async () => {
      await pair.send(CHAT, { body: ASK });
      pair.up.next({ raw: '', end });
      const answer = await pair.send(CHAT, { body: ASK });
      expect(answer.status).to.equal(200);
      expect(pair.up.received.map(({ connection }) => connection)).to.satisfy(
        ([a, b, c]: number[]) => a === b && b !== c,
      );
      const [, row] = await pair.rows(2);
      expect(row).to.include({ outcome: 'ok', status: 200 });
      expect(row!.attempts.map(({ reason }) => reason)).to.deep.equal(['upstream_reset', 'answered']);
    });

    it(`#20 on a new connection (${end}) it is not repeated`, async () => {
      await pair.fresh();
      pair.up.next({ raw: '', end });
      expect((await pair.send(CHAT, { body: ASK })).status).to.equal(502);
      expect(pair.up.received).to.have.length(1);
      await pair.row();
    });
  }
});

describe('faults of a provider in the middle of its answer', () => {
  const pair = usePair({ provider: LIMITS });
  const some = sse([hello]);
  const whole = [...sse([hello, finish, bill({ prompt_tokens: 7, completion_tokens: 2 })]), ...sse(['[DONE]'])];
  const broken = async (script: Script, code: string) => {
    pair.up.next(script);
    const answer = await pair.send(CHAT, { body: ASK_STREAM });
    expect(answer.status).to.equal(200);
    expect(answer.broken, 'the client sees a break').to.equal(true);
    expect(answer.text).to.contain('Hello');
    expect(answer.text).not.to.contain('[DONE]');
    const row = await pair.row();
    expect(row).to.include({ outcome: 'truncated', status: 200 });
    expect(row.error?.code).to.equal(code);
    expect(row.usage_status).to.not.equal('final');
    expect(row.estimate?.output_tokens).to.be.greaterThan(0);
    expect(row.attempts).to.have.length(1);
    return answer;
  };

  it('#21 a reset in mid-stream is seen by the client as a break and recorded', () =>
    broken(stream([...some, { wait: 50 }], { end: 'reset' }), 'upstream_reset').then(() => {}));

  it('#21 what came in one packet with the break has still reached the client', () =>
    broken(stream(some, { end: 'close' }), 'upstream_reset').then(() => {}));

  it('#22 a close without the last chunk is the same', () =>
    broken(stream([...some, { wait: 50 }], { end: 'close' }), 'upstream_reset').then(() => {}));

  it('#23 silence ends at the idle limit with an error event and a break', async () => {
    const answer = await broken(stream(some, { end: 'hang' }), 'upstream_idle_timeout');
    expect(answer.text).to.contain('upstream_idle_timeout');
    expect(answer.endAt).to.be.within(400, 2000);
    await pair.up.received[0]!.closed;
  });

  it('#24 a clean end without [DONE] is passed as it is and marked as incomplete', async () => {
    pair.up.next(stream(some));
    const answer = await pair.send(CHAT, { body: ASK_STREAM });
    expect(answer.broken).to.equal(false);
    expect(answer.text).to.equal(some.join(''));
    expect((await pair.row()).outcome).to.equal('truncated');
  });

  it('#25 an error event under 200 is passed on and recorded', async () => {
    const error = { error: { message: 'the engine died', type: 'server_error', code: 'engine' } };
    pair.up.next(stream(sse([hello, error])));
    const answer = await pair.send(CHAT, { body: ASK_STREAM });
    expect(answer.text).to.equal(sse([hello, error]).join(''));
    const row = await pair.row();
    expect(row.outcome).to.equal('stream_error');
    expect(row.error).to.include({ type: 'server_error', code: 'engine' });
  });

  it('#26 a body shorter than its length is a cut answer', async () => {
    pair.up.next({
      headers: { 'content-type': 'application/json' },
      chunks: ['{"half":'],
      contentLength: 100,
      end: 'close',
    });
    const answer = await pair.send(CHAT, { body: ASK });
    expect(answer.broken).to.equal(true);
    expect(answer.headers['content-length']).to.equal('100');
    expect(answer.text).to.equal('{"half":');
    expect((await pair.row()).outcome).to.equal('truncated');
  });

  for (const [what, lie] of [
    ['#27 a body longer than its length', { headers: {}, chunks: ['{"a":1}garbage'], contentLength: 7 }],
    ['#28 two answers to one request', { headers: {}, chunks: ['{"a":1}'], twice: true }],
  ] as [string, Script][]) {
    it(`${what}: the rest is dropped with the connection`, async () => {
      pair.up.next(lie);
      const answer = await pair.send(CHAT, { body: ASK });
      expect(answer.text).to.equal('{"a":1}');
      pair.up.next({ chunks: ['{"mine":true}'] });
      expect((await pair.send(CHAT, { body: ASK })).text).to.equal('{"mine":true}');
      expect(pair.up.received[1]!.connection).not.to.equal(pair.up.received[0]!.connection);
      expect(await pair.rows(2)).to.have.length(2);
    });
  }

  it('#29 malformed JSON in an event is passed on', async () => {
    const bytes = `data: {"choices":[{"delta":{"content":"Hi"}\n\n${whole.join('')}`;
    pair.up.next(stream([bytes]));
    const answer = await pair.send(CHAT, { body: { ...ASK_STREAM, stream_options: { include_usage: true } } });
    expect(answer.text).to.equal(bytes);
    expect((await pair.row()).usage).to.include({ input_tokens: 7, output_tokens: 2 });
  });

  it('#30 numbers that cannot be tokens are not in the books', async () => {
    pair.up.next(json({ choices: [], usage: { prompt_tokens: -5, completion_tokens: 1e300, total_tokens: 'many' } }));
    await pair.send(CHAT, { body: ASK });
    const row = await pair.row();
    expect(row.usage?.input_tokens ?? null).to.equal(null);
    expect(row.usage?.output_tokens ?? null).to.equal(null);
    expect(row.cost_usd).to.equal(null);
  });

  it('#31 text cut inside a character arrives byte for byte', async () => {
    const bytes = Buffer.from(whole.join('').replace('Hello', 'Grüße 🎉 世界'));
    pair.up.next(stream(Array.from(bytes, (byte) => Buffer.of(byte))));
    const answer = await pair.send(CHAT, { body: { ...ASK_STREAM, stream_options: { include_usage: true } } });
    expect(answer.body.equals(bytes)).to.equal(true);
    expect((await pair.row()).usage_status).to.equal('final');
  });

  it('#32 a line of five megabytes passes, mapped and unmapped', async () => {
    const long = sse([{ ...hello, padding: 'x'.repeat(5 << 20) }, finish]).join('') + sse(['[DONE]']).join('');
    for (const more of [{}, { stream_options: { include_usage: true } }]) {
      pair.up.next(stream([long]));
      const answer = await pair.send(CHAT, { body: { ...ASK_STREAM, ...more } });
      expect(answer.text.length).to.equal(long.length);
    }
    expect(await pair.rows(2)).to.have.length(2);
  });

  it('#33 a slow drip within the limits is delivered chunk by chunk', async () => {
    pair.up.next(stream(paced(whole, 60)));
    const answer = await pair.send(CHAT, { body: { ...ASK_STREAM, stream_options: { include_usage: true } } });
    expect(answer.text).to.equal(whole.join(''));
    expect(answer.arrivals.length).to.be.at.least(whole.length);
    expect((await pair.row()).outcome).to.equal('ok');
  });

  it('#34 an endless stream ends at the limit for the whole', async () => {
    pair.up.next(stream([{ repeat: some[0]!, times: 10_000, every: 50 }]));
    const answer = await pair.send(CHAT, { body: ASK_STREAM });
    expect(answer.broken).to.equal(true);
    expect(answer.text).to.contain('upstream_total_timeout');
    expect(answer.endAt).to.be.within(2900, 4500);
    expect((await pair.row()).error?.code).to.equal('upstream_total_timeout');
  });

  it('#36 HTML and an empty body under 200 are passed on', async () => {
    pair.up.next({ headers: { 'content-type': 'text/html' }, chunks: ['<h1>Hi</h1>'] }, { headers: {}, chunks: [] });
    expect((await pair.send(CHAT, { body: ASK })).text).to.equal('<h1>Hi</h1>');
    expect((await pair.send(CHAT, { body: ASK })).text).to.equal('');
    expect((await pair.rows(2)).map(({ usage }) => usage)).to.deep.equal([null, null]);
  });

  it('#37 gzip that nobody asked for is readable and counted', async () => {
    pair.up.next(json({ usage: { prompt_tokens: 3, completion_tokens: 4 } }, { encoding: 'gzip' }));
    const answer = await pair.send(CHAT, { body: ASK });
    expect(JSON.parse(answer.text).usage.prompt_tokens).to.equal(3);
    expect((await pair.row()).usage).to.include({ input_tokens: 3, output_tokens: 4 });
  });

  it('#38 false gzip is a break for who cannot read gzip, and passed as labelled to who can', async () => {
    const lie: Script = {
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' },
      chunks: ['not gzip'],
    };
    pair.up.next(lie, lie);
    const plain = await pair.send(CHAT, { body: ASK });
    expect(plain.broken || plain.status === 502).to.equal(true);
    expect(plain.text).not.to.contain('not gzip');
    const labelled = await pair.send(CHAT, { body: ASK, headers: { 'accept-encoding': 'gzip' } });
    expect(labelled.headers['content-encoding']).to.equal('gzip');
    expect(labelled.text).to.equal('not gzip');
    expect(await pair.rows(2)).to.have.length(2);
  });

  it('#40 four hundred encodings are passed as they are', async () => {
    const header = Array.from({ length: 400 }, () => 'gzip').join(', ');
    pair.up.next({ headers: { 'content-encoding': header, 'content-type': 'application/json' }, chunks: ['xyz'] });
    const answer = await pair.send(CHAT, { body: ASK });
    expect(answer.text).to.equal('xyz');
    expect(answer.endAt).to.be.lessThan(2000);
    await pair.row();
  });

  it('#41 missing usage is null with an estimate beside it', async () => {
    pair.up.next(json({ choices: [{ message: { content: 'Hello there' } }] }));
    await pair.send(CHAT, { body: ASK });
    const row = await pair.row();
    expect(row).to.include({ usage: null, usage_status: 'missing', cost_usd: null });
    expect(row.estimate?.input_tokens).to.be.greaterThan(0);
  });

  it('#42 the row keeps the model asked for and the model that answered', async () => {
    pair.up.next(json({ model: 'gpt-4o-2024-08-06', usage: { prompt_tokens: 1, completion_tokens: 1 } }));
    await pair.send(CHAT, { body: ASK });
    expect((await pair.row()).model).to.include({ request: 'gpt-4o', response: 'gpt-4o-2024-08-06' });
  });
});

describe('a compressed answer that is far larger than it looks', () => {
  const pair = usePair();

  it('#39 flows through in bounded memory, as fast as its reader takes it', async function () {
    this.timeout(30_000);
    const bomb = await compress('gzip', Buffer.alloc(256 << 20));
    pair.up.next({ headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' }, chunks: [bomb] });
    const before = process.memoryUsage().rss;
    const call = pair.open(CHAT, { body: ASK, readRate: 0 });
    await call.head;
    await new Promise((done) => setTimeout(done, 700));
    expect(process.memoryUsage().rss - before).to.be.lessThan(128 << 20);
    call.abort();
    expect((await pair.row()).outcome).to.equal('client_aborted');
  });
});
