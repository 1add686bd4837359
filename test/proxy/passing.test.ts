/** What is held of an answer while another one could take its place, and when it is let go. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';

import { bill, finish, hello } from '../support/chat-chunks.ts';
import { ASK, ASK_STREAM, CHAT, MESSAGES, usePair } from '../support/pair.ts';
import { json, type Script, sse, stream } from '../support/script.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const LIMITS = 'timeouts: { response_headers: 2s, first_token: 400ms, idle: 300ms, total: 5s }';
const ROLE = { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] };
const BILL = bill({ prompt_tokens: 7, completion_tokens: 2 });
const GOOD = [...sse([{ ...hello, model: 'good' }, finish, BILL]), ...sse(['[DONE]'])];
const SAID = { error: { message: 'the engine died', type: 'server_error', code: 'engine' } };
const sha = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

describe('an answer that another one could take the place of', () => {
  let second: Upstream;
  before(async () => {
    second = await startUpstream();
  });
  after(() => second.close());
  const pair = usePair({
    provider: LIMITS,
    providers: () => `  second: { base_url: "${second.url}/v1", ${LIMITS} }`,
    more: `breaker: { probe: 1ms }
routes:
  - match: { model: two }
    targets: [ { provider: openai }, { provider: second } ]
    retry: { retries: 0 }
  - match: { model: whole }
    targets: [ { provider: openai }, { provider: second } ]
    retry: { retries: 0 }
    restart: true
`,
  });
  beforeEach(() => {
    second.received.length = 0;
    second.always(stream(GOOD));
  });
  const asked = (model: string) => ({ ...ASK_STREAM, model, stream_options: { include_usage: true } });
  const reasons = async () =>
    (await pair.row()).attempts.map(({ provider, reason, class: of }) => [provider, reason, of]);
  /** The first target does that; the answer has to be the other one's, byte for byte. */
  const isLeft = async (model: string, script: Script, reason: string, of: string) => {
    pair.up.next(script);
    const answer = await pair.send(CHAT, { body: asked(model) });
    expect(answer.text).to.equal(GOOD.join(''));
    expect(answer).to.include({ status: 200, broken: false });
    expect(await reasons()).to.deep.equal([
      ['openai', reason, of],
      ['second', 'answered', undefined],
    ]);
    return answer;
  };

  it('does not begin before its first content, and then each chunk leaves at once', async () => {
    pair.up.next(stream([...sse([ROLE]), { wait: 'release' }, ...sse([hello]), { wait: 'release' }, ...sse([finish])]));
    const call = pair.open(CHAT, { body: asked('two') });
    await pair.up.request(0);
    await new Promise((done) => setTimeout(done, 100));
    expect(call.answer.status).to.equal(0);
    pair.up.release();
    await call.saw('Hello');
    expect(call.answer.text).to.equal(sse([ROLE, hello]).join(''));
    pair.up.release();
    expect((await call.done).text).to.equal(sse([ROLE, hello, finish]).join(''));
    await pair.row();
  });

  it('begins at once where nobody else could be asked', async () => {
    pair.up.next(stream([...sse([ROLE]), { wait: 'release' }, ...sse([hello, finish])]));
    const call = pair.open(CHAT, { body: asked('gpt-4o') });
    await call.saw('assistant');
    pair.up.release();
    await call.done;
    await pair.row();
  });

  it('is left for another one when its first content is late', () =>
    isLeft('two', stream(sse([ROLE]), { end: 'hang' }), 'upstream_idle_timeout', 'timeout').then(() => {}));

  it('is left when it sends and says nothing until the limit for the first token', () =>
    isLeft(
      'two',
      stream([...sse([ROLE]), { repeat: ': wait\n\n', times: 100, every: 20 }]),
      'upstream_first_token_timeout',
      'timeout',
    ).then(() => {}));

  it('is left when it is cut before its first content', () =>
    isLeft('two', stream([...sse([ROLE]), { wait: 30 }], { end: 'reset' }), 'upstream_reset', 'connect').then(
      () => {},
    ));

  it('#25 is left when it tells of an error before its first content', () =>
    isLeft('two', stream(sse([ROLE, SAID]), { end: 'hang' }), 'upstream_stream_error', 'server').then(() => {}));

  it('#25 a compressed one, too', () =>
    isLeft('two', stream(sse([SAID]), { encoding: 'gzip' }), 'upstream_stream_error', 'server').then(() => {}));

  it('is left when it ends without content or a reason', () =>
    isLeft('two', stream([...sse([ROLE]), ...sse(['[DONE]'])]), 'upstream_incomplete', 'server').then(() => {}));

  it('is an answer when it ends without content and says why', async () => {
    pair.up.next(stream(sse([ROLE, finish, '[DONE]'])));
    expect((await pair.send(CHAT, { body: asked('two') })).text).to.equal(sse([ROLE, finish, '[DONE]']).join(''));
    expect(second.received).to.have.length(0);
    await pair.row();
  });

  it('begins when 64 KiB of it have said nothing', async () => {
    const noise = `: ${'x'.repeat(1000)}\n\n`.repeat(70);
    pair.up.next(stream([...sse([ROLE]), noise, { wait: 'release' }, ...sse([hello, finish])]));
    const call = pair.open(CHAT, { body: asked('two') });
    await call.saw('x'.repeat(1000));
    pair.up.release();
    expect(sha((await call.done).body)).to.equal(sha(sse([ROLE])[0] + noise + sse([hello, finish]).join('')));
    await pair.row();
  });

  it('a provider’s error event is passed on where nobody answers better, as it came', async () => {
    second.always(stream(sse([SAID])));
    pair.up.next(stream(sse([SAID])));
    const answer = await pair.send(CHAT, { body: asked('two') });
    expect(answer).to.include({ status: 200, text: sse([SAID]).join('') });
    const row = await pair.row();
    expect(row).to.include({ outcome: 'stream_error', provider: 'second' });
  });

  it('is an error in the caller’s dialect where none of them begins', async () => {
    second.always(stream(sse([ROLE]), { end: 'close' }));
    pair.up.next(stream(sse([ROLE]), { end: 'close' }));
    const answer = await pair.send(CHAT, { body: asked('two') });
    expect(answer.status).to.equal(502);
    expect(JSON.parse(answer.text).error).to.include({ code: 'upstream_reset' });
    expect(await pair.row()).to.include({ outcome: 'upstream_error', status: 502, cost_usd: null, estimate: null });
  });

  it('an error answer is not held, and the first one is shown where the fallback’s says nothing true', async () => {
    const busy = { error: { message: 'busy', type: 'overloaded' } };
    pair.up.next(json(busy, { status: 503, headers: { 'x-first': 'yes' } }));
    second.always(json({ error: { message: 'unknown parameter' } }, { status: 400 }));
    const answer = await pair.send(CHAT, { body: asked('two') });
    expect(answer).to.include({ status: 503, text: JSON.stringify(busy) });
    expect(answer.headers['x-first']).to.equal('yes');
    const row = await pair.row();
    expect(row).to.include({ provider: 'openai', status: 503, outcome: 'upstream_error' });
    expect(row.attempts.map(({ status, class: of }) => [status, of])).to.deep.equal([
      [503, 'overloaded'],
      [400, 'bad_request'],
    ]);
  });

  it('where the first had no answer at all, that is what is shown', async () => {
    await pair.fresh();
    pair.up.next({ raw: '', end: 'reset' });
    second.always(json({ error: { message: 'unknown parameter' } }, { status: 400 }));
    const answer = await pair.send(CHAT, { body: asked('two') });
    expect(answer.status).to.equal(502);
    expect(JSON.parse(answer.text).error.code).to.equal('upstream_reset');
    expect((await pair.row()).error?.code).to.equal('upstream_reset');
  });

  describe('with restart', () => {
    it('is left when it is cut after its first content', () =>
      isLeft('whole', stream([...sse([hello]), { wait: 30 }], { end: 'reset' }), 'upstream_reset', 'broken').then(
        () => {},
      ));

    it('is left when it falls silent', () =>
      isLeft('whole', stream(sse([hello]), { end: 'hang' }), 'upstream_idle_timeout', 'broken').then(() => {}));

    it('is left when an event of it is no JSON', () =>
      isLeft(
        'whole',
        stream([...sse([hello]), 'data: {"choices":[\n\n', ...sse([finish, '[DONE]'])]),
        'upstream_unreadable',
        'broken',
      ).then(() => {}));

    it('is left when it ends without saying why', () =>
      isLeft('whole', stream(sse([hello])), 'upstream_incomplete', 'broken').then(() => {}));

    it('is left when it tells of an error in its middle', () =>
      isLeft('whole', stream(sse([hello, SAID])), 'upstream_stream_error', 'broken').then(() => {}));

    it('is whole when it has a finish reason and no [DONE]', async () => {
      pair.up.next(stream(sse([hello, finish])));
      expect((await pair.send(CHAT, { body: asked('whole') })).text).to.equal(sse([hello, finish]).join(''));
      expect(second.received).to.have.length(0);
      await pair.row();
    });

    it('no half of an answer arrives where none comes whole, and the row says that it broke off', async () => {
      second.always(stream(sse([hello]), { end: 'close' }));
      pair.up.next(stream(sse([hello])));
      const answer = await pair.send(CHAT, { body: asked('whole') });
      expect(answer.status).to.equal(502);
      expect(answer.text).not.to.contain('Hello');
      expect(JSON.parse(answer.text).error.code).to.equal('upstream_reset');
      const row = await pair.row();
      expect(row).to.include({ outcome: 'truncated', status: 502, provider: 'second' });
      expect(row.attempts.map(({ class: of, cost_usd: cost }) => [of, cost])).to.deep.equal([
        ['broken', null],
        ['broken', undefined],
      ]);
    });

    it('a body that is no JSON, or not all of it, is left as well', async () => {
      const good = { model: 'good', choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } };
      for (const script of [
        { headers: { 'content-type': 'application/json' }, chunks: ['{"half":'], contentLength: 90, end: 'close' },
        { headers: { 'content-type': 'application/json' }, chunks: ['{"half":'] },
      ] as Script[]) {
        pair.up.next(script);
        second.always(json(good));
        expect((await pair.send(CHAT, { body: { ...ASK, model: 'whole' } })).text).to.equal(JSON.stringify(good));
      }
      for (const { attempts } of await pair.rows(2))
        expect(attempts[0]).to.include({ class: 'broken', cost_usd: null });
    });

    it('is let go beyond 16 MiB, and its receipt says so', async () => {
      const big = `{"model":"m","choices":[],"x":"${'x'.repeat(17 * 1024 * 1024)}"}`;
      pair.up.next({ headers: { 'content-type': 'application/json' }, chunks: [big], contentLength: big.length });
      const answer = await pair.send(CHAT, { body: { ...ASK, model: 'whole' } });
      expect(sha(answer.body)).to.equal(sha(big));
      await pair.row();
    });
  });
});

describe('a stream that is silent', () => {
  let second: Upstream;
  before(async () => {
    second = await startUpstream();
  });
  after(() => second.close());
  const pair = usePair({
    provider: 'timeouts: { keepalive: 100ms }',
    providers: () => `  second: { base_url: "${second.url}/v1" }`,
    more: 'routes: [ { match: { model: two }, targets: [ { provider: openai }, { provider: second } ] } ]\n',
  });
  const PING = ': ping\n\n';
  const event = sse([hello])[0]!;

  it('is sent comments where an event has ended, and nowhere else', async () => {
    pair.up.next(stream([event, { wait: 450 }, event.slice(0, 20), { wait: 350 }, event.slice(20), ...sse([finish])]));
    const { text } = await pair.send(CHAT, { body: { ...ASK_STREAM, stream_options: { include_usage: true } } });
    const pings = text.split(PING).length - 1;
    expect(pings).to.be.within(2, 4);
    expect(text).to.equal(event + PING.repeat(pings) + event + sse([finish]).join(''));
    expect((await pair.row()).outcome).to.equal('truncated');
  });

  it('is sent nothing where its client asked for no stream, or it is no event stream', async () => {
    for (const [body, script] of [
      [ASK, stream([event, { wait: 350 }, ...sse([finish])])],
      [
        ASK_STREAM,
        { framing: 'chunked', headers: { 'content-type': 'application/json' }, chunks: ['{', { wait: 350 }, '}'] },
      ],
    ] as [object, Script][]) {
      pair.up.next(script);
      expect((await pair.send(CHAT, { body })).text).not.to.contain('ping');
    }
    await pair.rows(2);
  });

  it('is let go, though another one could be asked: the connection is to live', async () => {
    pair.up.next(stream([...sse([ROLE]), { wait: 400 }, event, ...sse([finish])]));
    const { text, arrivals } = await pair.send(CHAT, { body: { ...ASK_STREAM, model: 'two' } });
    expect(text.startsWith(sse([ROLE])[0] + PING)).to.equal(true);
    expect(arrivals[0]!.at).to.be.lessThan(390);
    await pair.row();
  });
});

describe('a stream that breaks after it has begun', () => {
  const pair = usePair();
  const begun = sse([['message_start', { type: 'message_start', message: { usage: { input_tokens: 3 } } }]]);

  for (const end of ['reset', 'close'] as const) {
    it(`tells of it in its own dialect, and has no end (${end})`, async () => {
      pair.up.next(stream([...sse([hello]), { wait: 30 }], { end }));
      const openai = await pair.send(CHAT, { body: ASK_STREAM });
      expect(openai.broken).to.equal(true);
      const [first, last] = openai.text.trim().split('\n\n');
      expect(first).to.contain('Hello');
      expect(JSON.parse(last!.slice(6)).error).to.include({ code: 'upstream_reset', type: 'server_error' });
      pair.up.next(stream([...begun, { wait: 30 }], { end }));
      const anthropic = await pair.send(MESSAGES, { body: { ...ASK_STREAM, max_tokens: 5 } });
      expect(anthropic.broken).to.equal(true);
      expect(anthropic.text).to.match(/\n\nevent: error\ndata: \{"type":"error","error":\{"type":"api_error"/);
      await pair.rows(2);
    });
  }

  it('inside an event it only breaks off', async () => {
    const asked = { ...ASK_STREAM, stream_options: { include_usage: true } };
    pair.up.next(stream([...sse([hello]), 'data: {"ch', { wait: 30 }], { end: 'reset' }));
    const answer = await pair.send(CHAT, { body: asked });
    expect(answer.broken).to.equal(true);
    expect(answer.text).to.equal(`${sse([hello])[0]}data: {"ch`);
    await pair.row();
  });
});
