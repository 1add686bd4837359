import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { expect } from 'chai';
import OpenAI from 'openai';
import { type Answer, open, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { postgres } from '../support/postgres.ts';
import { json } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const APP_KEY = 'app-key-0123456789';
const ADMIN_KEY = 'admin-key-0123456789';
const ANSWER = { id: 'x', choices: [{ message: { role: 'assistant', content: 'Hi' } }], usage: { prompt_tokens: 1 } };
const BODY = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'hi' }] };

interface Pause {
  id: string;
  scope: Record<string, string>;
  reason: string | null;
  since: string;
  until: string | null;
  by: string | null;
}

describe('plugins/pauses', () => {
  let upstream: Upstream;
  let spare: Upstream;
  let running: TestGateway;
  let folder: string;

  const yaml = (more = ''): string => `
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys:
  - { name: app, key: ${APP_KEY}, access: proxy }
  - { name: admin, key: ${ADMIN_KEY} }
providers:
  openai: { base_url: "${upstream.url}" }
  anthropic: { base_url: "${upstream.url}" }
  spare: { adapter: openai_chat, base_url: "${spare.url}" }
routes: [{ match: { model: either }, targets: [{ provider: openai }, { provider: spare }] }]
plugins: [history, identity, pauses, { plugin: usage, count_tokens: false }, { plugin: queue, when: { agent: in-line }, parallel: 1 }]
${more}`;

  before(async () => {
    [upstream, spare] = await Promise.all([startUpstream(), startUpstream()]);
    folder = await mkdtemp(join(tmpdir(), 'token-spy-pauses-'));
    running = await startGateway(yaml(), { folder });
  });
  after(async () => {
    await running.close();
    await Promise.all([upstream.close(), spare.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    upstream.always(json(ANSWER));
    spare.always(json(ANSWER));
  });
  afterEach(async () => {
    for (const { id } of await paused()) await api('DELETE', `/${id}`);
  });

  const locked = (): string => running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
  const api = (method: string, path = '', body?: unknown, url = running.url): Promise<Answer> =>
    send({
      url: `${url}/api/v1/pauses${path}`,
      method,
      headers: { 'content-type': 'application/json', 'x-api-key': ADMIN_KEY },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const pause = async (scope: object, more: object = {}, url = running.url): Promise<Pause> => {
    const answer = await api('POST', '', { scope, ...more }, url);
    expect(answer.status, answer.text).to.equal(201);
    return JSON.parse(answer.text) as Pause;
  };
  const paused = async (url = running.url): Promise<Pause[]> =>
    (JSON.parse((await api('GET', '', undefined, url)).text) as { pauses: Pause[] }).pauses;
  const ask = (headers: Record<string, string> = {}, body: object = BODY, url = running.url): Promise<Answer> =>
    send({ url: `${url}/v1/chat/completions`, headers, body });
  const errorOf = ({ text }: Answer) => (JSON.parse(text) as { error: Record<string, unknown> }).error;
  const agent = (name: string) => ({ 'x-token-spy-agent': name });

  it('tells other plugins who did what, once and with all of it', async () => {
    const heard: object[] = [];
    const deaf = running.gateway.events.subscribe((event, data) => {
      if (event === 'pause' && data !== null) heard.push(data as object);
    });
    const { id, since } = await pause({ agent: 'crawler' }, { reason: 'Runs wild' });
    await api('POST', '', { scope: { agent: 'crawler' }, throttle: { requests_per_minute: 5 } });
    await api('DELETE', `/${id}`);
    await api('DELETE', `/${id}`);
    deaf();
    expect(heard.map((news) => (news as { kind: string }).kind)).to.eql(['paused', 'slowed', 'resumed']);
    expect(heard[0]).to.deep.include({ id, since, scope: { agent: 'crawler' }, reason: 'Runs wild', by: 'admin' });
  });

  it('refuses what is paused, and says who did it, when, why and how to resume', async () => {
    const { id, since } = await pause({ agent: 'crawler' }, { reason: 'Runs wild' });
    const refused = await ask(agent('crawler'));
    expect([refused.status, refused.headers['x-token-spy-error'], refused.headers['x-should-retry']]).to.eql([
      403,
      'paused',
      'false',
    ]);
    expect(errorOf(refused).message).to.equal(
      `The agent crawler was paused by admin at ${since}. Reason: Runs wild. To resume it: DELETE /api/v1/pauses/${id}, or /dashboard/pauses.`,
    );
    expect((await ask(agent('other'))).status).to.equal(200);
    const row = await running.row(String(refused.headers['x-token-spy-id']));
    expect([row.outcome, row.error?.code, row.agent]).to.eql(['refused', 'paused', 'crawler']);
    expect((await api('DELETE', `/${id}`)).status).to.equal(204);
    expect((await ask(agent('crawler'))).status).to.equal(200);
    expect((await api('DELETE', `/${id}`)).status).to.equal(404);
    const told = running.lines.map(({ msg }) => msg);
    expect(told).to.include.members(['agent crawler is paused', 'agent crawler is resumed']);
  });

  const scopes: [scope: Record<string, string>, headers: Record<string, string>][] = [
    [{ key: 'app' }, { 'x-api-key': APP_KEY }],
    [{ session: 's-1' }, { 'x-session-id': 's-1' }],
    [{ user: 'ann' }, { 'x-token-spy-user': 'ann' }],
    [{ project: 'web' }, { 'x-token-spy-project': 'web' }],
    [
      { agent: 'a', project: 'web' },
      { 'x-token-spy-agent': 'a', 'x-token-spy-project': 'web' },
    ],
  ];
  for (const [scope, headers] of scopes) {
    it(`pauses by ${Object.keys(scope).join(' and ')}`, async () => {
      await pause(scope);
      expect((await ask(headers)).status).to.equal(403);
      for (const name of Object.keys(headers)) {
        const others = { ...headers, [name]: name === 'x-api-key' ? ADMIN_KEY : 'another' };
        expect((await ask(others)).status, name).to.equal(200);
      }
    });
  }

  it('pauses a provider: requests go to another where a route has one, and it is nobody’s spare', async () => {
    const count = upstream.received.length;
    const { id } = await pause({ provider: 'openai' });
    expect((await ask()).status).to.equal(403);
    expect((await ask({}, { ...BODY, model: 'either' })).status).to.equal(200);
    expect([upstream.received.length - count, spare.received.length]).to.eql([0, 1]);
    await api('DELETE', `/${id}`);
    await pause({ provider: 'spare' });
    upstream.always(json({ error: { message: 'down' } }, { status: 503 }));
    expect((await ask({}, { ...BODY, model: 'either' })).status).to.equal(503);
    expect(spare.received.length).to.equal(1);
    await pause({ provider: 'openai' });
    expect((await ask({}, { ...BODY, model: 'either' })).status).to.equal(403);
  });

  it('holds until the time that was said', async () => {
    const time = new Date(Date.now() + 300).toISOString();
    await pause({ agent: 'brief' }, { until: time });
    const refused = await ask(agent('brief'));
    expect(errorOf(refused).message).to.include(` until ${time}.`);
    await until('it is over', async () => (await ask(agent('brief'))).status === 200);
    expect(Date.now()).to.be.at.least(Date.parse(time));
    expect(await paused()).to.eql([]);
  });

  it('says it again with another reason, and keeps since when', async () => {
    const first = await pause({ agent: 'again' }, { reason: 'One' });
    const answer = await api('POST', '', { scope: { agent: 'again' }, reason: 'Two' });
    expect(answer.status).to.equal(200);
    expect(await paused()).to.eql([{ ...first, reason: 'Two' }]);
  });

  it('lets nothing start once it is in force, with fifty under way', async () => {
    upstream.always({ ...json(ANSWER), delay: 5 });
    const first = upstream.received.length;
    let over = 0;
    const loop = async (): Promise<void> => {
      while ((await ask({ 'x-api-key': APP_KEY })).status === 200);
      over++;
    };
    const loops = Array.from({ length: 50 }, loop);
    await until('all are at it', () => upstream.received.length > first + 150);
    await pause({ key: 'app' });
    const at = performance.now();
    await Promise.all(loops);
    expect(over).to.equal(50);
    const late = upstream.received.slice(first).filter((request) => request.at > at + 1000);
    expect(late).to.eql([]);
  });

  it('does not send on who waits in line when he is paused', async () => {
    upstream.always({ ...json(ANSWER), delay: 'release' });
    const count = upstream.received.length;
    const url = `${running.url}/v1/chat/completions`;
    const calls = [0, 1].map(() => open({ url, headers: agent('in-line'), body: BODY }));
    const waiting = async (): Promise<string> =>
      running.gateway.metrics.registry.getSingleMetricAsString('gateway_queue_waiting');
    await until('one waits', async () => / 1$/m.test(await waiting()) && upstream.received.length === count + 1);
    await pause({ agent: 'in-line' });
    upstream.release();
    const statuses = (await Promise.all(calls.map(({ done }) => done))).map(({ status }) => status);
    expect(statuses.sort()).to.eql([200, 403]);
    expect(upstream.received.length).to.equal(count + 1);
  });

  it('is told once by the real SDKs', async () => {
    await pause({ agent: 'sdk' });
    const settings = { apiKey: 'sk-x', defaultHeaders: agent('sdk'), maxRetries: 3 };
    const openai = new OpenAI({ ...settings, baseURL: `${running.url}/v1` });
    const anthropic = new Anthropic({ ...settings, baseURL: running.url });
    const before = (await running.rows()).length;
    const caught = await Promise.all(
      [
        openai.chat.completions.create(BODY),
        anthropic.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 9, messages: BODY.messages }),
      ].map((call) => call.then(() => null).catch((error: unknown) => error)),
    );
    expect(caught[0]).to.be.instanceOf(OpenAI.PermissionDeniedError);
    expect(caught[1]).to.be.instanceOf(Anthropic.PermissionDeniedError);
    expect(String(caught[1])).to.include('The agent sdk was paused');
    expect((await running.rows(before + 2)).length).to.equal(before + 2);
  });

  describe('by API', () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const wrong: [body: unknown, field: string, message: string][] = [
      [{}, 'scope', 'scope must name one of agent, key, session, user, project, provider.'],
      [{ scope: {} }, 'scope', 'scope must name one of agent, key, session, user, project, provider.'],
      [{ scope: 'ci' }, 'scope', 'scope must be an object.'],
      [{ scope: { agent: '' } }, 'scope', 'scope must name one of agent, key, session, user, project, provider.'],
      [{ scope: { agent: 7 } }, 'scope.agent', 'scope.agent must be a text.'],
      [{ scope: { agent: 'a\nb' } }, 'scope.agent', 'scope.agent must be one line of plain characters.'],
      [{ scope: { agent: 'a'.repeat(257) } }, 'scope.agent', 'scope.agent has at most 256 characters.'],
      [
        { scope: { team: 'a' } },
        'scope.team',
        'scope.team is not known here; known are agent, key, session, user, project, provider.',
      ],
      [{ scope: { agent: 'a' }, why: 'x' }, 'why', 'why is not known here; known are scope, throttle, reason, until.'],
      [{ scope: { agent: 'a' }, reason: 1 }, 'reason', 'reason must be a text.'],
      [{ scope: { agent: 'a' }, until: '2020-01-01T00:00:00Z' }, 'until', 'until must be a time to come.'],
      [
        { scope: { agent: 'a' }, until: tomorrow.slice(0, -1) },
        'until',
        'until must be a time with its zone, such as 2027-01-31T12:00:00Z.',
      ],
      [
        { scope: { agent: 'a' }, until: 'never' },
        'until',
        'until must be a time with its zone, such as 2027-01-31T12:00:00Z.',
      ],
      [['a'], '', 'The body must be an object.'],
    ];
    for (const [body, field, message] of wrong) {
      it(`refuses ${JSON.stringify(body).slice(0, 60)}`, async () => {
        const answer = await api('POST', '', body);
        expect(answer.status).to.equal(400);
        expect(errorOf(answer)).to.deep.include({ code: 'invalid_parameter', field, message });
        expect(await paused()).to.eql([]);
      });
    }

    it('refuses what is no JSON', async () => {
      const answer = await api('POST', '', '{');
      expect([answer.status, errorOf(answer).code]).to.eql([400, 'invalid_json']);
    });

    it('lists what is paused, the newest first', async () => {
      await pause({ agent: 'one' });
      await pause({ session: 'two' }, { until: tomorrow, reason: 'Look at it' });
      const [newest, oldest] = await paused();
      expect(newest).to.deep.include({ scope: { session: 'two' }, until: tomorrow, reason: 'Look at it', by: 'admin' });
      expect(oldest).to.deep.include({ scope: { agent: 'one' }, until: null, reason: null });
    });

    it('opens to no key of the proxy, and to no stranger', async () => {
      for (const key of [APP_KEY, 'sk-nobody']) {
        const headers = { 'content-type': 'application/json', 'x-api-key': key };
        const url = `${locked()}/api/v1/pauses`;
        const answers = await Promise.all([
          send({ url, headers }),
          send({ url, headers, body: { scope: { agent: 'a' } } }),
          send({ url: `${url}/x`, method: 'DELETE', headers }),
        ]);
        expect(answers.map(({ status }) => status)).to.eql([401, 401, 401]);
      }
    });
  });

  it('goes on after a restart, until it is resumed', async () => {
    await pause({ agent: 'crawler' });
    await running.close();
    running = await startGateway(yaml(), { folder });
    expect((await ask(agent('crawler'))).status).to.equal(403);
  });

  it('goes on when the configuration changes', async () => {
    await pause({ agent: 'crawler' });
    const version = (): string => running.gateway.current.terms.configVersion;
    const before = version();
    await running.save(yaml('log: { level: debug }'));
    await until('it is in force', () => version() !== before);
    expect((await ask(agent('crawler'))).status).to.equal(403);
  });

  it('holds in another process of the same database within a second', async function () {
    const made = await postgres();
    if ('missing' in made) {
      this.test!.title += ` (skipped: ${made.missing})`;
      return this.skip();
    }
    const pair = await Promise.all([0, 1].map(() => startGateway(yaml(`database: ${made.url}`))));
    try {
      const [one, two] = pair.map(({ url }) => url);
      const { id } = await pause({ agent: 'crawler' }, {}, one);
      expect((await ask(agent('crawler'), BODY, one)).status).to.equal(403);
      await until('it holds there, too', async () => (await ask(agent('crawler'), BODY, two)).status === 403, 5000);
      expect((await api('DELETE', `/${id}`, undefined, two)).status).to.equal(204);
      await until('it is resumed', async () => (await ask(agent('crawler'), BODY, one)).status === 200, 5000);
    } finally {
      await Promise.all(pair.map((gateway) => gateway.close()));
    }
  });
});
