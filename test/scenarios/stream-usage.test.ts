import { expect } from 'chai';

import { bill, finish, hello } from '../support/chat-chunks.ts';
import { ASK, ASK_STREAM, CHAT, usePair } from '../support/pair.ts';
import { json, sse, stream } from '../support/script.ts';

const usage = { prompt_tokens: 7, completion_tokens: 2 };
const asked = [...sse([hello, finish, bill(usage)]), ...sse(['[DONE]'])];
const unasked = [...asked.slice(0, 2), ...asked.slice(3)].join('');
const type = { 'content-type': 'application/json' };

describe('the usage of a stream, asked for on behalf of a client', () => {
  const pair = usePair();
  const sent = (index = 0): string => String(pair.up.received[index]!.body);
  const ask = (body: string, path = CHAT) => pair.send(path, { headers: type, body });

  for (const [what, text, expected] of [
    ['nothing', '"stream":true', '"stream":true,"stream_options":{"include_usage":true}'],
    ['null', '"stream":true,"stream_options": null', '"stream":true,"stream_options": {"include_usage":true}'],
    ['{}', '"stream_options":{},"stream":true', '"stream_options":{"include_usage":true},"stream":true'],
    [
      'false',
      '"stream":true,"stream_options":{ "include_usage" : false }',
      '"stream":true,"stream_options":{ "include_usage" : true }',
    ],
    [
      'other options',
      '"stream":true,"stream_options":{"include_obfuscation":false, "continuous_usage_stats":1.0}',
      '"stream":true,"stream_options":{"include_obfuscation":false, "continuous_usage_stats":1.0,"include_usage":true}',
    ],
  ]) {
    it(`asks where the client said ${what}, changes no other byte, and hides the extra event`, async () => {
      const rest =
        '{"model":"gpt-4o","seed":9007199254740993,"t":1.0,"messages":[{"role":"user","content":"\\u00e9 \\"stream\\""}],';
      pair.up.next(stream(asked));
      const answer = await ask(`${rest}${text}}`);
      expect(sent()).to.equal(`${rest}${expected}}`);
      expect(answer.text).to.equal(unasked);
      const row = await pair.row();
      expect(row).to.include({ outcome: 'ok', usage_status: 'final' });
      expect(row.usage).to.include({ input_tokens: 7, output_tokens: 2 });
      expect(row.rewritten_by).to.deep.equal(['include-usage']);
    });
  }

  it('leaves the event and all bytes to a client that asked', async () => {
    pair.up.next(stream(asked));
    const body = '{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true}}';
    expect((await ask(body)).text).to.equal(asked.join(''));
    expect(sent()).to.equal(body);
    expect((await pair.row()).rewritten_by).to.deep.equal([]);
  });

  for (const [what, body, path] of [
    ['a request that does not stream', '{"model":"gpt-4o","stream":false}', CHAT],
    ['options that are no object', '{"model":"gpt-4o","stream":true,"stream_options":"x"}', CHAT],
    ['the Responses API', '{"model":"gpt-4o","stream":true,"input":"x"}', '/v1/responses'],
    ['Messages', '{"model":"claude","stream":true,"messages":[]}', '/v1/messages'],
  ]) {
    it(`does not touch ${what}`, async () => {
      await ask(body!, path);
      expect(sent()).to.equal(body);
      await pair.row();
    });
  }

  it('works for legacy completions', async () => {
    pair.up.next(stream(asked));
    expect((await ask('{"model":"gpt-4o","stream":true,"prompt":"x"}', '/v1/completions')).text).to.equal(unasked);
    await pair.row();
  });

  it('keeps other events without choices and usage on events with choices', async () => {
    const filter = { choices: [], prompt_filter_results: [] };
    const events = sse([filter, { ...hello, usage: null }, { ...finish, usage }, bill(usage)]);
    pair.up.next(stream([...events, ...sse(['[DONE]'])]));
    expect((await pair.send(CHAT, { body: ASK_STREAM })).text).to.equal(
      [...events.slice(0, 3), ...sse(['[DONE]'])].join(''),
    );
    await pair.row();
  });

  it('hides the event in compressed streams, cut anywhere', async () => {
    pair.up.next(stream(Array.from(asked.join('')), { encoding: 'gzip' }));
    const answer = await pair.send(CHAT, { body: ASK_STREAM, headers: { 'accept-encoding': 'gzip' } });
    expect(answer.text).to.equal(unasked);
    expect(answer.headers['content-encoding']).to.equal(undefined);
    expect((await pair.row()).usage_status).to.equal('final');
  });
});

for (const encoding of [undefined, 'gzip'] as const) {
  describe(`include-usage where the server refuses the option, ${encoding ?? 'plain'}`, () => {
    const pair = usePair();

    it('asks once more without it and remembers', async () => {
      const refusal = json(
        { error: { message: 'Unknown parameter: stream_options' } },
        { status: 400, ...(encoding ? { encoding } : {}) },
      );
      pair.up.next(refusal, stream(asked), stream(asked));
      for (const n of [1, 2]) {
        const answer = await pair.send(CHAT, { body: ASK_STREAM });
        expect(answer.status, String(n)).to.equal(200);
        expect(answer.text).to.equal(asked.join(''));
      }
      expect(pair.up.received.map(({ body }) => body.includes('stream_options'))).to.deep.equal([true, false, false]);
      const [first, second] = await pair.rows(2);
      expect(first!.attempts.map(({ status, reason }) => [status, reason])).to.deep.equal([
        [400, 'stream_options_refused'],
        [200, 'answered'],
      ]);
      expect(first!.outcome).to.equal('ok');
      expect(second!.attempts).to.have.length(1);
    });

    it('passes other refusals on', async () => {
      pair.up.next(json({ error: { message: 'no such model' } }, { status: 400 }));
      const answer = await pair.send(CHAT, { body: { ...ASK, stream: true } });
      expect(answer.status).to.equal(400);
      expect(answer.text).to.contain('no such model');
      await pair.row();
    });
  });
}

describe('include-usage where an error answer never ends', () => {
  const pair = usePair({ provider: 'timeouts: { idle: 400ms }' });

  it('waits no longer for its words than the idle limit', async () => {
    pair.up.next({
      status: 400,
      headers: { 'content-type': 'application/json' },
      framing: 'chunked',
      chunks: ['{"err'],
      end: 'hang',
    });
    const answer = await pair.send(CHAT, { body: ASK_STREAM });
    expect(answer.status).to.equal(504);
    expect(answer.endAt).to.be.lessThan(2500);
    expect((await pair.row()).error?.code).to.equal('upstream_idle_timeout');
  });

  it('a client that leaves meanwhile cancels the call', async () => {
    pair.up.next({ status: 400, framing: 'chunked', chunks: ['{"err'], end: 'hang' });
    const call = pair.open(CHAT, { body: ASK_STREAM });
    await pair.up.request(0);
    await new Promise((done) => setTimeout(done, 30));
    call.abort();
    await pair.up.received[0]!.closed;
    expect((await pair.row()).outcome).to.equal('client_aborted');
  });
});
