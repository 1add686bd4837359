/** What plugins say to clients beside the answer: headers on whatever they get, trailers, and a word when they leave. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';

import { open, rawSocket, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const SAYS = `
let waiting = 0;
let gone = 0;
export default {
  summary: 'Says things on the way.',
  setup: () => ({
    async onRequest(exchange) {
      const { request } = exchange;
      exchange.setHeader('x-said', request.path);
      exchange.setHeader('x-shared', 'ours');
      exchange.onResponse((response) => {
        response.setTrailer('x-late', () => String(exchange.state.readNow?.() ? exchange.state.reading.usage?.output_tokens ?? 'none' : 'unread'));
        response.setTrailer('x-never', () => null);
        if (request.header('x-odd')) response.setTrailer('x-odd', () => 'a\\r\\nx-forged: b');
        if (request.header('x-odd')) response.setTrailer('x-broken', () => { throw new Error('no'); });
      });
      if (request.header('x-wait')) waiting++;
      if (request.header('x-wait')) await new Promise((done) => exchange.onGone(() => { gone++; done(); }));
      if (request.header('x-refuse')) return exchange.refuse(418, 'teapot', 'No.', { details: { short: true }, headers: { 'x-own': '1' } });
      if (request.header('x-answer')) return exchange.answer('mine');
    },
    routes(router) { router.get('/api/v1/gone', (ctx) => { ctx.body = waiting + ' ' + gone; }); },
    pages: [{ name: 'nowhere', title: 'Nowhere', data: () => ({}) }],
  }),
};
`;
const CHUNKS = sse([
  { choices: [{ index: 0, delta: { content: 'hi' } }] },
  { choices: [], usage: { prompt_tokens: 3, completion_tokens: 7 } },
  '[DONE]',
]);

describe('what is said on the way', () => {
  let upstream: Upstream;
  let running: TestGateway;

  before(async () => {
    upstream = await startUpstream();
    const yaml = `providers: { openai: { base_url: "${upstream.url}" } }\n`;
    running = await startGateway(`${yaml}plugins: [history, usage]\n`);
    await mkdir(join(running.folder, 'plugins'));
    await writeFile(join(running.folder, 'plugins', 'says.js'), SAYS);
    await running.save(`${yaml}plugins: [history, says, usage]\n`);
    await until(
      'the plugin runs',
      async () => (await send({ url: `${running.url}/api/v1/gone` })).text === '0 0',
      4000,
    );
  });
  after(async () => {
    await running.close();
    await upstream.close();
  });

  const BODY = { model: 'gpt-4o', messages: [] };
  const ask = (headers: Record<string, string> = {}, body: object = BODY) =>
    send({ url: `${running.url}/v1/chat/completions`, headers, body });

  it('is on answers of the provider, in the place of its own header of that name', async () => {
    upstream.next({ ...json({ ok: true }), headers: { 'content-type': 'application/json', 'X-Shared': 'theirs' } });
    const { status, headers, rawHeaders } = await ask();
    expect([status, headers['x-said'], headers['x-shared']]).to.eql([200, '/v1/chat/completions', 'ours']);
    expect(rawHeaders.filter((name) => name.toLowerCase() === 'x-shared')).to.have.length(1);
  });

  it('is on errors of the provider, on refusals, on answers made here and on failures', async () => {
    upstream.next(json({ error: { message: 'slow down' } }, { status: 429 }));
    expect((await ask()).headers['x-said']).to.equal('/v1/chat/completions');
    const refused = await ask({ 'x-refuse': '1' });
    expect([refused.status, refused.headers['x-said'], refused.headers['x-own']]).to.eql([
      418,
      '/v1/chat/completions',
      '1',
    ]);
    const answered = await ask({ 'x-answer': '1' });
    expect([answered.text, answered.headers['x-said']]).to.eql(['mine', '/v1/chat/completions']);
    upstream.next({ end: 'reset', raw: '' }, { end: 'reset', raw: '' });
    const failed = await ask();
    expect([failed.status, failed.headers['x-said']]).to.eql([502, '/v1/chat/completions']);
  });

  it('comes behind a stream when the client asked for trailers', async () => {
    upstream.always(stream(CHUNKS));
    const { headers, trailers, text } = await ask({ te: 'trailers' }, { ...BODY, stream: true });
    expect(headers.trailer).to.equal('x-late, x-never');
    expect(trailers).to.eql({ 'x-late': '7' });
    expect(text).to.equal(CHUNKS.join(''));
  });

  it('is no trailer for a client that did not ask, nor behind a body of known length', async () => {
    upstream.always(stream(CHUNKS));
    const plain = await ask({}, { ...BODY, stream: true });
    expect([plain.headers.trailer, plain.trailers]).to.eql([undefined, {}]);
    upstream.next(json({ ok: true }));
    const short = await ask({ te: 'trailers' });
    expect([short.headers.trailer, short.trailers]).to.eql([undefined, {}]);
  });

  it('is whole, though a trailer throws or has what no header may have', async () => {
    upstream.always(stream(CHUNKS));
    const answer = await ask({ te: 'trailers', 'x-odd': '1' }, { ...BODY, stream: true });
    expect([answer.text, answer.broken]).to.eql([CHUNKS.join(''), false]);
    expect(answer.trailers).to.eql({ 'x-late': '7' });
    expect(running.lines.filter(({ msg }) => msg === 'plugin says failed')).to.have.length(1);
  });

  it('leaves the connection fit for the next request', async () => {
    upstream.always(stream(CHUNKS));
    const body = JSON.stringify({ ...BODY, stream: true });
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`;
    const first = `${head}te: trailers\r\n\r\n${body}`;
    const bytes = await rawSocket(
      Number(new URL(running.url).port),
      Buffer.from(`${first}${head}connection: close\r\n\r\n${body}`),
    );
    expect(bytes.toString('latin1').match(/HTTP\/1\.1 200 OK/g)).to.have.length(2);
    expect(bytes.toString('latin1')).to.include('\r\n0\r\nx-late: 7\r\n\r\nHTTP/1.1 200 OK');
  });

  it('reads the usage of a stream once, whoever asks first', async () => {
    upstream.always(stream(CHUNKS));
    const { headers } = await ask({ te: 'trailers' }, { ...BODY, stream: true });
    const row = await running.row(String(headers['x-token-spy-id']));
    expect([row.usage?.output_tokens, row.cost_usd]).to.eql([7, '0.0000775']);
  });

  it('tells a plugin that makes a client wait when it leaves', async () => {
    const call = open({ url: `${running.url}/v1/chat/completions`, headers: { 'x-wait': '1' }, body: BODY });
    const before = upstream.received.length;
    await until('the request is there', async () => (await send({ url: `${running.url}/api/v1/gone` })).text === '1 0');

    call.abort();
    await until('the plugin was told', async () => (await send({ url: `${running.url}/api/v1/gone` })).text === '1 1');
    expect(upstream.received).to.have.length(before);
  });

  it('does not stand in the way of a page whose view is missing', async () => {
    const { status, text } = await send({ url: `${running.url}/dashboard/nowhere`, headers: { accept: 'text/html' } });
    expect([status, /views\/pages\/nowhere\.hbs/.test(text)]).to.eql([404, true]);
  });
});
