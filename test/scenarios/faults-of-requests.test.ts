/** The table of faults, by number: requests that are too much or wrong. */

import { gzipSync } from 'node:zlib';
import { expect } from 'chai';

import { rawSocket } from '../support/client.ts';
import { ASK, CHAT, MESSAGES, type Pair, usePair } from '../support/pair.ts';
import { json } from '../support/script.ts';

const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;
const head = (lines: string[], body = ''): string =>
  `POST ${CHAT} HTTP/1.1\r\nhost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
const portOf = (pair: Pair): number => Number(new URL(pair.gw.url).port);

describe('requests that are too much', () => {
  const pair = usePair({ more: 'limits: { body: 256KiB, headers: 16KiB, client_headers: 1s, client_body: 1s }' });
  async function* large() {
    for (let n = 0; n < 400; n++) yield Buffer.alloc(100_000, 'a');
  }

  for (const [what, path, type] of [
    ['JSON', CHAT, 'application/json'],
    ['an upload', '/v1/files', 'multipart/form-data; boundary=x'],
  ] as [string, string, string][]) {
    for (const length of [true, false]) {
      it(`#51 ${what} over the limit is a 413 ${length ? 'with' : 'without'} a length, and the connection is closed`, async () => {
        const headers: Record<string, string> = {
          'content-type': type,
          ...(length ? { 'content-length': '40000000' } : {}),
        };
        const answer = await pair.send(path, { method: 'POST', headers, body: large() });
        expect(answer.status).to.equal(413);
        expect(codeOf(answer.text)).to.equal('request_too_large');
        expect(answer.headers.connection).to.equal('close');
        const row = await pair.row();
        expect(row).to.include({ outcome: 'refused', status: 413 });
        expect(row.request_bytes).to.be.lessThan(1 << 20);
        if (what === 'JSON' || length) expect(pair.up.received).to.have.length(0);
        else expect(pair.up.received[0]!.complete).to.equal(false);
      });
    }
  }

  it('#51 who asks first with expect: 100-continue is refused before a byte of the body', async () => {
    const answer = await rawSocket(
      portOf(pair),
      head(['content-type: application/json', 'content-length: 400000', 'expect: 100-continue']),
    );
    expect(String(answer)).to.match(/^HTTP\/1\.1 413 /);
    await pair.row();
  });

  it('#52 a compressed body is read, and a bomb refused', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const good = gzipSync(JSON.stringify(ASK));
    expect((await pair.send(CHAT, { headers, body: good })).status).to.equal(200);
    expect(pair.up.received[0]!.body.equals(good)).to.equal(true);
    expect(pair.up.received[0]!.headers['content-encoding']).to.equal('gzip');
    const bomb = await pair.send(CHAT, { headers, body: gzipSync(Buffer.alloc(100 << 20)) });
    expect(bomb.status).to.equal(413);
    expect(pair.up.received).to.have.length(1);
    const rows = await pair.rows(2);
    expect(rows[0]!.model.request).to.equal('gpt-4o');
    expect(rows.map(({ outcome }) => outcome)).to.deep.equal(['ok', 'refused']);
  });

  it('#49 headers and bodies by the byte are cut at their limits', async () => {
    const slow = await Promise.all([
      rawSocket(portOf(pair), `POST ${CHAT} HTTP/1.1\r\nx-a: ${'b'.repeat(500)}`, { drip: 20, silence: 4000 }),
      rawSocket(portOf(pair), head(['content-length: 500'], 'b'.repeat(400)), { drip: 10, silence: 4000 }),
      rawSocket(portOf(pair), head(['content-length: 500'], '{"half":'), { silence: 4000 }),
    ]);
    for (const answer of slow) expect(String(answer)).to.match(/^HTTP\/1\.1 408 /);
    expect(pair.up.received).to.have.length(0);
  });

  it('#59 headers over the limit are a 431', async () => {
    const answer = await rawSocket(portOf(pair), head([`x-long: ${'l'.repeat(20_000)}`]));
    expect(String(answer)).to.match(/^HTTP\/1\.1 431 /);
  });
});

describe('requests that are wrong', () => {
  const pair = usePair();
  const strange: [string, string | Buffer][] = [
    ['a list', '[1]'],
    ['a text', '"x"'],
    ['nothing', ''],
    ['half of it', '{"model": "gpt-4o", "mess'],
    ['two of them', '{} {}'],
    ['no JSON', 'model=secret-prompt'],
    ['no UTF-8', Buffer.from('{"model":"\xff\xfe"}', 'latin1')],
    ['a million brackets', `{"a":${'['.repeat(1_000_000)}`],
  ];
  for (const [path, shape] of [
    [CHAT, (text: string) => JSON.parse(text).error.type === 'invalid_request_error'],
    [
      MESSAGES,
      (text: string) => JSON.parse(text).type === 'error' && JSON.parse(text).error.type === 'invalid_request_error',
    ],
  ] as [string, (text: string) => boolean][]) {
    it(`#53 #54 a body that is no JSON object is a 400 in the caller's dialect: ${path}`, async () => {
      for (const [what, body] of strange) {
        const answer = await pair.send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        expect(answer.status, what).to.equal(400);
        expect(shape(answer.text), answer.text).to.equal(true);
        expect(answer.text).not.to.contain('secret-prompt');
      }
      expect(pair.up.received).to.have.length(0);
      const rows = await pair.rows(strange.length);
      for (const row of rows)
        expect(row).to.include({ outcome: 'refused', status: 400, usage_status: 'not_applicable', cost_usd: null });
    });
  }

  it('#54 a hundred thousand keys and a number of a million digits are served', async () => {
    const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]));
    for (const body of [JSON.stringify({ ...ASK, ...keys }), `{"model":"gpt-4o","n":${'9'.repeat(1_000_000)}}`]) {
      const answer = await pair.send(CHAT, { headers: { 'content-type': 'application/json' }, body });
      expect(answer.status).to.equal(200);
    }
    await pair.rows(2);
  });

  it('#55 #56 __proto__, constructor, lone surrogates and NUL are data', async () => {
    const body =
      '{"model":"gpt-4o","__proto__":{"x":1},"constructor":{"prototype":1},"messages":[{"role":"user","content":"\\ud800\\u0000"}]}';
    const headers = {
      'content-type': 'application/json',
      'x-token-spy-tags': '__proto__=1,constructor=2',
      'x-token-spy-agent': '__proto__',
    };
    expect((await pair.send(CHAT, { headers, body })).status).to.equal(200);
    expect(String(pair.up.received[0]!.body)).to.equal(body);
    expect((await pair.row()).agent).to.equal('__proto__');
    expect(({} as { x?: number }).x).to.equal(undefined);
  });

  it('415 for a content type that is no JSON where JSON is needed', async () => {
    const answer = await pair.send(CHAT, { headers: { 'content-type': 'text/plain' }, body: JSON.stringify(ASK) });
    expect(answer.status).to.equal(415);
    expect((await pair.row()).error?.code).to.equal('unsupported_content_type');
  });

  it('415 for an encoding nobody knows, 400 for one that is not what it says', async () => {
    const post = (encoding: string) =>
      pair.send(CHAT, {
        headers: { 'content-type': 'application/json', 'content-encoding': encoding },
        body: JSON.stringify(ASK),
      });
    expect((await post('compress')).status).to.equal(415);
    expect((await post('gzip, gzip, gzip, gzip')).status).to.equal(415);
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd'])
      expect((await post(encoding)).status, encoding).to.equal(400);
    expect(pair.up.received).to.have.length(0);
    await pair.rows(6);
  });

  const ambiguous: [string, string][] = [
    ['two lengths', head(['content-length: 2', 'content-length: 3'], '{}')],
    ['a length and a coding', head(['content-length: 2', 'transfer-encoding: chunked'], '0\r\n\r\n')],
    ['an odd coding', head(['transfer-encoding: xchunked'], '0\r\n\r\n')],
    ['a coding after chunked', head(['transfer-encoding: chunked, identity'], '0\r\n\r\n')],
    ['a space before the colon', head(['content-length : 2'], '{}')],
    ['a NUL in a header', head(['x-a: b\0c', 'content-length: 2'], '{}')],
    ['a bare CR', head(['x-a: b\rx-c: d', 'content-length: 2'], '{}')],
    ['a negative length', head(['content-length: -1'])],
    ['no host', `POST ${CHAT} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ];
  for (const [what, bytes] of ambiguous) {
    it(`#59 #60 ${what}: refused and closed, nothing is sent on`, async () => {
      const answer = String(await rawSocket(portOf(pair), bytes));
      expect(answer).to.match(/^HTTP\/1\.1 4\d\d /);
      expect(pair.up.received).to.have.length(0);
    });
  }

  it('#60 pipelined requests are answered in their order, each sent on once', async () => {
    pair.up.next(json({ n: 1 }, { delay: 100 }), json({ n: 2 }));
    const one = head(['content-type: application/json', 'content-length: 2'], '{}');
    const answer = String(await rawSocket(portOf(pair), one + one, { silence: 500 }));
    expect([...answer.matchAll(/\{"n":(\d)\}/g)].map(([, n]) => n)).to.deep.equal(['1', '2']);
    expect(await pair.rows(2)).to.have.length(2);
  });

  for (const [what, line] of [
    ['an absolute URL', 'GET http://169.254.169.254/v1/models HTTP/1.1'],
    ['a second slash', 'GET //evil.example/v1/models HTTP/1.1'],
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1'],
    ['dots', 'GET /v1/../../models HTTP/1.1'],
    ['encoded dots', 'GET /v1/%2e%2e/%2E%2e/models HTTP/1.1'],
    ['a backslash', 'GET /v1\\evil HTTP/1.1'],
  ]) {
    it(`#61 a destination in the request line is refused: ${what}`, async () => {
      const answer = String(await rawSocket(portOf(pair), `${line}\r\nhost: x\r\n\r\n`, { silence: 300 }));
      expect(answer).to.match(/^(HTTP\/1\.1 4\d\d |$)/);
      expect(pair.up.received).to.have.length(0);
    });
  }

  it('#61 a destination in host, headers, body or query changes nothing', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-token-spy-provider': 'http://evil',
      'content-type': 'application/json',
    };
    const body = { ...ASK, base_url: 'http://evil.example', api_base: 'http://evil.example' };
    const answer = await pair.send(`${CHAT}?base_url=http://evil.example`, { headers, body });
    expect(answer.status).to.equal(200);
    expect(pair.up.received[0]!.headers.host).to.equal(new URL(pair.up.url).host);
    expect(pair.up.received[0]!.headers['x-forwarded-host']).to.equal(undefined);
    await pair.row();
  });

  it('an upgrade is answered as a plain request and never passed on as one', async () => {
    const answer = await pair.send('/v1/models', { headers: { connection: 'upgrade', upgrade: 'websocket' } });
    expect(answer.status).to.equal(200);
    expect(pair.up.received[0]!.headers.upgrade).to.equal(undefined);
    await pair.row();
  });
});
