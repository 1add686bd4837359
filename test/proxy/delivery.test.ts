import { createHash, randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { expect } from 'chai';

import { bill, finish, hello } from '../support/chat-chunks.ts';
import { rawSocket } from '../support/client.ts';
import { ASK, ASK_STREAM, CHAT, MESSAGES, usePair } from '../support/pair.ts';
import { setStage } from '../support/play.ts';
import { type Encoding, json, type Script, sse, stream } from '../support/script.ts';

const sha = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const ASKED = { ...ASK_STREAM, stream_options: { include_usage: true } };
const whole = [...sse([hello, finish, bill({ prompt_tokens: 7, completion_tokens: 2 })]), ...sse(['[DONE]'])];
const UNPACK: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

/** Everything an event stream may hold and some that it may not. */
const odd = Buffer.concat([
  Buffer.from('\ufeff: a comment\r\n\r\nevent: ping\r\nid: 7\r\nretry: 10\r\n\r\n'),
  Buffer.from('data: {"a":\ndata: 1}\n\n\n\ndata:no-space\r\rdata\n\n'),
  Buffer.from('data: {"choices":[],"n":9007199254740993,"f":1.0,"u":"\\u00e9","d":1,"d":2}\n\n'),
  Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0xff, 0xfe, 0x00, 0x80, 0x0a, 0x0a]),
  Buffer.from('data: \u2028 in it\n\ndata: [DONE]\n\n: after the end\n\ndata: no blank line'),
]);

describe('an answer on its way', () => {
  const pair = usePair();

  it('arrives byte for byte: comments, CRLF, several data lines, invalid UTF-8, no last blank line', async () => {
    for (const size of [1, 3, 1000]) {
      const chunks = Array.from({ length: Math.ceil(odd.length / size) }, (_, i) =>
        odd.subarray(i * size, (i + 1) * size),
      );
      pair.up.next(stream(chunks));
      expect(sha((await pair.send(CHAT, { body: ASKED })).body)).to.equal(sha(odd));
    }
    await pair.rows(3);
  });

  it('arrives byte for byte also where events are mapped and none is taken out', async () => {
    pair.up.next(stream([odd.subarray(0, 50), odd.subarray(50)]));
    expect(sha((await pair.send(CHAT, { body: ASK_STREAM })).body)).to.equal(sha(odd));
    await pair.row();
  });

  it('a request arrives byte for byte', async () => {
    const body = `{ "model":"gpt-4o",\r\n"n":9007199254740993, "f":1.0,"e":"\\u00e9\\/","d":1,"d":2 ,"messages":[]}\n`;
    await pair.send(CHAT, { headers: { 'content-type': 'application/json' }, body });
    expect(sha(pair.up.received[0]!.body)).to.equal(sha(body));
    await pair.row();
  });

  it('binary bodies arrive byte for byte, both ways', async () => {
    const up = randomBytes(300_000);
    const down = randomBytes(700_000);
    pair.up.next({
      headers: { 'content-type': 'audio/mpeg' },
      framing: 'chunked',
      chunks: [down.subarray(0, 99), down.subarray(99)],
    });
    const answer = await pair.send('/v1/audio/transcriptions', { headers: { 'content-type': 'audio/wav' }, body: up });
    expect(sha(answer.body)).to.equal(sha(down));
    expect(sha(pair.up.received[0]!.body)).to.equal(sha(up));
    await pair.row();
  });

  for (const body of [ASKED, ASK_STREAM]) {
    it(`each chunk is there before the next is written, events ${body === ASKED ? 'untouched' : 'mapped'}`, async () => {
      const events = sse([1, 2, 3, 4].map((n) => ({ ...hello, n })));
      pair.up.next(stream(events.flatMap((event) => [event, { wait: 'release' as const }])));
      const call = pair.open(CHAT, { body });
      for (const n of [1, 2, 3, 4]) {
        await call.saw(`"n":${n}`);
        expect(call.answer.text).not.to.contain(`"n":${n + 1}`);
        pair.up.release();
      }
      expect((await call.done).text).to.equal(events.join(''));
      await pair.row();
    });
  }

  it('a short answer leaves in one write: head, body and end', async () => {
    pair.up.next(json({ short: true }, { framing: 'chunked' }));
    const port = Number(new URL(pair.gw.url).port);
    const internals = Socket.prototype as unknown as { _writeGeneric(this: Socket, ...more: unknown[]): unknown };
    const original = internals._writeGeneric;
    let writes = 0;
    internals._writeGeneric = function (this: Socket, ...more) {
      if (this.localPort === port) writes++;
      return original.apply(this, more);
    };
    try {
      expect((await pair.send(CHAT, { body: ASK })).text).to.equal('{"short":true}');
    } finally {
      internals._writeGeneric = original;
    }
    expect(writes).to.equal(1);
    await pair.row();
  });

  it('headers do not wait for the first byte of the body', async () => {
    pair.up.next(stream([{ wait: 'release' }, ...whole]));
    const call = pair.open(CHAT, { body: ASKED });
    expect((await call.head).status).to.equal(200);
    expect(call.answer.body.length).to.equal(0);
    pair.up.release();
    await call.done;
    await pair.row();
  });

  it('a row has the time of the first token and of the whole', async () => {
    pair.up.next(stream([...whole.slice(0, 1), { wait: 300 }, ...whole.slice(1)], { delay: 200 }));
    await pair.send(CHAT, { body: ASK_STREAM });
    const row = await pair.row();
    expect(row.time_to_first_token_ms).to.be.within(190, 400);
    expect(row.duration_ms).to.be.within(490, 900);
    expect(row.overhead_ms).to.be.lessThan(100);
  });

  for (const encoding of ['gzip', 'deflate', 'br'] as Encoding[]) {
    it(`${encoding} passes untouched to who reads it, chunk by chunk, and is counted`, async () => {
      pair.up.next(stream([whole[0]!, { wait: 'release' }, ...whole.slice(1)], { encoding }));
      const call = pair.open(CHAT, { body: ASKED, headers: { 'accept-encoding': 'gzip, deflate, br' } });
      await call.head;
      const until = Date.now() + 3000;
      while (call.answer.body.length === 0 && Date.now() < until) await new Promise((done) => setTimeout(done, 5));
      expect(call.answer.body.length).to.be.greaterThan(0);
      pair.up.release();
      const answer = await call.done;
      expect(answer.headers['content-encoding']).to.equal(encoding);
      expect(String(UNPACK[encoding]!(answer.body))).to.equal(whole.join(''));
      expect((await pair.row()).usage).to.include({ input_tokens: 7, output_tokens: 2 });
    });

    it(`${encoding} is undone for who does not, and events can be taken out of it`, async () => {
      for (const headers of [{}, { 'accept-encoding': `${encoding};q=0, identity` }, { 'accept-encoding': encoding }]) {
        pair.up.next(stream([whole[0]!, { wait: 'release' }, ...whole.slice(1)], { encoding }));
        const call = pair.open(CHAT, { body: ASK_STREAM, headers: headers as Record<string, string> });
        await call.saw('Hello');
        pair.up.release();
        const answer = await call.done;
        expect(answer.headers['content-encoding']).to.equal(undefined);
        expect(answer.text).to.equal([...whole.slice(0, 2), ...whole.slice(3)].join(''));
      }
      const rows = await pair.rows(3);
      expect(rows.map(({ usage }) => usage?.input_tokens)).to.deep.equal([7, 7, 7]);
    });
  }

  it('an encoding that the client rules out is undone', async () => {
    pair.up.next(json({ a: 1 }, { encoding: 'gzip' }));
    expect((await pair.send(CHAT, { body: ASK, headers: { 'accept-encoding': 'br, gzip;q=0' } })).text).to.equal(
      '{"a":1}',
    );
    await pair.row();
  });

  it('zstd passes to who reads it, is undone for who does not, and is counted', async () => {
    const packed = Buffer.from(ZSTD, 'base64');
    const script: Script = {
      headers: { 'content-type': 'application/json', 'content-encoding': 'zstd' },
      framing: 'chunked',
      chunks: [packed.subarray(0, 20), packed.subarray(20)],
    };
    pair.up.next(script, script);
    const raw = await pair.send(CHAT, { body: ASK, headers: { 'accept-encoding': 'zstd' } });
    expect(raw.body.equals(packed)).to.equal(true);
    expect((await pair.send(CHAT, { body: ASK })).text).to.equal(ZSTD_TEXT);
    for (const { usage } of await pair.rows(2)) expect(usage).to.include({ input_tokens: 11, output_tokens: 5 });
  });

  it('gzip that does not say so passes as it is and is counted', async () => {
    pair.up.next(
      json(
        { usage: { prompt_tokens: 3, completion_tokens: 4 } },
        { encoding: 'gzip', headers: { 'content-encoding': 'identity' } },
      ),
    );
    const answer = await pair.send(CHAT, { body: ASK });
    expect(JSON.parse(String(gunzipSync(answer.body))).usage.prompt_tokens).to.equal(3);
    expect((await pair.row()).usage).to.include({ input_tokens: 3 });
  });

  it('status, reason, length and unknown headers are those of the provider', async () => {
    pair.up.next({
      status: 202,
      headers: [
        ['X-Ratelimit-Remaining', '5'],
        ['x-two', 'a'],
        ['x-two', 'b'],
        ['Request-Id', 'r-1'],
      ],
      chunks: ['{"a":1}'],
    });
    const answer = await pair.send(MESSAGES, { body: ASK });
    expect(answer).to.include({ status: 202, reason: 'Accepted' });
    expect(answer.rawHeaders.slice(0, 8)).to.deep.equal([
      'X-Ratelimit-Remaining',
      '5',
      'x-two',
      'a',
      'x-two',
      'b',
      'Request-Id',
      'r-1',
    ]);
    expect(answer.headers['content-length']).to.equal('7');
    expect((await pair.row()).upstream_request_id).to.equal('r-1');
  });

  for (const status of [204, 304]) {
    it(`a ${status} has no body and leaves the connection in order`, async () => {
      pair.up.next({ status, headers: { etag: '"x"' } });
      const answer = await pair.send('/v1/models');
      expect(answer).to.include({ status, text: '', broken: false });
      await pair.row();
    });
  }

  it('HEAD gets the headers of the answer and no body', async () => {
    pair.up.next({ headers: { 'x-a': 'b', 'content-length': '1234' }, chunks: [] });
    const answer = await pair.send('/v1/models', { method: 'HEAD' });
    expect(answer).to.include({ status: 200, text: '', broken: false });
    expect(answer.headers['content-length']).to.equal('1234');
    expect((await pair.row()).method).to.equal('HEAD');
  });

  it('interim answers of the provider are not taken for the answer', async () => {
    pair.up.next(
      json(
        { a: 1 },
        { interim: ['HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n'] },
      ),
    );
    expect((await pair.send(CHAT, { body: ASK })).text).to.equal('{"a":1}');
    await pair.row();
  });

  it('an old client gets its answer without chunks', async () => {
    pair.up.next(stream(whole));
    const body = JSON.stringify(ASKED);

    const text = `POST ${CHAT} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const answer = String(await rawSocket(Number(new URL(pair.gw.url).port), text));
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).to.equal(whole.join(''));
    await pair.row();
  });
});

const ZSTD_TEXT =
  '{"model":"gpt-4o","messages":[{"role":"user","content":"hello hello hello hello hello hello"}],"usage":{"prompt_tokens":11,"completion_tokens":5}}';
const ZSTD =
  'KLUv/SSS9QIAggYUEZB9ErGDI426RNwVtIIaZmYhe5dJH/5YJV0exjB+50OKE66S2uraePaAtgMa4zs3jufjSZcHt3+zG/9Iretj/H5T97704JQIXJsbj8+odB0DANGp5+CgeO4CBa1e/sU=';

describe('an answer whose body is mapped', () => {
  /** Holds a body whole, and writes it in capitals. */
  const loud = `export default { summary: 'Shouts.', setup: () => ({ onRequest(exchange) {
    exchange.onResponse((response) => {
      const parts = [];
      response.mapBody({
        push: (chunk) => { parts.push(Buffer.from(chunk)); return new Uint8Array(0); },
        end: () => Buffer.from(Buffer.concat(parts).toString().toUpperCase()),
      });
    });
  } }) };`;
  const KEY = 'sk-of-the-gateway-0123456789';

  it('arrives decoded, without the length it had, and errors without the gateway’s own key', async () => {
    const stage = await setStage({
      plugins: 'loud, usage',
      files: { 'loud.js': loud },
      yaml: `providers: { openai: { base_url: "UPSTREAM", api_key: ${KEY} } }\n`,
    });
    for (const encoding of [undefined, 'gzip'] as const) {
      const answer = json({ a: 'words' }, encoding && { encoding });
      const { answer: got, record } = await stage.play({ upstream: answer, headers: { 'accept-encoding': 'gzip' } });
      expect([got.status, got.text, got.broken]).to.deep.equal([200, '{"A":"WORDS"}', false]);
      expect([got.headers['content-length'], got.headers['content-encoding']]).to.deep.equal([undefined, undefined]);
      expect(record.outcome).to.equal('ok');
    }
    const quoting = json({ error: { message: `wrong key ${KEY}` } }, { status: 401 });
    const { answer: got } = await stage.play({ upstream: quoting });
    expect(got.status).to.equal(401);
    expect(got.text)
      .to.contain('WRONG KEY')
      .and.not.to.match(/of-the-gateway/i);
    await stage.close();
  });
});
