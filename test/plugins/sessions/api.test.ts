import { expect } from 'chai';
import { Chat, obedient } from '../../support/chat.ts';
import { send } from '../../support/client.ts';
import { type Stage, setStage } from '../../support/play.ts';
import { rowsOf } from '../../support/sessions.ts';

const ADMIN = 'admin-key-0123456789';
const NORTH = 'north-key-0123456789';
const APP = 'app-key-0123456789';

interface Body {
  data: Record<string, unknown>[];
  next_cursor: string | null;
  singles: Record<string, unknown>[];
  error: Record<string, unknown>;
  [name: string]: unknown;
}

describe('plugins/sessions/api', () => {
  let stage: Stage;

  before(async () => {
    stage = await setStage({
      plugins: 'identity, sessions, { plugin: settings, session_char_limit: 10000 }, prompts, usage',
      yaml: `listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys: [{ name: admin, key: ${ADMIN} }, { name: north, key: ${NORTH}, tenant: north }, { name: app, key: ${APP}, access: proxy }]`,
    });
    stage.upstream.always(obedient);
    const end = Date.now() - 60_000;
    const { store } = stage.running.gateway;
    const scripts = [
      { id: 'long', agent: 'coder', turns: 12, chars: 26_000, end },
      { id: 'short/1 ü', agent: 'coder', turns: 7, chars: 900, end: end - 1000, parent: 'long' },
      { id: 'of-north', agent: 'coder', turns: 2, chars: 700, end: end - 2000, tenant: 'north' },
      { id: 'unstable', agent: 'other', turns: 6, chars: 700, end: end - 3000, written: 0.5 },
      { id: 'old', agent: 'other', turns: 2, chars: 700, end: end - 90_000_000 },
      ...[1, 2, 3].map((at) => ({ id: `single-${at}`, agent: 'cron', turns: 1, chars: 90, end: end - 5000 - at })),
    ];
    for (const script of scripts) for (const row of rowsOf(script)) store.append(row);
    await store.flush();
  });
  after(() => stage.close());

  const get = async (path: string, key?: string): Promise<{ status: number; body: Body }> => {
    const url = stage.running.gateway.ports.all[key === undefined ? 0 : 1]!.url;
    const answer = await send({
      url: `${url}/api/v1/sessions${path}`,
      headers: key ? { authorization: `Bearer ${key}` } : {},
    });
    return { status: answer.status, body: JSON.parse(answer.text) as Body };
  };
  const idsOf = async (path: string, key?: string) => (await get(path, key)).body.data.map(({ id }) => id);

  it('lists sessions of the last day, those used last first, with what is thought of them', async () => {
    const { status, body } = await get('');
    expect(status).to.equal(200);
    expect(body.data.map(({ id, state, session_char_limit: limit }) => [id, state, limit])).to.eql([
      ['long', 'reset_recommended', 10_000],
      ['short/1 ü', 'healthy', 10_000],
      ['of-north', 'healthy', 10_000],
      ['unstable', 'cache_unstable', 10_000],
    ]);
    const scores = body.data.map(({ quality }) => (quality as { score: number }).score);
    expect(scores[0]).to.be.lessThan(scores[1]!);
    expect(scores[3]).to.be.lessThan(scores[2]!);
    expect(body.data[1]).to.include({ parent: 'long', turns: 7, history_chars: 900 });
    expect(body.singles).to.have.lengthOf(1);
    expect(body.singles[0]).to.include({ agent: 'cron', sessions: 3 });
    expect(new Date(body.to as string).getTime() - new Date(body.from as string).getTime()).to.equal(86_400_000);
  });

  it('takes a range, times, an agent, and calls on their own', async () => {
    expect(await idsOf('?agent=other')).to.eql(['unstable']);
    expect(await idsOf('?agent=other&range=7d')).to.eql(['unstable', 'old']);
    const from = new Date(Date.now() - 100_000_000).toISOString();
    const to = new Date(Date.now() - 80_000_000).toISOString();
    expect(await idsOf(`?from=${from}&to=${to}`)).to.eql(['old']);
    expect(await idsOf('?agent=cron&singles=true')).to.eql(['single-1', 'single-2', 'single-3']);
    expect(await idsOf('?agent=cron')).to.eql([]);
  });

  it('goes through them page by page, each of them once', async () => {
    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await get(`?singles=true&limit=2&cursor=${cursor}`);
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.next_cursor;
    }
    expect(seen).to.eql(['long', 'short/1 ü', 'of-north', 'unstable', 'single-1', 'single-2', 'single-3']);
  });

  it('tells one session with its turns, whatever its id', async () => {
    const { body } = await get(`/${encodeURIComponent('short/1 ü')}`);
    expect(body).to.deep.include({ id: 'short/1 ü', turns: 7, state: 'healthy', session_char_limit: 10_000 });
    expect(body.data.map(({ relation, parent, parts }) => [relation, parent, parts])).to.eql([
      ['start', 'long', null],
      ...Array(6).fill(['next', null, null]),
    ]);
    const whole = (await get('/long?parts=true&limit=2')).body;
    expect(whole.data).to.have.lengthOf(2);
    expect(whole.data[1]!.parts).to.have.lengthOf(7);
  });

  it('tells of a conversation what its rows say', async () => {
    const chat = new Chat(stage.running, { 'x-token-spy-agent': 'live' });
    const { session } = await chat.say('One');
    await chat.say('Two');
    const { body } = await get(`/${session}`);
    expect(body).to.include({
      id: session,
      agent: 'live',
      source: 'chain',
      confidence: 'high',
      turns: 2,
      state: 'healthy',
    });
    expect(body.data.map(({ relation, session_source: source }) => [relation, source])).to.eql([
      ['start', 'chain'],
      ['next', 'chain'],
    ]);
  });

  it('follows a limit that is set while it runs', async () => {
    const { settings } = stage.running.gateway;
    await settings.change({ agents: { coder: { session_char_limit: 30_000 } } }, null);
    expect((await get('/long')).body).to.include({ state: 'healthy', session_char_limit: 30_000 });
    await settings.change({ agents: { coder: { session_char_limit: null } } }, null);
    expect((await get('/long')).body).to.include({ state: 'reset_recommended' });
  });

  it('shows a key of a tenant its own, and that nothing else is there', async () => {
    expect(await idsOf('', NORTH)).to.eql(['of-north']);
    expect((await get('/of-north', NORTH)).status).to.equal(200);
    expect((await get('/long', NORTH)).status).to.equal(404);
    expect((await get('?tenant=south', NORTH)).body.error).to.include({ field: 'tenant' });
    expect(await idsOf('?tenant=north', ADMIN)).to.eql(['of-north']);
  });

  it('opens for no key of the proxy', async () => {
    for (const path of ['', '/long']) expect((await get(path, APP)).status).to.equal(401);
  });

  for (const [path, field] of [
    ['?range=1y', 'range'],
    ['?from=yesterday', 'from'],
    ['?singles=maybe', 'singles'],
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?cursor=nonsense', 'cursor'],
    ['?cursor=a&cursor=b', 'cursor'],
    ['?agnet=coder', 'agnet'],
    ['/long?limit=2001', 'limit'],
    ['/long?parts=1', 'parts'],
    ['/long?from=x', 'from'],
  ] as const)
    it(`refuses ${path} and names ${field}`, async () => {
      const { status, body } = await get(path);
      expect(status).to.equal(400);
      expect(body.error).to.include({ code: 'invalid_parameter', field });
      expect(body.error.message).to.match(new RegExp(`^${field}: `));
    });

  it('answers 404 for a session that nothing names', async () => {
    for (const id of ['nobody', '%00', 'x'.repeat(600)]) {
      const { status, body } = await get(`/${id}`);
      expect([status, body.error.code]).to.eql([404, 'not_found']);
    }
  });
});
