/** The table of faults, by number: what goes wrong in the middle of an answer. */

import { request } from 'node:http';
import { expect } from 'chai';

import { bill, finish, hello } from '../support/chat-chunks.ts';
import { ASK, ASK_STREAM, CHAT, usePair } from '../support/pair.ts';
import { compress, json, paced, type Script, sse, stream } from '../support/script.ts';

const LIMITS = 'timeouts: { connect: 300ms, response_headers: 500ms, first_token: 600ms, idle: 500ms, total: 3s }';

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

  it('#35 ninety-six megabytes pass whole in bounded memory', async function () {
    this.timeout(30_000);
    const piece = Buffer.alloc(1 << 20, '"');
    pair.up.next({
      headers: { 'content-type': 'application/json' },
      framing: 'chunked',
      chunks: [{ repeat: piece, times: 96 }],
    });
    let most = 0;
    const before = process.memoryUsage().rss;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss - before);
    }, 20);
    const size = await new Promise<number>((done) => {
      let bytes = 0;
      const body = JSON.stringify(ASK);
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      request(pair.gw.url + CHAT, { method: 'POST', headers }, (res) => {
        res.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        res.on('end', () => done(bytes));
      }).end(body);
    });
    clearInterval(timer);
    expect(size).to.equal(96 << 20);
    // Upstream, gateway and client share this process.
    expect(most).to.be.lessThan(128 << 20);
    await pair.row();
  });
});
