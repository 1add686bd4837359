import { expect } from 'chai';
import { type Answer, type Call, open, send } from '../support/client.ts';
import { draw } from '../support/drafts.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { type Received, startUpstream, type Upstream } from '../support/upstream.ts';

const ANSWER = { id: 'x', choices: [{ message: { role: 'assistant', content: 'Hi' } }], usage: { prompt_tokens: 1 } };
const CHUNKS = sse([{ choices: [{ index: 0, delta: { content: 'hi' } }] }, '[DONE]']);

describe('plugins/queue', () => {
  let upstream: Upstream;
  let other: Upstream;
  let running: TestGateway;
  const calls: Call[] = [];
  /** What is under way at the upstream, and the most that ever was. */
  let now = 0;
  let most = 0;

  const yaml = (queue: string): string => `
providers:
  openai: { base_url: "${upstream.url}" }
  other: { adapter: openai_chat, base_url: "${other.url}" }
plugins: [history, identity, { plugin: usage, count_tokens: false }, ${queue}]
`;
  /** Makes an upstream that counts who is with it. */
  const counting = (script: (request: Received) => Script) => (request: Received) => {
    most = Math.max(most, ++now);
    setImmediate(() => void request.done.then(() => now--));
    return script(request);
  };

  before(async () => {
    [upstream, other] = await Promise.all([startUpstream(), startUpstream()]);
    running = await startGateway(yaml('{ plugin: queue, parallel: 2, waiting: 8, wait: 5s }'));
  });
  after(async () => {
    await running.close();
    await Promise.all([upstream.close(), other.close()]);
  });
  beforeEach(() => {
    most = 0;
    upstream.always(counting(() => ({ ...json(ANSWER), delay: 'release' })));
  });
  afterEach(async () => {
    for (const call of calls.splice(0)) call.abort();
    await until('the line is empty', async () => (await figure('under_way')) + (await figure('waiting')) === 0);
  });

  const body = { model: 'gpt-4o', messages: [] };
  const sending = (headers: Record<string, string> = {}, more: object = {}) => ({
    url: `${running.url}/v1/chat/completions`,
    headers,
    body: { ...body, ...more },
  });
  const begin = (more: object = {}): Call => {
    const call = open(sending({}, more));
    calls.push(call);
    return call;
  };
  const start = (count: number): Call[] => Array.from({ length: count }, () => begin());
  const figure = async (name: string): Promise<number> => {
    const text = await running.gateway.metrics.registry.getSingleMetricAsString(`gateway_queue_${name}`);
    return Number(/ (\d+)$/m.exec(text)?.[1]);
  };
  const inLine = (count: number): Promise<void> =>
    until(`${count} wait`, async () => (await figure('waiting')) === count);
  const errorOf = ({ text }: Answer) => (JSON.parse(text) as { error: Record<string, unknown> }).error;
  const take = async (queue: string): Promise<void> => {
    const version = (): string => running.gateway.current.terms.configVersion;
    const before = version();
    await running.save(yaml(queue));
    await until('it is in force', () => version() !== before);
  };

  it('lets ten calls through two at a time, and all of them come back', async () => {
    upstream.always(counting(() => ({ ...json(ANSWER), delay: 5 })));
    const answers = await Promise.all(start(10).map(({ done }) => done));
    expect(answers.map(({ status }) => status)).to.eql(Array(10).fill(200));
    expect(most).to.equal(2);
    const waited = answers.filter(({ headers }) => Number(headers['x-token-spy-queued-ms']) > 0);
    expect(waited.length).to.equal(8);
  });

  it('serves who came first', async () => {
    const first = upstream.received.length;
    for (let n = 0; n < 5; n++) {
      begin({ user: `u${n}` });
      const count = n;
      if (n < 2) await until('it is there', () => upstream.received.length === first + count + 1);
      else await inLine(n - 1);
    }
    for (let n = 2; n < 5; n++) {
      calls[n - 2]!.abort();
      await upstream.request(first + n);
    }
    const users = upstream.received
      .slice(first + 2)
      .map(({ body: sent }) => JSON.parse(sent.toString()).user as string);
    expect(users).to.eql(['u2', 'u3', 'u4']);
  });

  it('refuses who finds the line full, and says when to come again', async () => {
    start(10);
    await inLine(8);
    const answer = await send(sending());
    expect([answer.status, answer.headers['x-token-spy-error']]).to.eql([429, 'queue_full']);
    expect(Number(answer.headers['retry-after'])).to.be.within(1, 60);
    expect(answer.headers).to.not.have.property('x-should-retry');
    expect(errorOf(answer).message).to.equal(
      'The provider openai has all the requests it can take, and 8 more wait for their turn.',
    );
    const row = await running.row(String(answer.headers['x-token-spy-id']));
    expect([row.outcome, row.error?.code]).to.eql(['refused', 'queue_full']);
  });

  it('frees the place of who leaves while he waits, and does not send him on', async () => {
    const first = upstream.received.length;
    const [, , third, fourth] = start(4);
    await inLine(2);
    third!.abort();
    fourth!.abort();
    await inLine(0);
    upstream.always(json(ANSWER));
    upstream.release();
    await until('the others are over', async () => (await figure('under_way')) === 0);
    expect(upstream.received.length).to.equal(first + 2);
    const rows = await running.rows();
    const gone = rows.filter(({ outcome, overhead_ms: left }) => outcome === 'client_aborted' && left === null);
    expect(gone.length).to.be.at.least(2);
  });

  it('keeps the place of a stream until its last byte', async () => {
    upstream.next(
      stream([CHUNKS[0]!, { wait: 'release' }, CHUNKS[1]!]),
      stream([CHUNKS[0]!, { wait: 'release' }, CHUNKS[1]!]),
    );
    const streams = [begin({ stream: true }), begin({ stream: true })];
    await Promise.all(streams.map((call) => call.saw('hi')));
    const third = begin();
    await inLine(1);
    expect(await figure('under_way')).to.equal(2);
    upstream.always(json(ANSWER));
    upstream.release();
    expect((await third.done).status).to.equal(200);
  });

  it('frees the place however an answer ends', async () => {
    const endings: Script[] = [
      { raw: '', end: 'reset' },
      json({ error: { message: 'no' } }, { status: 500 }),
      { ...stream([CHUNKS[0]!]), end: 'reset' },
      { raw: 'what?' },
      { headers: { location: 'http://127.0.0.1:1/' }, status: 302 },
      json(ANSWER),
    ];
    let count = 0;
    upstream.always(counting(() => endings[count++ % endings.length]!));
    for (let round = 0; round < 6; round++) {
      const nine = start(9);
      if (round % 2 === 1) nine[round]!.abort();
      await Promise.all(nine.map(({ done }) => done));
    }
    await until('all are over', async () => (await figure('under_way')) === 0);
    expect(most).to.be.within(1, 2);
    upstream.always(json(ANSWER));
    expect((await send(sending())).headers).to.not.have.property('x-token-spy-queued-ms');
  });

  it('has a line for each provider', async () => {
    start(3);
    await inLine(1);
    other.always(json(ANSWER));
    const answer = await send({ url: `${running.url}/other/v1/chat/completions`, body });
    expect([answer.status, answer.headers['x-token-spy-queued-ms']]).to.eql([200, undefined]);
  });

  it('goes on with the same line when its options change', async () => {
    const first = upstream.received.length;
    const arrived = (): number => upstream.received.length - first;
    start(6);
    await inLine(4);
    await take('{ plugin: queue, parallel: 3, waiting: 8, wait: 5s }');
    await until('the third one goes at once', () => arrived() === 3);
    await take('{ plugin: queue, parallel: 1, waiting: 4, wait: 5s }');
    begin();
    await inLine(4);
    expect((await send(sending())).status).to.equal(429);
    calls[0]!.abort();
    calls[1]!.abort();
    await until('two are over', async () => (await figure('under_way')) === 1);
    expect([arrived(), await figure('waiting')]).to.eql([3, 4]);
    calls[2]!.abort();
    await until('the next one goes', () => arrived() === 4);
    expect(await figure('under_way')).to.equal(1);
    await take('{ plugin: queue, parallel: 2, waiting: 8, wait: 50ms }');
  });

  it('refuses who has waited for too long', async () => {
    start(2);
    await until('both are there', async () => (await figure('under_way')) === 2);
    const answer = await send(sending());
    expect([answer.status, answer.headers['x-token-spy-error']]).to.eql([503, 'queue_timeout']);
    expect(Number(answer.headers['retry-after'])).to.be.within(1, 60);
    expect(Number(answer.headers['x-token-spy-queued-ms'])).to.be.at.least(49);
    expect(errorOf(answer).message).to.equal('The provider openai had no place for this request within 0.05 s.');
    const text = await running.gateway.metrics.registry.metrics();
    expect(text).to.include('gateway_queue_refusals_total{gen_ai_provider_name="openai",reason="timeout"} 1\n');
    expect(text).to.match(/gateway_queue_waited_seconds_count\{gen_ai_provider_name="openai"\} \d\d+/);
  });
});

describe('the options of queue', () => {
  const complaint = (entry: string): Promise<string> =>
    draw(`plugins: [{ plugin: queue, ${entry} }]`).then(
      () => '',
      (error: Error) => error.message,
    );

  it('are checked', async () => {
    expect(await complaint('parallel: 0')).to.match(/plugins\[0\].parallel must be at least 1/);
    expect(await complaint('parallel: 1, wait: soon')).to.match(/plugins\[0\].wait must be a time such as 250ms/);
    expect(await complaint('parallel: 1, waiting: -1')).to.match(/plugins\[0\].waiting must be at least 0/);
    expect(await complaint('parallel: 1, wait: 2m')).to.equal('');
  });

  it('name how many may be under way', async () => {
    const upstream = await startUpstream();
    const failed = await startGateway(
      `providers: { openai: { base_url: "${upstream.url}" } }\nplugins: [queue]\n`,
    ).catch((error: Error) => error.message);
    expect(failed).to.equal('plugin queue: parallel is not set; write how many requests may be under way at a time');
    await upstream.close();
  });
});
