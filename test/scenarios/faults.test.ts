/** The table of faults, by number: what happens when a provider, a client or what lies between them misbehaves. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { type BlackHole, startBlackHole } from '../support/black-hole.ts';
import { ASK, ASK_STREAM, CHAT, usePair } from '../support/pair.ts';
import { json, manyHeaders } from '../support/script.ts';
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
  apart: { base_url: "${pair.up.url}/v1" }
  hole: { base_url: "${hole.url}/v1", ${LIMITS} }
  nowhere: { base_url: "http://no-such-host.invalid/v1", ${LIMITS} }
  strange: { base_url: "${tls.url}/v1", ${LIMITS} }
  known: { base_url: "${tls.url}/v1", ca_file: "${folder}/ca.pem" }
  plain: { base_url: "${tls.url.replace('https', 'http')}/v1", ${LIMITS} }`,
    more: `routes:
  - match: { model: try-both }
    targets: [ { provider: dead }, { provider: openai, model: gpt-4o } ]
    retry: { retries: 0 }
  - match: { model: good-first }
    targets: [ { provider: apart }, { provider: dead } ]
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
      const answer = await pair.send(CHAT, { body: { ...ASK, model: 'good-first' }, headers: { 'x-a': 'b' } });
      expect(answer.status).to.equal(status);
      expect(pair.up.received).to.have.length(1);
      const row = await pair.row();
      expect(row.outcome).to.equal('upstream_error');
      expect(row.attempts).to.have.length(1);
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
