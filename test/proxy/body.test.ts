import { gzipSync } from 'node:zlib';
import { expect } from 'chai';

import { ASK, CHAT, usePair } from '../support/pair.ts';

const ZSTD =
  'KLUv/SSSDQMAQkYUGYCpLQYLNdlHQvVCLRsPnyGrcJhWqAlBc0drCU4q9hCZ47D13CK3sMhkQis7uRDWRiJeYnvP7cnD5XSabB9mWg1sPcSgeuZyBgCLkG08RJpVBAA6xUcYzMFB8dwFCq1e/sU=';

describe('bodies on their way up', () => {
  const pair = usePair();

  it('an upload is passed on as it comes, without waiting for its end', async () => {
    let go = (): void => {};
    const gate = new Promise<void>((open) => {
      go = open;
    });
    async function* parts() {
      yield '--x\r\n\r\nfirst';
      await gate;
      yield 'second\r\n--x--';
    }
    const call = pair.open('/v1/files', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: parts(),
    });
    const received = await pair.up.request(0);
    while (!received.body.includes('first')) await new Promise((done) => setTimeout(done, 5));
    expect(received.complete).to.equal(false);
    go();
    expect((await call.done).status).to.equal(200);
    expect(String(received.body)).to.equal('--x\r\n\r\nfirstsecond\r\n--x--');
    expect(received.headers['content-type']).to.equal('multipart/form-data; boundary=x');
    const row = await pair.row();
    expect(row).to.include({ outcome: 'ok', request_bytes: received.body.length });
  });

  it('an upload keeps its length', async () => {
    await pair.send('/v1/files', {
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: Buffer.alloc(100_000, 'u'),
    });
    expect(pair.up.received[0]!.headers).to.include({ 'content-length': '100000' });
    expect(pair.up.received[0]!.headers['transfer-encoding']).to.equal(undefined);
    expect((await pair.row()).request_bytes).to.equal(100_000);
  });

  it('a provider that refuses an upload early is heard, and the connection is closed', async () => {
    async function* parts() {
      for (let n = 0; n < 100; n++) yield Buffer.alloc(65_536, 'u');
    }
    pair.up.next({ read: 'never', status: 413, headers: {}, chunks: ['too large'], end: 'close-after' });
    const answer = await pair.send('/v1/files', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: parts(),
    });
    expect(answer.status).to.be.oneOf([413, 502]);
    expect((await pair.row()).outcome).to.equal('upstream_error');
  });

  it('a client that leaves in the middle of an upload cancels it', async () => {
    async function* parts() {
      yield 'some';
      await new Promise(() => {});
    }
    const call = pair.open('/v1/files', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: parts() });
    const received = await pair.up.request(0);
    call.abort();
    await received.closed;
    expect((await pair.row()).outcome).to.equal('client_aborted');
  });

  it('a provider that is not there is a 502 for an upload, too, and its client can read it', async () => {
    pair.up.next({ read: 'never', raw: '', end: 'reset' });
    const answer = await pair.send('/v1/files', {
      headers: { 'content-type': 'text/plain' },
      body: Buffer.alloc(3 << 20),
    });
    expect(answer.status).to.equal(502);
    expect((await pair.row()).outcome).to.equal('upstream_error');
  });

  for (const [encoding, body] of [
    ['gzip', gzipSync(JSON.stringify(ASK))],
    ['gzip, gzip', gzipSync(gzipSync(JSON.stringify(ASK)))],
    ['zstd', Buffer.from(ZSTD, 'base64')],
  ] as [string, Buffer][]) {
    it(`a body in ${encoding} is read here and leaves as it came`, async () => {
      await pair.send(CHAT, { headers: { 'content-type': 'application/json', 'content-encoding': encoding }, body });
      expect(pair.up.received[0]!.body.equals(body)).to.equal(true);
      expect(pair.up.received[0]!.headers['content-encoding']).to.equal(encoding);
      expect((await pair.row()).model.request).to.equal('gpt-4o');
    });
  }

  it('a compressed body that is changed leaves without compression', async () => {
    const body = gzipSync(JSON.stringify({ ...ASK, stream: true }));
    await pair.send(CHAT, { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body });
    expect(pair.up.received[0]!.headers['content-encoding']).to.equal(undefined);
    expect(JSON.parse(String(pair.up.received[0]!.body)).stream_options).to.deep.equal({ include_usage: true });
    await pair.row();
  });

  it('JSON that is called plain bytes is JSON, and nothing else is', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    expect((await pair.send(CHAT, { headers, body: JSON.stringify(ASK) })).status).to.equal(200);
    expect(pair.up.received[0]!.headers).to.include(headers);
    const answer = await pair.send(CHAT, { headers, body: Buffer.from([0, 1, 2]) });
    expect(answer.headers['x-token-spy-error']).to.equal('invalid_json');
    expect((await pair.rows(2))[0]!.model.request).to.equal('gpt-4o');
  });

  it('a prompt of a megabyte is fine', async () => {
    const body = { ...ASK, messages: [{ role: 'user', content: 'p'.repeat(1 << 20) }] };
    expect((await pair.send(CHAT, { body })).status).to.equal(200);
    expect(pair.up.received[0]!.body.length).to.equal(JSON.stringify(body).length);
    await pair.row();
  });

  it('who asks with expect: 100-continue is told to go on, and the provider is not asked', async () => {
    const answer = await pair.send(CHAT, {
      headers: { 'content-type': 'application/json', expect: '100-continue' },
      body: JSON.stringify(ASK),
    });
    expect(answer.status).to.equal(200);
    expect(answer.interim).to.deep.equal([100]);
    expect(pair.up.received[0]!.headers.expect).to.equal(undefined);
    await pair.row();
  });
});

describe('forms on their way up', () => {
  const pair = usePair({ more: 'limits: { body: 64KiB }' });
  const AUDIO = '/v1/audio/transcriptions';
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  const part = (head: string, content: string) =>
    `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
  const form = (...parts: string[]) => `${parts.join('')}--x--\r\n`;
  const FILE = part('name="file"; filename="a.wav"', 'RIFF\0\0\u00ff');

  it('a form is read for its model, and leaves as it came', async () => {
    const body = form(FILE, part('name="model"', 'whisper-1'), part('name="stream"', 'true'));
    await pair.send(AUDIO, { headers, body });
    const received = pair.up.received[0]!;
    expect(String(received.body)).to.equal(body);
    expect(received.headers).to.include({ ...headers, 'content-length': String(Buffer.byteLength(body)) });
    const row = await pair.row();
    expect(row).to.include({ api: 'openai.audio', stream: true, request_bytes: Buffer.byteLength(body) });
    expect(row.model.request).to.equal('whisper-1');
  });

  it('a form that comes in pieces is read when it is whole', async () => {
    async function* parts() {
      for (const letter of form(part('name="model"', 'gpt-4o-transcribe'), FILE)) {
        yield letter;
      }
    }
    await pair.send(AUDIO, { method: 'POST', headers, body: parts() });
    const row = await pair.row();
    expect([row.model.request, row.stream]).to.deep.equal(['gpt-4o-transcribe', false]);
  });

  for (const [what, type, body] of [
    ['that is broken', headers['content-type'], '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhis'],
    ['without a boundary', 'multipart/form-data', form(part('name="model"', 'm'))],
    ['that is a sound', 'audio/wav', 'RIFF'],
    ['that is JSON and broken', 'application/json', '{"model":"m"'],
  ] as const) {
    it(`a body ${what} is left to the provider`, async () => {
      expect((await pair.send(AUDIO, { headers: { 'content-type': type }, body })).status).to.equal(200);
      expect(String(pair.up.received[0]!.body)).to.equal(body);
      expect((await pair.row()).model.request).to.equal(null);
    });
  }

  it('JSON may come where a form may', async () => {
    await pair.send('/v1/images/edits', { body: { model: 'gpt-image-1', images: [] } });
    expect((await pair.row()).model.request).to.equal('gpt-image-1');
  });

  it('a form that is too large is refused, with its length and without', async () => {
    const body = form(part('name="file"; filename="a"', 'u'.repeat(70_000)));
    expect((await pair.send(AUDIO, { headers, body })).status).to.equal(413);
    async function* parts() {
      yield body;
    }
    expect((await pair.send(AUDIO, { method: 'POST', headers, body: parts() })).status).to.equal(413);
    expect(pair.up.received).to.have.length(0);
    expect((await pair.rows(2)).map(({ error }) => error?.code)).to.deep.equal([
      'request_too_large',
      'request_too_large',
    ]);
  });

  it('JSON that curl calls a form is read as JSON', async () => {
    const curl = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = JSON.stringify(ASK);
    expect((await pair.send(CHAT, { headers: curl, body })).status).to.equal(200);
    expect(pair.up.received[0]!.headers).to.include(curl);
    expect((await pair.row()).model.request).to.equal('gpt-4o');
  });

  it('a form where JSON is needed is none', async () => {
    const curl = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await pair.send(CHAT, { headers: curl, body: 'model=gpt-4o' })).status).to.equal(400);
    expect((await pair.send(CHAT, { headers, body: form(part('name="model"', 'm')) })).status).to.equal(415);
    expect((await pair.rows(2)).map(({ error }) => error?.code)).to.deep.equal([
      'invalid_json',
      'unsupported_content_type',
    ]);
  });
});

describe('an upload that its provider does not take', () => {
  const pair = usePair({ more: 'limits: { client_headers: 1s, client_body: 1s }' });

  it('a large upload flows no faster than the provider takes it', async () => {
    let yielded = 0;
    async function* parts() {
      for (let n = 0; n < 400; n++) {
        yielded += 65_536;
        yield Buffer.alloc(65_536, 'u');
      }
    }
    pair.up.next({ read: 'never', end: 'hang' });
    const call = pair.open('/v1/files', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: parts(),
    });
    await pair.up.request(0);
    await new Promise((done) => setTimeout(done, 300));
    expect(yielded).to.be.lessThan(20 << 20);
    // While nobody reads, nobody sees the client leave either: the limit for its body ends it.
    call.abort();
    expect((await pair.row()).outcome).to.equal('client_aborted');
  });
});
