import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import OpenAI from 'openai';
import { type Answer, open, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const ANSWER = { id: 'x', choices: [{ message: { role: 'assistant', content: 'Hi' } }], usage: { prompt_tokens: 7 } };
const BODY = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'hi' }] };

interface Slowed {
  id: string;
  scope: Record<string, string>;
  throttle: { requests_per_minute?: number; delay?: string } | null;
  waiting: number;
  since: string;
}

describe('plugins/pauses, slowing down', () => {
  let upstream: Upstream;
  let spare: Upstream;
  let running: TestGateway;
  let folder: string;

  const yaml = (more = ''): string => `
listen: [{ port: 0 }]
providers:
  openai: { base_url: "${upstream.url}" }
  spare: { adapter: openai_chat, base_url: "${spare.url}" }
routes: [{ match: { model: either }, targets: [{ provider: openai }, { provider: spare }] }]
plugins: [history, identity, pauses, { plugin: usage, count_tokens: false }]
${more}`;

  before(async () => {
    [upstream, spare] = await Promise.all([startUpstream(), startUpstream()]);
    folder = await mkdtemp(join(tmpdir(), 'token-spy-throttle-'));
    running = await startGateway(yaml(), { folder });
    upstream.always(json(ANSWER));
    spare.always(json(ANSWER));
  });
  after(async () => {
    await running.close();
    await Promise.all([upstream.close(), spare.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const { id } of await slowed()) await api('DELETE', `/${id}`);
  });

  const api = (method: string, path = '', body?: unknown): Promise<Answer> =>
    send({
      url: `${running.url}/api/v1/pauses${path}`,
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const slow = async (scope: object, throttle: object | null, more: object = {}): Promise<Slowed> => {
    const answer = await api('POST', '', { scope, throttle, ...more });
    expect(answer.status, answer.text).to.be.oneOf([200, 201]);
    return JSON.parse(answer.text) as Slowed;
  };
  const slowed = async (): Promise<Slowed[]> => (JSON.parse((await api('GET')).text) as { pauses: Slowed[] }).pauses;
  const waiting = async (count: number): Promise<void> =>
    until(`${count} wait`, async () => (await slowed()).reduce((sum, each) => sum + each.waiting, 0) === count);
  const sending = (agent: string, body: object = BODY) => ({
    url: `${running.url}/v1/chat/completions`,
    headers: { 'x-token-spy-agent': agent },
    body,
  });
  const ask = (agent: string, body?: object): Promise<Answer> => send(sending(agent, body));
  const errorOf = ({ text }: Answer) => (JSON.parse(text) as { error: Record<string, unknown> }).error;
  const throttledMs = ({ headers }: Answer): number =>
    Number(/^(\d+)ms$/.exec(`${headers['x-token-spy-throttled']}`)?.[1]);
  const metric = (name: string): Promise<string> =>
    running.gateway.metrics.registry.getSingleMetricAsString(`gateway_pauses_${name}`);

  it('lets each request wait for so long, says for how long, and meters it as ever', async () => {
    const { throttle } = await slow({ agent: 'crawler' }, { delay: '300ms' });
    expect(throttle).to.eql({ delay: '300ms' });
    const [first, second] = await Promise.all([ask('crawler'), ask('crawler')]);
    for (const answer of [first, second]) {
      expect(answer.status).to.equal(200);
      expect(answer.headAt).to.be.within(290, 9000);
      expect(throttledMs(answer)).to.be.within(290, 9000);
    }
    const other = await ask('other');
    expect(other.headers).to.not.have.property('x-token-spy-throttled');
    const row = await running.row(String(first.headers['x-token-spy-id']));
    expect(row).to.deep.include({ outcome: 'ok', usage: { input_tokens: 7 } });
    expect(row.overhead_ms).to.be.at.least(290);
    expect(await metric('waited_seconds')).to.include('gateway_pauses_waited_seconds_count{dimension="agent"} 2');
  });

  it('lets them through one by one, at the pace that was set, in the order in which they came', async () => {
    await slow({ agent: 'crawler' }, { requests_per_minute: 600 });
    const first = upstream.received.length;
    const calls = [];
    for (let n = 0; n < 5; n++) {
      calls.push(open(sending('crawler', { ...BODY, n })));
      // So that they come in this order.
      await until('it has come', async () => n === 0 || (await slowed())[0]!.waiting === n);
    }
    const answers = await Promise.all(calls.map(({ done }) => done));
    expect(answers.map(({ status }) => status)).to.eql([200, 200, 200, 200, 200]);
    const came = upstream.received.slice(first);
    expect(came.map(({ body }) => (JSON.parse(body.toString()) as { n: number }).n)).to.eql([0, 1, 2, 3, 4]);
    expect(came[4]!.at - came[0]!.at).to.be.within(360, 9000);
    expect(answers[0]!.headers).to.not.have.property('x-token-spy-throttled');
    expect(throttledMs(answers[4]!)).to.be.above(throttledMs(answers[1]!));
  });

  it('shows how many wait, and lets all of them go when it is resumed', async () => {
    const { id } = await slow({ agent: 'crawler' }, { requests_per_minute: 6 });
    expect((await ask('crawler')).status).to.equal(200);
    const calls = [1, 2, 3].map(() => ask('crawler'));
    await waiting(3);
    expect(await metric('waiting')).to.match(/ 3$/m);
    const begun = performance.now();
    expect((await api('DELETE', `/${id}`)).status).to.equal(204);
    expect((await Promise.all(calls)).map(({ status }) => status)).to.eql([200, 200, 200]);
    expect(performance.now() - begun).to.be.below(3000);
    expect(running.lines.map(({ msg }) => msg)).to.include.members([
      'agent crawler is slowed down to 6 requests a minute',
      'agent crawler is resumed',
    ]);
  });

  it('goes on at another pace as soon as that is set', async () => {
    const before = await slow({ agent: 'crawler' }, { requests_per_minute: 1 });
    expect((await ask('crawler')).status).to.equal(200);
    const waits = ask('crawler');
    await waiting(1);
    const after = await slow({ agent: 'crawler' }, { requests_per_minute: 6000 });
    expect(after).to.include({ id: before.id, since: before.since });
    expect((await waits).status).to.equal(200);
    expect((await waits).endAt).to.be.below(5000);
  });

  it('refuses those who wait when they are paused altogether', async () => {
    await slow({ agent: 'crawler' }, { requests_per_minute: 1 });
    expect((await ask('crawler')).status).to.equal(200);
    const waits = ask('crawler');
    await waiting(1);
    await slow({ agent: 'crawler' }, null);
    const refused = await waits;
    expect([refused.status, errorOf(refused).code]).to.eql([403, 'paused']);
  });

  it('is over at the time that was said, for those who wait, too', async () => {
    const end = new Date(Date.now() + 600).toISOString();
    await slow({ agent: 'crawler' }, { requests_per_minute: 1 }, { until: end });
    expect((await ask('crawler')).status).to.equal(200);
    const answer = await ask('crawler');
    expect(answer.status).to.equal(200);
    expect(Date.now()).to.be.at.least(Date.parse(end));
    expect(answer.endAt).to.be.below(5000);
  });

  it('sends nothing on for a client that leaves, and gives its turn to the next', async () => {
    await slow({ agent: 'crawler' }, { requests_per_minute: 60 });
    expect((await ask('crawler')).status).to.equal(200);
    const count = upstream.received.length;
    const [leaves, stays] = [open(sending('crawler', { ...BODY, n: 1 })), open(sending('crawler', { ...BODY, n: 2 }))];
    await waiting(2);
    leaves.abort();
    expect((await stays.done).status).to.equal(200);
    expect((await stays.done).endAt).to.be.below(1900);
    expect(upstream.received.length - count).to.equal(1);
    const aborted = (await running.rows()).filter(({ outcome }) => outcome === 'client_aborted');
    expect(aborted.map(({ attempts, cost_usd }) => [attempts.length, cost_usd])).to.eql([[0, null]]);
  });

  it('tells who would wait longer than a minute to come again, when', async () => {
    const { id, since } = await slow({ agent: 'crawler' }, { requests_per_minute: 1 }, { reason: 'Too much' });
    expect((await ask('crawler')).status).to.equal(200);
    const waits = open(sending('crawler'));
    await waiting(1);
    const late = await ask('crawler');
    expect([late.status, late.headers['x-token-spy-error']]).to.eql([429, 'throttled']);
    const seconds = Number(late.headers['retry-after']);
    expect(seconds).to.be.within(50, 60);
    expect(late.headers).to.not.have.property('x-should-retry');
    const message = `The agent crawler was slowed down to 1 request a minute at ${since}, and its turn is more than a minute away. Come again in ${seconds} s. To end it: DELETE /api/v1/pauses/${id}, or /dashboard/pauses.`;
    const { message: told, details } = errorOf(late) as { message: string; details: object };
    expect(told).to.equal(message);
    expect(details).to.include({ pause: id, waiting: 1, retry_after_s: seconds, reason: 'Too much' });
    expect(await metric('overflows_total')).to.include('{dimension="agent"} 1');
    const row = await running.row(String(late.headers['x-token-spy-id']));
    expect([row.outcome, row.error?.code]).to.eql(['refused', 'throttled']);
    waits.abort();
  });

  it('lets a hundred wait, and no more', async () => {
    await slow({ agent: 'crawler' }, { delay: '50s' });
    const calls = Array.from({ length: 100 }, () => open(sending('crawler')));
    await waiting(100);
    const more = await ask('crawler');
    expect([more.status, more.headers['retry-after']]).to.eql([429, '50']);
    expect(errorOf(more).message).to.include('100 requests wait for their turn already');
    for (const call of calls) call.abort();
    await waiting(0);
  });

  it('makes a request wait for all that slows it down', async () => {
    await slow({ agent: 'crawler' }, { delay: '150ms' });
    await slow({ provider: 'openai' }, { delay: '200ms' });
    expect(throttledMs(await ask('crawler'))).to.be.within(340, 2000);
    expect(throttledMs(await ask('other'))).to.be.within(190, 2000);
    await slow({ agent: 'crawler', provider: 'openai' }, { delay: '100ms' });
    expect(throttledMs(await ask('crawler'))).to.be.within(440, 2000);
  });

  it('slows a provider down where a request goes, and stops it where it is paused', async () => {
    await slow({ provider: 'openai' }, null);
    await slow({ provider: 'spare' }, { delay: '150ms' });
    const count = spare.received.length;
    const answer = await ask('other', { ...BODY, model: 'either' });
    expect([answer.status, spare.received.length - count]).to.eql([200, 1]);
    expect(throttledMs(answer)).to.be.at.least(140);
    expect((await ask('other')).status).to.equal(403);
  });

  it('is waited for by the real SDK', async () => {
    await slow({ agent: 'sdk' }, { delay: '200ms' });
    const client = new OpenAI({
      apiKey: 'sk-x',
      baseURL: `${running.url}/v1`,
      defaultHeaders: { 'x-token-spy-agent': 'sdk' },
    });
    const begun = performance.now();
    expect((await client.chat.completions.create(BODY)).choices[0]!.message.content).to.equal('Hi');
    expect(performance.now() - begun).to.be.at.least(190);
  });

  it('goes on after a restart, beside what was paused before there was a pace', async () => {
    await slow({ agent: 'crawler' }, { delay: '150ms' });
    await slow({ agent: 'old' }, null);
    const { store } = running.gateway;
    const documents = store.documents('pauses');
    for (const [id, body] of documents.all()) {
      const { throttle, ...rest } = body as { throttle: unknown };
      if (throttle === null) await documents.put(id, rest as never);
    }
    await running.close();
    running = await startGateway(yaml(), { folder });
    expect(throttledMs(await ask('crawler'))).to.be.at.least(140);
    expect((await ask('old')).status).to.equal(403);
    expect((await slowed()).find(({ scope }) => scope.agent === 'old')?.throttle).to.equal(null);
  });

  const wrong: [throttle: unknown, field: string, message: string][] = [
    ['slow', 'throttle', 'throttle must be an object.'],
    [{}, 'throttle', 'throttle must have one of requests_per_minute, delay.'],
    [{ requests_per_minute: 6, delay: '2s' }, 'throttle', 'throttle must have one of requests_per_minute, delay.'],
    [{ rpm: 6 }, 'throttle.rpm', 'throttle.rpm is not known here; known are requests_per_minute, delay.'],
    ...[0, 0.5, -1, 60_001, '6'].map((pace): [unknown, string, string] => [
      { requests_per_minute: pace },
      'throttle.requests_per_minute',
      'throttle.requests_per_minute must be a whole number from 1 to 60000.',
    ]),
    ...['2', '2 h', '61s', '0s', 'soon', '-1s'].map((delay): [unknown, string, string] => [
      { delay },
      'throttle.delay',
      'throttle.delay must be a time from 1ms to 1m, such as 500ms or 2s.',
    ]),
    [{ delay: 2000 }, 'throttle.delay', 'throttle.delay must be a text.'],
  ];
  for (const [throttle, field, message] of wrong) {
    it(`refuses ${JSON.stringify(throttle)}`, async () => {
      const answer = await api('POST', '', { scope: { agent: 'a' }, throttle });
      expect(answer.status).to.equal(400);
      expect(errorOf(answer)).to.deep.include({ code: 'invalid_parameter', field, message });
      expect(await slowed()).to.eql([]);
    });
  }
});
