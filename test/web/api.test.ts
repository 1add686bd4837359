import { expect } from 'chai';
import { KEY, openHouse, recordOf, type TestHouse } from '../support/house.ts';

/** Answers are read as their reader would: the tests say what is in them. */
type Json = ReturnType<typeof JSON.parse>;

describe('The management API', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse();
    url = await test.listen();
  });
  afterEach(() => test.close());

  const get = async (path: string): Promise<{ status: number; body: Json }> => {
    const answer = await fetch(url + path);
    return { status: answer.status, body: await answer.json() };
  };

  it('lists exchanges, newest first, a page at a time, each once', async () => {
    const base = Date.now() - 3_600_000;
    await test.add(...Array.from({ length: 25 }, (_, i) => ({ time: new Date(base + i * 1000).toISOString() })));
    const ids: string[] = [];
    let cursor = '';
    do {
      const { body } = await get(`/api/v1/requests?limit=10${cursor && `&cursor=${cursor}`}`);
      ids.push(...body.data.map((entry: { id: string }) => entry.id));
      cursor = body.next_cursor;
    } while (cursor);
    expect(new Set(ids).size).to.equal(25);
    expect(ids).to.eql([...ids].sort().reverse());
  });

  it('filters by every column, by tags and by time', async () => {
    await test.add(
      { agent: 'a', tags: { team: 'red', env: 'prod' } },
      { agent: 'b', status: 429, outcome: 'upstream_error' },
      { agent: 'b', tags: { team: 'red' } },
    );
    const count = async (query: string): Promise<number> => (await get(`/api/v1/requests?${query}`)).body.data.length;
    expect(await count('agent=a')).to.equal(1);
    expect(await count('status=4xx')).to.equal(1);
    expect(await count('outcome=ok&agent=b')).to.equal(1);
    expect(await count('tag=team:red')).to.equal(2);
    expect(await count('tag=team:red&tag=env:prod')).to.equal(1);
    expect(await count('q=%25%25%25%25')).to.equal(0);
    expect(await count(`to=${new Date(Date.now() - 60_000).toISOString()}`)).to.equal(0);
  });

  it('gives the whole record of one exchange', async () => {
    const record = recordOf({ tags: { team: 'red' }, session: { id: 's1', source: 'header', confidence: 'high' } });
    await test.add(record);
    expect((await get(`/api/v1/requests/${record.id}`)).body).to.eql(record);
    const { status, body } = await get('/api/v1/requests/nothing');
    expect([status, body.error.code]).to.eql([404, 'not_found']);
  });

  const BAD: [path: string, parameter: string][] = [
    ['/api/usage?limit=-1', 'limit'],
    ['/api/usage?limit=0', 'limit'],
    ['/api/usage?limit=abc', 'limit'],
    ['/api/usage?limit=1e9', 'limit'],
    ['/token-usage?limit=1000000000', 'limit'],
    ['/api/usage?hours=0', 'hours'],
    ['/api/usage?hours=1.5', 'hours'],
    ['/api/summary?hours=-5', 'hours'],
    ['/api/summary?hours=99999999', 'hours'],
    ['/api/v1/requests?limit=501', 'limit'],
    ['/api/v1/requests?agnet=x', 'agnet'],
    ['/api/v1/requests?agent=a&agent=b', 'agent'],
    ['/api/v1/requests?status=abc', 'status'],
    ['/api/v1/requests?min_cost=-1', 'min_cost'],
    ['/api/v1/requests?tag=team', 'tag'],
    ['/api/v1/requests?from=yesterday', 'from'],
    ['/api/v1/requests?to=2026-13-40', 'to'],
    ['/api/v1/requests?cursor=nonsense', 'cursor'],
    ['/api/v1/requests?agent=a%00b', 'agent'],
    ['/api/v1/totals?from=2026-02-01&to=2026-01-01', 'from'],
    ['/api/v1/series?measure=money', 'measure'],
    ['/api/v1/series?group_by=colour', 'group_by'],
    ['/api/v1/series?bucket_seconds=0', 'bucket_seconds'],
    ['/token_events?last_event_id=x', 'last_event_id'],
  ];
  for (const [path, parameter] of BAD) {
    it(`refuses ${path} and names ${parameter}`, async () => {
      const { status, body } = await get(path);
      expect(status).to.equal(400);
      expect(body.error.code).to.equal('invalid_parameter');
      expect(body.error.message).to.include(parameter);
    });
  }

  it('answers /api/usage and its alias with the predecessor’s row', async () => {
    await test.add({ agent: 'coder' }, { agent: 'other' });
    const { body } = await get('/api/usage?agent=coder&hours=1&limit=5');
    expect(body).to.have.length(1);
    expect(body[0]).to.include({
      agent: 'coder',
      input_tokens: 1200,
      output_tokens: 300,
      cache_read_tokens: 200,
      provider_name: 'openai',
    });
    expect((await get('/token-usage?agent=coder')).body).to.eql(body);
  });

  it('answers /api/summary with an element for each agent, and with [] for none', async () => {
    expect((await get('/api/summary?hours=24')).body).to.eql([]);
    await test.add({ agent: 'a' }, { agent: 'a' }, { agent: 'b' });
    const { body } = await get('/api/summary');
    expect(body.map((one: { agent: string; turns: number }) => [one.agent, one.turns])).to.eql([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('sums a range up to the same as its exchanges and its series', async () => {
    await test.add(...Array.from({ length: 60 }, (_, i) => ({ cost_usd: `0.0000${i + 10}`, agent: `a${i % 3}` })));
    const { body: totals } = await get('/api/v1/totals');
    const { body: list } = await get('/api/v1/requests?limit=500');
    const { body: series } = await get('/api/v1/series?group_by=agent&measure=cost');
    const pico = (dollars: string): bigint => BigInt(Math.round(Number(dollars) * 1e12));
    const sum = (amounts: string[]): bigint => amounts.reduce((all, one) => all + pico(one), 0n);
    expect(pico(totals.cost_usd)).to.equal(sum(list.data.map((one: { cost_usd: string }) => one.cost_usd)));
    expect(pico(totals.cost_usd)).to.equal(sum(series.groups.map((one: { total: string }) => one.total)));
  });

  it('shows what runs, without a key and without a path', async () => {
    test.house.providers = () => [
      {
        name: 'openai',
        baseUrl: 'https://api.openai.com',
        adapters: ['openai_chat'],
        free: false,
        hasKey: true,
        lastStatus: 200,
        lastAt: null,
        configured: true,
      },
    ];
    const { body } = await get('/api/v1/config');
    expect(body).to.include({ ok: true, version: 'abcdef012345', file: 'gateway.yaml', error: null });
    expect(body.providers[0]).to.include({ name: 'openai', has_key: true });
    expect(JSON.stringify(body)).to.not.include('/home/').and.not.include(KEY);
  });

  it('answers a failure with JSON that says nothing of the inside, and logs where it was', async () => {
    test.house.metrics = () => Promise.reject(new Error('secret prompt'));
    const { status, body } = await get('/metrics');
    expect([status, body.error.code]).to.eql([500, 'internal_error']);
    expect(JSON.stringify(body) + test.logged.join()).to.not.include('secret prompt');
    expect(test.logged.join()).to.include('a page or an API call failed');
  });
});

describe('Health', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse();
    url = await test.listen({ agent: 'coder' });
  });
  afterEach(() => test.close());

  const health = async (): Promise<Json> => (await fetch(`${url}/health`)).json();

  it('has the fields of the predecessor and the state of what it depends on', async () => {
    const body = await health();
    expect(body).to.include({ status: 'ok', agent: 'coder', session_char_limit: 200_000 });
    expect(body.uptime_seconds).to.be.within(3720, 3800);
    expect(body.database).to.include({ status: 'ok', waiting: 0, lost: 0 });
    expect(body.config).to.include({ ok: true, version: 'abcdef012345' });
    expect(body.listeners[0]).to.include({ up: true });
  });

  it('is degraded while the file is refused, and says where it is wrong to those who are let in', async () => {
    const configuration = test.house.configuration();
    const lines = ['gateway.yaml:3:5 providers: unknown key'];
    test.house.configuration = () => ({ ...configuration, ok: false, error: { at: new Date().toISOString(), lines } });
    expect((await health()).status).to.equal('degraded');
    expect((await health()).config.error.lines).to.eql(lines);
    const locked = await test.listen({ locked: true });
    const stranger = (await (await fetch(`${locked}/health`)).json()) as Json;
    expect(stranger).to.deep.include({ status: 'degraded', config: { ok: false } });
  });

  it('is degraded while a listener is down or an upstream fails to be reached', async () => {
    test.house.providers = () => [
      {
        name: 'local',
        baseUrl: 'http://x',
        adapters: [],
        free: true,
        hasKey: false,
        lastStatus: 'connect_refused',
        lastAt: new Date().toISOString(),
        configured: true,
      },
    ];
    expect((await health()).upstreams[0]).to.include({ name: 'local', ok: false, last: 'connect_refused' });
    const { listeners } = test.house;
    test.house.listeners = () => listeners().map((one) => ({ ...one, up: false }));
    expect((await health()).status).to.equal('degraded');
  });

  it('readiness ends with draining, liveness does not', async () => {
    const status = async (path: string): Promise<number> => (await fetch(url + path)).status;
    expect([await status('/readyz'), await status('/healthz')]).to.eql([200, 200]);
    test.house.draining = () => true;
    expect([await status('/readyz'), await status('/ready'), await status('/healthz'), await status('/live')]).to.eql([
      503, 503, 200, 200,
    ]);
  });
});
