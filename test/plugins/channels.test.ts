import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { NOTICE, type Notice } from '../../plugins/shared/notice.ts';
import { startChild } from '../support/child-gateway.ts';
import { type Answer, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json } from '../support/script.ts';
import { type Sink, startSink } from '../support/sink.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const KEYS = {
  admin: 'admin-key-0123456789',
  north: 'north-key-0123456789',
  web: 'web-key-01234567890',
  app: 'app-key-01234567890',
};
const SECRET = {
  slack: 'T0CANARY01/B0CANARY02/abcdefghij0123456789wxyz',
  routing: 'R0CANARYrouting0123456789',
  hmac: 'canary-hmac-secret-0123456789',
  header: 'Bearer canary-header-0123456789',
  mail: 'canary-mail-password-0123',
};

type Shown = Record<string, unknown>;
type Body = Record<string, unknown> & {
  error: { code: string };
  channels: Shown[];
  deliveries: Shown[];
  delivery: Shown;
};

const notice = (id: string, more: Partial<Notice> = {}): Notice => ({
  id,
  event: 'alert',
  severity: 'warning',
  resolves: false,
  key: id,
  title: `Alert ${id}`,
  text: 'It is high.',
  at: new Date().toISOString(),
  data: {},
  notify: ['own'],
  tenant: null,
  ...more,
});

describe('plugins/channels', () => {
  let sink: Sink;
  let upstream: Upstream;
  let running: TestGateway;
  let folder: string;

  before(async () => {
    upstream = await startUpstream();
    upstream.always(
      json({ id: 'x', model: 'gpt-made-up', choices: [], usage: { prompt_tokens: 9, completion_tokens: 1 } }),
    );
  });
  after(() => upstream.close());
  beforeEach(async () => {
    sink = await startSink();
    folder = await mkdtemp(join(tmpdir(), 'token-spy-channels-'));
    await mkdir(join(folder, 'sessions'));
  });
  afterEach(async () => {
    await running?.close();
    await sink.close();
    await rm(folder, { recursive: true, force: true });
  });

  const EVENTS =
    'budget_exceeded, session_reset, model_unpriced, config_refused, pause, session_limit, delivery_failed';
  const yamlOf = (more = '', own = ''): string => `
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys:
  - { name: admin, key: ${KEYS.admin} }
  - { name: north, key: ${KEYS.north}, tenant: north }
  - { name: web, key: ${KEYS.web}, tenant: north, project: web }
  - { name: app, key: ${KEYS.app}, access: proxy }
providers: { openai: { base_url: "${upstream.url}" } }
plugins:
  - history
  - identity
  - pauses
  - session-limits
  - prediction
  - budgets
  - unpriced
  - { plugin: usage, count_tokens: false }
  - { plugin: session-files, dirs: { coder: "${join(folder, 'sessions')}" } }
  - channels
budgets: [{ name: none, limit_requests: 0, period: total, scope: { agent: poor } }]
session_limits: [{ name: short, chars: 10, scope: { agent: long }, at_hard: warn }]
channels:
  own: { type: webhook, url: "${sink.url}/own", secret: ${SECRET.hmac}, allow_private: true, events: [${EVENTS}] ${own} }
${more}`;
  const open = async (more = '', own = '') => {
    running = await startGateway(yamlOf(more, own), { folder });
  };
  const call = (path: string, key: keyof typeof KEYS | null = null, sending: object = {}): Promise<Answer> => {
    const base = key === null ? running.url : running.gateway.ports.all.find(({ name }) => name === 'locked')!.url;
    return send({ url: base + path, headers: key === null ? {} : { 'x-api-key': KEYS[key] }, ...sending });
  };
  const post = (path: string, key: keyof typeof KEYS | null = null) => call(path, key, { method: 'POST' });
  const ask = (agent: string, model = 'gpt-4o', content = 'x') =>
    call('/v1/chat/completions', null, {
      headers: { 'x-token-spy-agent': agent },
      body: { model, messages: [{ role: 'user', content }] },
    });
  const bodyOf = ({ text }: Answer) => JSON.parse(text) as Body;
  const deliveries = async (query = '', key: keyof typeof KEYS | null = null): Promise<Shown[]> =>
    bodyOf(await call(`/api/v1/channels/deliveries${query}`, key)).deliveries;
  const posted = () => sink.posted.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const tell = (one: Notice): void => running.gateway.events.publish(NOTICE, one);

  describe('events', () => {
    it('are each posted once, signed, with what they are about', async () => {
      await open();
      await writeFile(
        join(folder, 'sessions', 's1.jsonl'),
        '{"type":"message","message":{"role":"user","content":"hi"}}\n',
      );
      expect((await ask('poor')).status).to.equal(402);
      await ask('poor');
      await ask('long', 'gpt-4o', 'much more than ten characters');
      await ask('any', 'gpt-made-up');
      await ask('any', 'gpt-made-up');
      expect((await post('/api/reset-session?agent=coder')).status).to.equal(200);
      const pause = bodyOf(
        await call('/api/v1/pauses', null, { body: { scope: { agent: 'ci' }, reason: 'Too fast' } }),
      );
      await call(`/api/v1/pauses/${pause.id as string}`, null, { method: 'DELETE' });
      const wanted = ['budget_exceeded', 'model_unpriced', 'pause', 'pause', 'session_limit', 'session_reset'];
      await until('all came', () => sink.posted.length >= wanted.length);
      await new Promise((done) => setTimeout(done, 100));
      const events = posted().map(({ event }) => String(event));
      expect(events.sort()).to.eql(wanted);
      const paused = posted().filter(({ event }) => event === 'pause');
      expect(paused.map(({ resolves }) => resolves)).to.eql([false, true]);
      expect(new Set(paused.map(({ key }) => key)).size).to.equal(1);
      expect(posted().find(({ event }) => event === 'session_reset')!.data).to.include({
        agent: 'coder',
        cause: 'manual',
      });
      for (const { headers } of sink.posted) expect(headers['webhook-signature']).to.match(/^v1,[A-Za-z0-9+/]{43}=$/);
      expect(new Set(sink.posted.map(({ headers }) => headers['webhook-id'])).size).to.equal(wanted.length);
    });

    it('of a refused gateway.yaml come by the one that goes on, and so does the good end', async () => {
      await open();
      await running.save(yamlOf('', ', typo: 1').replace(`${sink.url}/own`, `${sink.url}/new`));
      await until('it is told', () => sink.posted.length === 1);
      expect(sink.posted[0]!.path).to.equal('/own');
      expect(posted()[0]).to.include({ event: 'config_refused', resolves: false });
      expect(posted()[0]!.text).to.include('channels.own.typo is not known');
      await running.save(yamlOf().replace(`${sink.url}/own`, `${sink.url}/new`));
      await until('its end is told', () => sink.posted.length === 2);
      expect(posted()[1]).to.include({ event: 'config_refused', resolves: true, key: posted()[0]!.key });
      expect(sink.posted[1]!.path).to.equal('/new');
      tell(notice('n1'));
      await until('by the new one alone', () => sink.posted.length === 3);
      expect(sink.posted[2]!.path).to.equal('/new');
    });

    it('are sent by the newest configuration while requests still go by the one before', async () => {
      await open();
      upstream.next({ chunks: [{ wait: 'release' }, '{}'] });
      const held = ask('any');
      await until('a request is under way', () => running.gateway.inFlight === 1);
      await running.save(yamlOf().replace(`${sink.url}/own`, `${sink.url}/new`));
      await until('both configurations live', () => running.gateway.retiring === 1);
      for (let n = 0; n < 8; n++) tell(notice(`n${n}`));
      await until('all came', () => sink.posted.length === 8);
      expect(new Set(sink.posted.map(({ path }) => path))).to.eql(new Set(['/new']));
      expect(running.gateway.retiring, 'it lives still').to.equal(1);
      upstream.release();
      await held;
    });

    it('of a channel that gave up are told to others', async () => {
      const other = `  team: { type: slack, url: "${sink.url}/team", allow_private: true }`;
      await open(other);
      sink.next({ status: 404, body: 'no_service' });
      tell(notice('n1', { notify: ['team'] }));
      await until('it is told', () => sink.posted.length === 2);
      expect(sink.posted[1]!.path).to.equal('/own');
      expect(posted()[1]).to.include({ event: 'delivery_failed', title: 'Channel team cannot be reached' });
      expect(posted()[1]!.text).to.equal('"Alert n1" was given up after 1 try: it answered 404: no_service.');
    });
  });

  it('stands in the way of nothing: requests go on while channels hang', async () => {
    await open('', ', timeout: 30s');
    sink.always('hang');
    for (let n = 0; n < 20; n++) tell(notice(`n${n}`));
    await until('one hangs', () => sink.posted.length === 1);
    for (let n = 0; n < 5; n++) expect((await ask('any')).status).to.equal(200);
    expect([sink.posted.length, sink.open], 'it hangs still').to.eql([1, 1]);
  });

  it('goes on after the gateway was killed in the middle of a pause, and loses nothing', async function () {
    this.timeout(30_000);
    sink.always({ status: 503 });
    await writeFile(join(folder, 'gateway.yaml'), yamlOf());
    const words = ['--config', join(folder, 'gateway.yaml')];
    const child = await startChild(words);
    try {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ scope: { agent: 'ci' } });
      const paused = await fetch(`${child.url}/api/v1/pauses`, { method: 'POST', headers, body });
      expect(paused.status).to.equal(201);
      await until('it was tried', () => sink.posted.length === 1);
      await until('that is written down', async () => {
        const list = await fetch(`${child.url}/api/v1/channels/deliveries`);
        return (await list.text()).includes('"status":503');
      });
    } finally {
      child.child.kill('SIGKILL');
      await child.ended;
    }
    sink.always({});
    const before = sink.posted.length;
    await open();
    await until('it arrived', () => sink.posted.length > before);
    expect(new Set(sink.posted.map(({ headers: { 'webhook-id': id } }) => id)).size).to.equal(1);
    await until('that is known', async () => (await deliveries())[0]?.state === 'sent');
  });

  describe('the API', () => {
    it('shows channels and deliveries, tests and tries again', async () => {
      await open();
      const channels = bodyOf(await call('/api/v1/channels')).channels;
      expect(channels).to.eql([
        {
          name: 'own',
          type: 'webhook',
          target: '127.0.0.1 …/own',
          events: EVENTS.split(', '),
          min_severity: 'info',
          allow_private: true,
          timeout_ms: 5000,
          waiting: 0,
          quiet_until: null,
          last: null,
        },
      ]);
      sink.next({ status: 400 });
      const failed = bodyOf(await post('/api/v1/channels/own/test')).delivery;
      expect(failed).to.include({ state: 'failed', attempts: 1, error: 'it answered 400', test: true, event: 'test' });
      const good = bodyOf(await post('/api/v1/channels/own/test', 'admin')).delivery;
      expect(good).to.include({ state: 'sent', error: null, status: 200 });
      expect(posted()[1]!.text).to.include('by admin');
      sink.next({ status: 404 });
      tell(notice('n1'));
      await until('it is given up', async () => (await deliveries('?state=failed')).length === 2);
      const [lost] = (await deliveries('?state=failed&limit=1&channel=own')) as [Shown];
      expect(lost).to.include({ title: 'Alert n1', error: 'it answered 404' });
      expect((await post(`/api/v1/channels/deliveries/${lost.id as string}/retry`)).status).to.equal(200);
      await until('it arrived', async () => (await deliveries('?state=sent')).length === 2);
      expect((await deliveries())[0]).to.include({ title: 'Alert n1', state: 'sent' });
      const again = await post(`/api/v1/channels/deliveries/${lost.id as string}/retry`);
      expect([again.status, bodyOf(again).error.code]).to.eql([409, 'already_sent']);
      const audit = await running.gateway.store.audit.list({ action: 'channel.' });
      expect(audit.map(({ who, action, subject }) => [who, action, subject])).to.eql([
        [null, 'channel.retried', 'channel own'],
        ['admin', 'channel.tested', 'channel own'],
        [null, 'channel.tested', 'channel own'],
      ]);
    });

    it('says what is wrong with a question', async () => {
      await open();
      for (const [method, path, status, code, words] of [
        ['POST', '/api/v1/channels/owm/test', 404, 'not_found', 'did you mean own?'],
        ['POST', '/api/v1/channels/deliveries/abc/retry', 404, 'not_found', 'no delivery of this id'],
        ['GET', '/api/v1/channels/deliveries?state=lost', 400, 'invalid_parameter', 'waiting, sent, failed'],
        ['GET', '/api/v1/channels/deliveries?limit=0', 400, 'invalid_parameter', 'from 1 to 500'],
        ['GET', '/api/v1/channels/deliveries?limit=501', 400, 'invalid_parameter', 'from 1 to 500'],
        ['GET', '/api/v1/channels/deliveries?limit=1&limit=2', 400, 'invalid_parameter', 'from 1 to 500'],
        ['GET', '/api/v1/channels/deliveries?channel=a&channel=b', 400, 'invalid_parameter', 'once'],
        ['GET', '/api/v1/channels/deliveries?chanel=a', 400, 'invalid_parameter', 'is not a parameter here'],
      ] as const) {
        const answer = await call(path, null, { method });
        expect([answer.status, bodyOf(answer).error.code], path).to.eql([status, code]);
        expect(answer.text, path).to.include(words);
      }
    });

    it('is for the operator: tenants see what is theirs, and keys of the proxy nothing', async () => {
      await open();
      tell(notice('mine', { tenant: 'north' }));
      tell(notice('theirs', { tenant: 'south' }));
      tell(notice('all'));
      await until('all came', async () => (await deliveries('?state=sent')).length === 3);
      expect((await deliveries('', 'north')).map(({ notice: id }) => id)).to.eql(['mine']);
      expect(await deliveries('', 'web')).to.eql([]);
      const [{ id }] = (await deliveries('', 'north')) as [Shown];
      for (const key of ['north', 'web'] as const) {
        expect((await call('/api/v1/channels', key)).status).to.equal(403);
        expect((await post('/api/v1/channels/own/test', key)).status).to.equal(403);
        expect((await post(`/api/v1/channels/deliveries/${id as string}/retry`, key)).status).to.equal(403);
      }
      for (const [method, path] of [
        ['GET', '/api/v1/channels'],
        ['GET', '/api/v1/channels/deliveries'],
        ['POST', '/api/v1/channels/own/test'],
      ] as const)
        expect((await call(path, 'app', { method })).status, path).to.equal(401);
      expect(sink.posted).to.have.length(3);
    });

    it('counts what was sent, tried again and given up', async () => {
      await open();
      sink.next({ status: 500 }, { status: 404 }, {});
      for (const id of ['n1', 'n2', 'n3']) tell(notice(id));
      await until('all were tried', async () => (await deliveries('?state=sent')).length === 1);
      const { text } = await call('/metrics');
      const figures = Object.fromEntries(
        [...text.matchAll(/gateway_channels_deliveries_total\{type="webhook",state="(\w+)"\} (\d+)/g)].map(
          ([, state, count]) => [state, Number(count)],
        ),
      );
      // That n2 was given up is told to nobody: there is no other channel.
      expect(figures).to.eql({ retried: 1, failed: 1, sent: 1 });
      expect(text).to.match(/gateway_channels_waiting 1\b/);
    });
  });

  it('shows its secrets nowhere', async () => {
    const dead = await startSink();
    await dead.close();
    const more = `
  slack: { type: slack, url: "${sink.url}/services/${SECRET.slack}", allow_private: true }
  dead: { type: discord, url: "${dead.url}/api/webhooks/${SECRET.slack}", allow_private: true }
  pager: { type: pagerduty, routing_key: ${SECRET.routing}, url: "${sink.url}/v2", allow_private: true }
  mail: { type: email, smtp: "smtp://spy:${SECRET.mail}@127.0.0.1:${dead.port}", from: a@example.com, to: [b@example.com], allow_private: true }`;
    await open(more, `, headers: { authorization: "${SECRET.header}" }`);
    sink.always({ status: 500, body: `no ${SECRET.slack} ${SECRET.routing} ${SECRET.hmac} ${SECRET.mail}` });
    const answers: string[] = [];
    for (const name of ['own', 'slack', 'dead', 'pager', 'mail'])
      answers.push((await post(`/api/v1/channels/${name}/test`)).text);
    tell(notice('n1', { notify: ['own', 'slack', 'dead', 'pager', 'mail'] }));
    await until(
      'all were tried',
      async () => (await deliveries()).filter(({ attempts }) => Number(attempts) > 0).length >= 10,
    );
    expect(sink.posted.map(({ body, path, headers }) => `${path} ${headers.authorization} ${body}`).join('\n'))
      .to.include(SECRET.slack)
      .and.include(SECRET.routing)
      .and.include(SECRET.header);
    for (const path of [
      '/api/v1/channels',
      '/api/v1/channels/deliveries',
      '/dashboard/channels',
      '/dashboard/pipeline',
      '/dashboard/config',
      '/metrics',
      '/api/v1/config',
    ])
      answers.push((await call(path, null, { headers: { accept: 'text/html' } })).text);
    answers.push(JSON.stringify(running.lines));
    answers.push(JSON.stringify([...running.gateway.store.documents('channels').all()]));
    answers.push(JSON.stringify(await running.gateway.store.audit.list({ action: 'channel.' })));
    await running.gateway.store.flush();
    const files = (await readdir(folder, { recursive: true })).filter((name) => /\.db(-wal)?$/.test(name));
    const stored = (await Promise.all(files.map((name) => readFile(join(folder, name), 'latin1')))).join('');
    expect(stored, 'the database is looked at').to.include('Alert n1');
    answers.push(stored);
    const seen = answers.join('\n');
    expect(seen).to.include('127.0.0.1 …wxyz');
    for (const secret of [...SECRET.slack.split('/'), SECRET.routing, SECRET.hmac, SECRET.header.slice(7), SECRET.mail])
      expect(seen.includes(secret), secret).to.equal(false);
  });
});
