import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startChild } from '../support/child-gateway.ts';
import { type Answer, send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { postgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const EVENTS = '/api/v1/usage/events';
const APP_KEY = 'app-key-0123456789';
const ACME_KEY = 'acme-key-0123456789';
const ADMIN_KEY = 'admin-key-0123456789';
const YAML = `
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }, { port: 0, agent: open-webui, name: webui }]
keys:
  - { name: app, key: ${APP_KEY}, access: proxy, agent: crawler, user: u1, project: search, environment: prod, tags: { team: a, tier: x } }
  - { name: acme, key: ${ACME_KEY}, access: proxy, tenant: acme }
  - { name: admin, key: ${ADMIN_KEY} }
providers: { openai: {}, mine: { base_url: "http://127.0.0.1:1", free: true } }
pricing:
  models:
    openai/m: { input: 2, output: 10, cache_read: 1, service_tiers: { batch: { multiplier: 0.5 } } }
    openai/dear: { input: 100, output: 100, starts: 2026-06-01 }
    openai/dear until June: { match: dear, input: 1, output: 1, ends: 2026-06-01 }
    google/gemini-9: { input: 1, output: 1 }
plugins: [history, identity, ingest, usage]
`;
const EVENT = {
  id: 'e1',
  time: '2026-11-20T09:10:11.123Z',
  provider: 'openai',
  model: 'm',
  usage: { input_tokens: 1000, output_tokens: 100, 'cache_read.input_tokens': 400 },
};
/** 600 x 2 + 400 x 1 + 100 x 10 dollars per million. */
const COST = '0.0026';

interface Said {
  accepted: number;
  duplicates: number;
  rejected: { index: number; errors: { at: string; message: string }[] }[];
  ids: (string | null)[];
  error?: { code: string; message: string; errors: { at: string; message: string }[] };
}
const said = (answer: Answer): Said => JSON.parse(answer.text) as Said;

describe('plugins/ingest', () => {
  let gw: TestGateway;
  let count = 0;

  before(async () => {
    gw = await startGateway(YAML);
  });
  after(() => gw.close());

  const urlOf = (name: string): string => gw.gateway.ports.all.find((port) => port.name === name)!.url;
  const post = (body: unknown, headers: Record<string, string> = {}, url = gw.url, path = EVENTS): Promise<Answer> =>
    send({ url: url + path, method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  /** An event with an id of its own. */
  const event = (change: object = {}): Record<string, unknown> => ({ ...EVENT, id: `e-${++count}`, ...change });
  /** The row of a good event. */
  async function rowOf(change: object = {}, headers: Record<string, string> = {}, url = gw.url) {
    const answer = await post(event(change), headers, url);
    expect(answer.status, answer.text).to.equal(202);
    return gw.row(said(answer).ids[0]!);
  }
  const complaintOf = async (change: object): Promise<string> => {
    const answer = await post(event(change));
    expect(answer.status, answer.text).to.equal(422);
    expect(said(answer).error!.code).to.equal('invalid_event');
    return said(answer).error!.message;
  };
  const rows = async (): Promise<number> => {
    await gw.gateway.store.flush();
    return (await gw.gateway.store.queries.totals({ from: new Date(0), to: new Date(4e12) })).requests;
  };

  describe('an event', () => {
    it('becomes a row with its cost, under the names of the record', async () => {
      const row = await rowOf({
        api: 'openai.chat',
        agent: 'ci',
        session: 's1',
        user: 'u',
        project: 'p',
        tenant: 't',
        environment: 'dev',
        tags: { Team: 'backend' },
        stream: true,
        status: 200,
        stop_reason: 'end_turn',
        duration_ms: 1200.5,
        time_to_first_token_ms: 300,
        response_id: 'chatcmpl-1',
      });
      expect(row).to.deep.include({
        time: EVENT.time,
        listener: 'ingest',
        method: 'POST',
        path: EVENTS,
        provider: 'openai',
        api: 'openai.chat',
        model: { request: 'm', response: 'm', priced_as: 'openai/m' },
        agent: 'ci',
        session: { id: 's1', source: 'event', confidence: 'high' },
        user: 'u',
        project: 'p',
        tenant: 't',
        environment: 'dev',
        tags: { team: 'backend' },
        stream: true,
        status: 200,
        outcome: 'ok',
        stop_reason: { raw: 'end_turn', normalized: 'stop' },
        usage: EVENT.usage,
        usage_status: 'final',
        usage_source: 'provider',
        cost_usd: COST,
        cost_source: 'price_table',
        duration_ms: 1200.5,
        time_to_first_token_ms: 300,
        response_id: 'chatcmpl-1',
        request_bytes: null,
        config_version: gw.gateway.current.blueprint.version,
      });
    });

    it('leaves unknown what it does not say, and is of now', async () => {
      const row = await rowOf({ time: undefined });
      expect(row).to.deep.include({ agent: null, status: null, duration_ms: null, stop_reason: null, key: null });
      expect(Date.now() - Date.parse(row.time)).to.be.within(0, 10_000);
    });

    it('is priced as of its time', async () => {
      const million = { model: 'dear', usage: { input_tokens: 1_000_000, output_tokens: 0 } };
      expect((await rowOf({ ...million, time: '2026-05-31T23:59:59Z' })).cost_usd).to.equal('1');
      expect((await rowOf({ ...million, time: '2026-06-01T02:00:00+01:00' })).cost_usd).to.equal('100');
    });

    it('is priced at the batch rate where it says that it was one', async () => {
      expect(await rowOf({ batch: true })).to.include({ service_tier: 'batch', cost_usd: '0.0013' });
      expect(await rowOf({ service_tier: 'batch' })).to.include({ service_tier: 'batch', cost_usd: '0.0013' });
    });

    it('has an unknown cost where nobody knows the price, and none at a free provider', async () => {
      expect(await rowOf({ model: 'unheard-of' })).to.include({ cost_usd: null, cost_source: null });
      expect(await rowOf({ provider: 'Mine' })).to.include({ provider: 'mine', cost_usd: '0', cost_source: 'free' });
    });

    it('may say its cost, which wins, and which is enough', async () => {
      const both = await rowOf({ cost_usd: '0.5' });
      expect(both).to.include({ cost_usd: '0.5', cost_source: 'provider', table_cost_usd: COST });
      const alone = await rowOf({ cost_usd: '0.000000000001', usage: undefined });
      expect(alone).to.include({
        cost_usd: '0.000000000001',
        usage: null,
        usage_status: 'missing',
        usage_source: 'none',
      });
    });

    it('may use the names of OpenTelemetry, for counts and for providers', async () => {
      const usage = { 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 0 };
      const row = await rowOf({ provider: 'gcp.gemini', model: 'gemini-9', usage });
      expect(row).to.deep.include({
        provider: 'gcp.gemini',
        usage: { input_tokens: 1000, output_tokens: 0 },
        cost_usd: '0.001',
      });
    });

    it('shows in lists, sums, the feed and the answers of the predecessor', async () => {
      const agent = `shown-${++count}`;
      await rowOf({ agent, time: new Date().toISOString() });
      const get = async (path: string) => JSON.parse((await send({ url: gw.url + path })).text);
      expect((await get(`/api/v1/requests?agent=${agent}`)).data[0]).to.include({ cost_usd: COST, listener: 'ingest' });
      expect(await get(`/api/v1/totals?agent=${agent}`)).to.include({
        requests: 1,
        cost_usd: COST,
        input_tokens: 1000,
      });
      expect((await get(`/api/usage?agent=${agent}`))[0]).to.include({ agent, model: 'm', input_tokens: 1000 });
      const summary = (await get('/api/summary')) as { agent: string }[];
      expect(summary.find((one) => one.agent === agent)).to.include({ turns: 1, total_cost: Number(COST) });
      const page = await send({ url: `${gw.url}/dashboard/requests?agent=${agent}`, headers: { accept: 'text/html' } });
      expect(page.text).to.include(agent).and.include('$0.0026');
      const [{ id }] = (await get(`/api/v1/requests?agent=${agent}`)).data as [{ id: string }];
      const detail = await send({ url: `${gw.url}/dashboard/requests/${id}`, headers: { accept: 'text/html' } });
      expect(detail.status).to.equal(200);
      expect(detail.text).to.include('Not measured.').and.include('An application reported all of it');
      expect(detail.text).to.not.match(/passed untouched|in its answer|seen whole/);
    });
  });

  describe('the same event', () => {
    it('changes nothing, and says so, whatever else it says the second time', async () => {
      const first = event();
      const { ids } = said(await post(first));
      const row = await gw.row(ids[0]!);
      const before = await rows();
      const again = await post({ ...first, time: '2026-11-19T00:00:00Z', usage: { input_tokens: 7 } });
      expect(again.status).to.equal(202);
      expect(said(again)).to.eql({ accepted: 0, duplicates: 1, rejected: [], ids });
      expect(await rows()).to.equal(before);
      expect(await gw.row(ids[0]!)).to.eql(row);
    });

    it('is one row where it comes many times at once', async () => {
      const one = event();
      const before = await rows();
      const answers = await Promise.all(Array.from({ length: 20 }, () => post([one, one])));
      const taken = answers.map((answer) => said(answer).accepted);
      expect(taken.reduce((sum, accepted) => sum + accepted)).to.equal(1);
      expect(new Set(answers.flatMap((answer) => said(answer).ids)).size).to.equal(1);
      const [id] = said(answers[0]!).ids;
      await gw.row(id!);
      expect(await rows()).to.equal(before + 1);
    });

    it('may be known by a header instead', async () => {
      const { id: _, ...nameless } = event();
      const key = { 'idempotency-key': `key-${++count}` };
      const first = said(await post(nameless, key));
      const again = said(await post(nameless, key));
      expect([first.accepted, again.accepted, again.duplicates]).to.eql([1, 0, 1]);
      expect(again.ids).to.eql(first.ids);
      expect((await post(nameless)).status).to.equal(422);
      expect((await post([nameless], key)).status).to.equal(422);
      expect((await post(nameless, { 'idempotency-key': 'k'.repeat(201) })).status).to.equal(422);
    });

    it('is another one with another key', async () => {
      const one = event();
      const ids = await Promise.all(
        [{}, { 'x-api-key': APP_KEY }, { 'x-api-key': ACME_KEY }].map(
          async (headers) => said(await post(one, headers)).ids[0],
        ),
      );
      expect(new Set(ids).size).to.equal(3);
    });
  });

  describe('a list', () => {
    it('may stand under `events` or alone, and each of its events is judged alone', async () => {
      const list = [event(), event({ model: 7 }), 'no object', event()];
      for (const body of [
        list,
        { events: list.map((one) => (typeof one === 'object' ? event(one.model === 7 ? { model: 7 } : {}) : one)) },
      ]) {
        const answer = await post(body);
        expect(answer.status).to.equal(202);
        const { accepted, rejected, ids } = said(answer);
        expect(accepted).to.equal(2);
        expect(rejected).to.eql([
          { index: 1, errors: [{ at: 'model', message: 'must be a text' }] },
          { index: 2, errors: [{ at: '', message: 'an event is a JSON object' }] },
        ]);
        expect(ids.map((id) => id === null)).to.eql([false, true, true, false]);
      }
    });

    it('is refused where none of it is good', async () => {
      const answer = await post([event({ model: null }), event({ usage: null })]);
      expect(answer.status).to.equal(422);
      expect(said(answer).error!.message).to.equal('events[0].model is needed');
      expect(said(answer).rejected).to.have.length(2);
    });

    it('holds at most 1000 events and 1 MiB, and not nothing', async () => {
      const many = Array.from({ length: 1000 }, () => event());
      const answer = await post(many);
      expect([answer.status, said(answer).accepted]).to.eql([202, 1000]);
      expect((await post([...many, event()])).status).to.equal(422);
      expect((await post([])).status).to.equal(422);
      expect((await post({ events: [event()], more: 1 })).status).to.equal(422);
      expect((await post({ events: event() })).status).to.equal(422);
      const large = JSON.stringify(event({ agent: 'x'.repeat(1024 * 1024) }));
      expect((await post(large)).status).to.equal(413);
      async function* unannounced() {
        for (let at = 0; at < 20; at++) yield large.slice(at * 60_000, (at + 1) * 60_000);
      }
      const chunked = await send({ url: gw.url + EVENTS, method: 'POST', body: unannounced() });
      expect([chunked.status, JSON.parse(chunked.text).error.code]).to.eql([413, 'request_too_large']);
    });
  });

  describe('what is no event', () => {
    it('is refused as it is', async () => {
      for (const body of ['', '{', '{"id":"\u00e9', Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1')])
        expect((await post(body)).status, body).to.equal(400);
      const packed = await post(event(), { 'content-encoding': 'gzip' });
      expect([packed.status, JSON.parse(packed.text).error.code]).to.eql([415, 'unsupported_content_encoding']);
      expect((await send({ url: gw.url + EVENTS })).status).to.equal(404);
    });

    const wrong: readonly (readonly [object, string])[] = [
      [{ prompt: 'Hello' }, 'prompt is not a member of an event'],
      [{ messages: [] }, 'messages is not a member of an event'],
      [{ id: '' }, 'id must not be empty'],
      [{ id: 7 }, 'id must be a text'],
      [{ id: 'x'.repeat(201) }, 'id has at most 200 characters'],
      [{ provider: undefined }, 'provider is needed'],
      [{ model: null }, 'model is needed'],
      [{ agent: 'a\nb' }, 'agent must be one line'],
      [{ user: '\ud800' }, 'user must be one line'],
      [{ agent: 'a'.repeat(129) }, 'agent has at most 128 characters'],
      [{ api: 'not a name' }, 'api must be a name'],
      [{ stream: 'yes' }, 'stream must be true or false'],
      [{ status: 99 }, 'status must be a whole number from 100 to 599'],
      [{ outcome: 'fine' }, 'outcome must be one of ok, '],
      [{ duration_ms: -1 }, 'duration_ms must be a number from 0'],
      [{ time: 'yesterday' }, 'time must be a time such as'],
      [{ time: '2026-11-20' }, 'time must be a time such as'],
      [{ time: '2026-11-20T09:10:11' }, 'time must be a time such as'],
      [{ time: '2026-06-31T00:00:00Z' }, 'time must be a time such as'],
      [{ time: '2026-06-30T25:00:00Z' }, 'time must be a time such as'],
      [{ time: '2019-12-31T23:59:59Z' }, 'time must not be before 2020'],
      [{ time: new Date(Date.now() + 2 * 86_400_000).toISOString() }, 'time must not lie more than a day ahead'],
      [{ cost_usd: 0.5 }, 'cost_usd must be a text'],
      [{ cost_usd: '-1' }, 'cost_usd must be dollars as a text'],
      [{ cost_usd: '1e3' }, 'cost_usd must be dollars as a text'],
      [{ cost_usd: '1000000' }, 'cost_usd must be dollars as a text'],
      [{ batch: true, service_tier: 'flex' }, 'batch contradicts service_tier'],
      [{ usage: undefined }, 'usage is needed, or cost_usd'],
      [{ usage: {} }, 'usage is needed, or cost_usd'],
      [{ usage: [] }, 'usage must be an object'],
      [{ usage: { prompt_tokens: 1 } }, 'usage.prompt_tokens is not a name of usage'],
      [{ usage: { input_tokens: true } }, 'usage.input_tokens must be a whole number'],
      [{ usage: { input_tokens: 1.5 } }, 'usage.input_tokens must be a whole number'],
      [{ usage: { input_tokens: -1 } }, 'usage.input_tokens must be a whole number'],
      [{ usage: { input_tokens: '1' } }, 'usage.input_tokens must be a whole number'],
      [{ usage: { input_tokens: 1e13 } }, 'usage.input_tokens must be a whole number'],
      [{ usage: { 'audio.seconds': -0.5 } }, 'usage.audio.seconds must be a number'],
      [
        { usage: { input_tokens: 10, 'cache_read.input_tokens': 8, 'cache_creation.input_tokens': 8 } },
        'usage.input_tokens must hold what the cache read and wrote',
      ],
      [
        { usage: { output_tokens: 1, 'reasoning.output_tokens': 2 } },
        'usage.output_tokens must hold reasoning.output_tokens',
      ],
      [{ tags: { team: 7 } }, 'tags.team must be a text'],
      [{ tags: { 'a\nb': 'x' } }, 'has no name of 1 to 64 plain characters'],
      [
        { tags: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`t${at}`, 'x'])) },
        'tags has at most 20 members',
      ],
      [JSON.parse('{"__proto__": {"agent": "x"}}') as object, '__proto__ is not a member of an event'],
    ];
    for (const [change, message] of wrong) {
      it(`is told what is wrong with ${JSON.stringify(change).slice(0, 70)}`, async () => {
        const before = await rows();
        expect(await complaintOf(change)).to.include(message);
        expect(await rows()).to.equal(before);
      });
    }

    it('is told everything at once, within reason', async () => {
      const answer = await post(event({ ...Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`x${at}`, 1])) }));
      expect(said(answer).error!.errors).to.have.length(20);
    });
  });

  describe('the caller', () => {
    it('is who the key says, where the event says nothing', async () => {
      const row = await rowOf({ tags: { tier: 'y' } }, { authorization: `Bearer ${APP_KEY}` }, urlOf('locked'));
      expect(row).to.deep.include({
        key: 'app',
        agent: 'crawler',
        user: 'u1',
        project: 'search',
        environment: 'prod',
        tags: { team: 'a', tier: 'y' },
        tenant: null,
      });
      const named = await rowOf({ agent: 'other' }, { 'x-api-key': APP_KEY });
      expect(named).to.include({ key: 'app', agent: 'other', project: 'search' });
      const byPort = await rowOf({}, { 'x-api-key': ADMIN_KEY }, urlOf('webui'));
      expect(byPort).to.include({ key: 'admin', agent: 'open-webui' });
    });

    it('stays within the tenant of its key', async () => {
      const acme = { 'x-api-key': ACME_KEY };
      expect(await rowOf({}, acme)).to.include({ tenant: 'acme' });
      expect(await rowOf({ tenant: 'acme' }, acme)).to.include({ tenant: 'acme' });
      expect((await post(event({ tenant: 'rival' }), acme)).status).to.equal(422);
      expect((await post(event({ tenant: 'acme' }), { 'x-api-key': APP_KEY })).status).to.equal(422);
      expect(await rowOf({ tenant: 'rival' }, { 'x-api-key': ADMIN_KEY })).to.include({ tenant: 'rival' });
    });

    it('needs a key where the listener is locked, and one of the proxy opens nothing else', async () => {
      const locked = urlOf('locked');
      expect((await post(event(), {}, locked)).status).to.equal(401);
      expect((await post(event(), { 'x-api-key': 'wrong-key-0123456789' }, locked)).status).to.equal(401);
      const key = { 'x-api-key': APP_KEY };
      expect((await post(event(), key, locked)).status).to.equal(202);
      for (const path of ['/api/v1/requests', '/api/usage', '/metrics', '/dashboard', `${EVENTS}/x`])
        expect((await send({ url: locked + path, headers: key })).status, path).to.equal(401);
    });

    it('is refused where another page sends its browser', async () => {
      expect((await post(event(), { origin: 'https://evil.example' })).status).to.equal(403);
      expect((await post(event(), { 'sec-fetch-site': 'cross-site' })).status).to.equal(403);
    });

    it('counts what became of events', async () => {
      const { text } = await send({ url: `${gw.url}/metrics` });
      for (const result of ['accepted', 'duplicate', 'rejected'])
        expect(text).to.match(new RegExp(`^gateway_ingest_events_total\\{result="${result}"\\} [1-9]`, 'm'));
    });

    it('may ask first whether to send', async () => {
      const one = event();
      const body = JSON.stringify(one);
      const headers = { expect: '100-continue', 'content-length': String(body.length) };
      const answer = await send({ url: gw.url + EVENTS, method: 'POST', headers, body });
      expect(answer.status).to.equal(202);
      expect(answer.interim).to.include(100);
    });
  });
});

describe('plugins/ingest over restarts', () => {
  it('has lost nothing that it took, when it is killed with its answer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'token-spy-ingest-'));
    const file = join(folder, 'gateway.yaml');
    await writeFile(file, 'listen: [{ port: 0 }]\nplugins: [history, ingest]\n');
    const events = Array.from({ length: 100 }, (_, at) => ({ ...EVENT, id: `e${at}` }));
    try {
      const first = await startChild(['start', '--config', file]);
      const taken = await send({ url: first.url + EVENTS, method: 'POST', body: events });
      first.child.kill('SIGKILL');
      await first.ended;
      expect(said(taken).accepted).to.equal(100);
      const second = await startChild(['start', '--config', file]);
      const again = await send({
        url: second.url + EVENTS,
        method: 'POST',
        body: [...events, { ...EVENT, id: 'new' }],
      });
      expect([said(again).accepted, said(again).duplicates]).to.eql([1, 100]);
      const range = 'from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z';
      const total = async (): Promise<number> =>
        JSON.parse((await send({ url: `${second.url}/api/v1/totals?${range}` })).text).requests as number;
      await until('all are stored', async () => (await total()) >= 101);
      expect(await total()).to.equal(101);
      second.child.kill('SIGTERM');
      await second.ended;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  for (const dialect of ['sqlite', 'postgres'] as const) {
    it(`keeps an event once in ${dialect}, also where the journal and the database disagree`, async function () {
      const database = dialect === 'postgres' ? await postgres() : null;
      if (database && 'missing' in database) {
        console.log(`      skipped: ${database.missing}`);
        return this.skip();
      }
      const folder = await mkdtemp(join(tmpdir(), 'token-spy-ingest-'));
      const yaml = `${database ? `database: "${database.url}"\n` : ''}plugins: [history, ingest]\n`;
      const body = [
        { ...EVENT, time: undefined },
        { ...EVENT, id: 'e2' },
      ];
      try {
        const taken: [number, number][] = [];
        for (let life = 0; life < 3; life++) {
          const running = await startGateway(yaml, { folder });
          const answer = await send({ url: running.url + EVENTS, method: 'POST', body });
          taken.push([said(answer).accepted, said(answer).duplicates]);
          if (life === 2) expect(await running.rows(2)).to.have.length(2);
          await running.close();
        }
        expect(taken).to.eql([
          [2, 0],
          [0, 2],
          [0, 2],
        ]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
