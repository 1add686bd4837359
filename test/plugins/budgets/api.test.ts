import { expect } from 'chai';
import { type Answer, send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const PATH = '/api/v1/budgets';
const ADMIN = 'admin-key-0123456789';
const ACME = 'acme-key-0123456789';
const ALPHA = 'alpha-key-0123456789';
const PROXY = 'proxy-key-0123456789';
const YAML = `
listen: [{ port: 0, auth: key }]
keys:
  - { name: admin, key: ${ADMIN} }
  - { name: acme, key: ${ACME}, tenant: acme }
  - { name: alpha, key: ${ALPHA}, project: alpha }
  - { name: app, key: ${PROXY}, access: proxy }
budgets:
  - { name: filed, scope: { tenant: acme }, limit_usd: 5, period: day, warn_at: [50, 90] }
  - { name: each, per: [agent, team], limit_tokens: 1000, period: month, time_zone: Europe/Berlin, starts: 2020-01-01 }
plugins: [history, identity, ingest, prediction, budgets, usage]
`;

interface Account {
  subject: Record<string, string>;
  limit: string;
  spent: string;
  held: string;
  remaining: string;
  percent: number;
  window: { from: string; to: string | null };
  resets_at: string | null;
  forecast: string | null;
  state: string;
}
type Told = Record<string, unknown> & { id: string; version: string; state: string; accounts: Account[] };
interface Wrong {
  error: { code: string; message: string; field?: string };
}
const textOf = (sent: unknown): string => (typeof sent === 'string' ? sent : (JSON.stringify(sent) ?? ''));
const body = <T>(answer: Answer): T => JSON.parse(answer.text) as T;

describe('plugins/budgets: the API', () => {
  let gw: TestGateway;
  let count = 0;

  before(async () => {
    gw = await startGateway(YAML);
  });
  after(() => gw.close());

  const call = (method: string, path: string, sent?: unknown, key = ADMIN): Promise<Answer> =>
    send({
      url: gw.url + path,
      method,
      // Node sends no length with the body of a DELETE by itself.
      headers: { 'x-api-key': key, 'content-length': String(Buffer.byteLength(textOf(sent))) },
      ...(sent !== undefined && { body: textOf(sent) }),
    });
  /** A budget of the API with a name of its own. */
  async function made(change: object = {}): Promise<Told> {
    const answer = await call('POST', PATH, { name: `made ${++count}`, limit_usd: 10, period: 'total', ...change });
    expect(answer.status, answer.text).to.equal(201);
    return body<Told>(answer);
  }
  async function spend(cost: string, more: object): Promise<void> {
    const event = { id: `s${++count}`, provider: 'openai', model: 'gpt-4o', cost_usd: cost, ...more };
    const answer = await call('POST', '/api/v1/usage/events', event);
    expect(answer.status, answer.text).to.equal(202);
  }
  const one = async (id: string): Promise<Told> => body<Told>(await call('GET', `${PATH}/${id}`));
  /** The error of an answer, in one line. */
  async function wrong(answer: Promise<Answer>): Promise<string> {
    const { status, text } = await answer;
    const { code, message, field } = (JSON.parse(text) as Wrong).error;
    expect(message).to.match(/^\S.+/);
    return [status, code, field].filter((part) => part !== undefined).join(' ');
  }

  describe('a budget', () => {
    it('is made, and told in the words of gateway.yaml with how it stands', async () => {
      const told = await made({ name: 'plain', scope: { agent: 'ci-*', team: 'x' }, limit_usd: 0.1, period: '30d' });
      const { accounts, version, ...rest } = told;
      expect(version).to.match(/^[0-9a-f]{12}$/);
      expect(rest).to.eql({
        id: 'plain',
        origin: 'api',
        name: 'plain',
        scope: { agent: ['ci-*'], tags: { team: ['x'] } },
        per: [],
        limit_usd: '0.1',
        period: '30d',
        time_zone: 'UTC',
        action: 'reject',
        warn_at: [80],
        when_short: 'refuse',
        on_unpriced: 'block',
        unit: 'usd',
        state: 'ok',
      });
      const [account] = accounts;
      expect(account).to.deep.include({
        subject: {},
        limit: '0.1',
        spent: '0',
        held: '0',
        remaining: '0.1',
        percent: 0,
      });
      expect(Date.parse(account!.resets_at!)).to.equal(Date.parse(account!.window.from) + 30 * 86_400_000);
    });

    it('tells what was spent to the last digit, what it comes to, and when it is short', async () => {
      const { id } = await made({ scope: { agent: 'spender' }, limit_usd: '0.3', period: 'year', warn_at: [50] });
      await spend('0.100000000001', { agent: 'spender' });
      await spend('7', { agent: 'another' });
      const first = await one(id);
      expect(first.state).to.equal('ok');
      expect(first.accounts[0]).to.deep.include({
        spent: '0.100000000001',
        remaining: '0.199999999999',
        percent: 33.33,
        state: 'ok',
      });
      expect(Number(first.accounts[0]!.forecast)).to.be.greaterThan(0.1);
      await spend('0.05', { agent: 'spender' });
      expect((await one(id)).state).to.equal('warn');
      await spend('1', { agent: 'spender' });
      const last = await one(id);
      expect([last.state, last.accounts[0]!.remaining]).to.eql(['exceeded', '-0.850000000001']);
    });

    it('is replaced by PUT and changed by PATCH, at once', async () => {
      const { id, name } = await made({ scope: { agent: 'a' }, warn_at: [10] });
      const put = body<Told>(await call('PUT', `${PATH}/${id}`, { limit_usd: 3, period: 'day', scope: { user: 'u' } }));
      expect(put).to.deep.include({ name, limit_usd: '3', period: 'day', scope: { user: ['u'] }, warn_at: [80] });
      const patch = body<Told>(await call('PATCH', `${PATH}/${id}`, { limit_usd: '4.50', warn_at: [5] }));
      expect(patch).to.deep.include({ limit_usd: '4.5', period: 'day', warn_at: [5] });
      const unit = body<Told>(await call('PATCH', `${PATH}/${id}`, { limit_requests: 7, warn_at: null }));
      expect(unit)
        .to.deep.include({ limit_requests: 7, unit: 'requests', warn_at: [80] })
        .and.not.have.property('limit_usd');
      expect((await one(id)).accounts[0]).to.deep.include({ limit: '7', spent: '0' });
    });

    it('takes back what it has told', async () => {
      const told = await made({ scope: { model: 'gpt-4*' }, when_short: { model: 'gpt-4o-mini' } });
      const answer = await call('PUT', `${PATH}/${told.id}`, told);
      expect(answer.status, answer.text).to.equal(200);
      expect(body<Told>(answer)).to.eql(told);
    });

    it('is not changed by who has seen an older one', async () => {
      const { id, version } = await made();
      const seen = { version, limit_usd: 20, period: 'total' };
      const [one, other] = await Promise.all([
        call('PUT', `${PATH}/${id}`, seen),
        call('PUT', `${PATH}/${id}`, { ...seen, limit_usd: 30 }),
      ]);
      expect([one.status, other.status]).to.have.members([200, 409]);
      const late = one.status === 409 ? one : other;
      expect(body<Wrong>(late).error).to.include({ code: 'budget_changed', field: 'version' });
      expect(await wrong(call('DELETE', `${PATH}/${id}`, { version }))).to.equal('409 budget_changed version');
    });

    it('keeps its name', async () => {
      const { id } = await made();
      const change = { name: 'another', limit_usd: 1, period: 'day' };
      expect(await wrong(call('PUT', `${PATH}/${id}`, change))).to.equal('400 invalid_budget name');
    });

    it('begins anew, all of it or one account', async () => {
      const { id } = await made({ scope: { project: 'reset' }, per: 'agent', limit_usd: 2 });
      await spend('0.5', { project: 'reset', agent: 'one' });
      await spend('0.25', { project: 'reset', agent: 'two' });
      const sums = async (): Promise<Record<string, string>> =>
        Object.fromEntries((await one(id)).accounts.map(({ subject, spent }) => [subject.agent, spent]));
      expect(await sums()).to.eql({ one: '0.5', two: '0.25' });
      const answer = await call('POST', `${PATH}/${id}/reset`, { subject: { agent: 'one' } });
      expect(answer.status, answer.text).to.equal(200);
      expect(await sums())
        .to.include({ two: '0.25' })
        .and.not.include({ one: '0.5' });
      expect((await call('POST', `${PATH}/${id}/reset`)).status).to.equal(200);
      expect(Object.values(await sums()).filter((sum) => sum !== '0')).to.eql([]);
    });

    it('has its accounts with most spent first, as many as one asks for', async () => {
      const { id } = await made({ scope: { project: 'many' }, per: ['agent', 'tags.team'] });
      for (const [agent, cost] of [
        ['a', '0.1'],
        ['b', '0.3'],
        ['c', '0.2'],
      ] as const)
        await spend(cost, { project: 'many', agent, tags: { team: 't' } });
      await spend('9', { project: 'many', agent: 'of no team' });
      const list = async (query = ''): Promise<unknown[]> => {
        const { accounts } = body<{ accounts: Account[] }>(await call('GET', `${PATH}/${id}/accounts${query}`));
        return accounts.map(({ subject, spent }) => [subject, spent]);
      };
      expect(await list()).to.eql([
        [{ agent: 'b', 'tags.team': 't' }, '0.3'],
        [{ agent: 'c', 'tags.team': 't' }, '0.2'],
        [{ agent: 'a', 'tags.team': 't' }, '0.1'],
      ]);
      expect(await list('?limit=1')).to.have.lengthOf(1);
      for (const query of ['limit=0', 'limit=1001', 'limit=abc', 'limit=1&limit=2', 'most=3'])
        expect(await wrong(call('GET', `${PATH}/${id}/accounts?${query}`)), query).to.equal(
          `400 invalid_parameter ${query.slice(0, query.indexOf('='))}`,
        );
    });

    it('is deleted once', async () => {
      const { id } = await made();
      expect(body(await call('DELETE', `${PATH}/${id}`))).to.eql({ deleted: true, id });
      expect(await wrong(call('DELETE', `${PATH}/${id}`))).to.equal('404 not_found');
    });
  });

  describe('what makes no sense', () => {
    const base = { name: 'wrong', limit_usd: 1, period: 'day' };
    for (const [field, sent] of [
      ['name', { limit_usd: 1, period: 'day' }],
      ['name', { ...base, name: '' }],
      ['limit_usd', { name: 'wrong', period: 'day' }],
      ['limit_usd', { ...base, limit_usd: 0 }],
      ['limit_usd', { ...base, limit_usd: -1 }],
      ['limit_usd', { ...base, limit_usd: 'NaN' }],
      ['limit_tokens', { ...base, limit_usd: null, limit_tokens: 1.5 }],
      ['limit_requests', { ...base, limit_requests: 1 }],
      ['period', { ...base, period: '0d' }],
      ['period', { ...base, period: -3 }],
      ['time_zone', { ...base, time_zone: 'Mars/Base' }],
      ['starts', { ...base, starts: '2026-02-31' }],
      ['scope.colour', { ...base, scope: { colour: 'red' } }],
      ['scope.agent', { ...base, scope: { agent: [] } }],
      ['per', { ...base, per: 'colour' }],
      ['action', { ...base, action: 'shout' }],
      ['warn_at', { ...base, warn_at: [101] }],
      ['on_unpriced', { ...base, on_unpriced: 'maybe' }],
      ['limits', { ...base, limits: 3 }],
    ] as const) {
      it(`is a 400 that names ${field}: ${JSON.stringify(sent)}`, async () => {
        expect(await wrong(call('POST', PATH, sent))).to.equal(`400 invalid_budget ${field}`);
      });
    }

    it('is a 400 where the body is no object', async () => {
      for (const sent of ['', '{', '[]', '"text"', 'null', '{"limit_usd": NaN}', `{"name": "${'x'.repeat(70_000)}"}`]) {
        const answer = await call('POST', PATH, sent);
        expect(answer.status, sent.slice(0, 20)).to.equal(400);
      }
    });

    it('is a 400 where an account is meant that there cannot be', async () => {
      const { id } = await made({ per: 'agent' });
      for (const subject of ['a', {}, { agent: 1 }, { agent: '' }, { user: 'u' }, { agent: 'a', user: 'u' }])
        expect(await wrong(call('POST', `${PATH}/${id}/reset`, { subject }))).to.equal('400 invalid_budget subject');
      const { id: plain } = await made();
      expect(await wrong(call('POST', `${PATH}/${plain}/reset`, { subject: { agent: 'a' } }))).to.equal(
        '400 invalid_budget subject',
      );
    });

    it('is a 404 where there is no such budget', async () => {
      for (const [method, path] of [
        ['GET', 'none'],
        ['PUT', 'none'],
        ['PATCH', 'none'],
        ['POST', 'none/reset'],
        ['GET', 'none/accounts'],
      ] as const)
        expect(await wrong(call(method, `${PATH}/${path}`, method === 'GET' ? undefined : base)), path).to.equal(
          '404 not_found',
        );
    });

    it('is a 409 where the name is taken', async () => {
      const { name } = await made();
      expect(await wrong(call('POST', PATH, { ...base, name }))).to.equal('409 budget_exists name');
    });
  });

  describe('budgets of gateway.yaml', () => {
    it('are told like the others, and only the file changes them', async () => {
      const told = await one('filed');
      expect(told).to.include({ origin: 'file', limit_usd: '5', period: 'day' });
      expect(await one('each')).to.deep.include({ per: ['agent', 'tags.team'], starts: '2020-01-01', unit: 'tokens' });
      const sent = { limit_usd: 9, period: 'day' };
      expect(await wrong(call('POST', PATH, { name: 'filed', ...sent }))).to.equal('409 budget_in_file');
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const answer = await call(method, `${PATH}/filed`, sent);
        expect(answer.status, method).to.equal(409);
        expect(body<Wrong>(answer).error).to.include({ code: 'budget_in_file' });
        expect(body<Wrong>(answer).error.message).to.include('gateway.yaml');
      }
      expect(await one('filed')).to.eql(told);
    });

    it('begin anew by API, as nothing of what they say changes', async () => {
      await spend('1', { tenant: 'acme' });
      expect((await one('filed')).accounts[0]!.spent).to.equal('1');
      expect((await call('POST', `${PATH}/filed/reset`)).status).to.equal(200);
      const [account] = (await one('filed')).accounts;
      expect(account!.spent).to.equal('0');
    });
  });

  describe('who may ask', () => {
    it('is nobody without a key, and no key of the proxy', async () => {
      for (const path of [PATH, `${PATH}/filed`, `${PATH}/filed/accounts`]) {
        expect((await send({ url: gw.url + path })).status).to.equal(401);
        expect((await call('GET', path, undefined, PROXY)).status).to.equal(401);
      }
      expect((await call('POST', PATH, { name: 'x', limit_usd: 1, period: 'day' }, PROXY)).status).to.equal(401);
    });

    it('sees and changes with the key of a tenant or a project what is for just that', async () => {
      const names = async (key: string): Promise<string[]> =>
        body<{ data: { name: string }[] }>(await call('GET', PATH, undefined, key)).data.map(({ name }) => name);
      await made({ name: 'of alpha', scope: { project: 'alpha', agent: 'x' } });
      const beta = await made({ name: 'of beta', scope: { project: 'beta' } });
      await made({ name: 'of both', scope: { project: ['alpha', 'beta'] } });
      await made({ name: 'of any', scope: { project: 'alpha*' } });
      expect(await names(ALPHA)).to.eql(['of alpha']);
      expect(await names(ACME)).to.eql(['filed']);
      expect(await names(ADMIN)).to.include.members(['filed', 'each', 'of alpha', 'of beta', 'of both', 'of any']);
      for (const [method, path] of [
        ['GET', ''],
        ['PATCH', ''],
        ['DELETE', ''],
        ['GET', '/accounts'],
        ['POST', '/reset'],
      ] as const) {
        const sent = method === 'GET' ? undefined : {};
        expect(await wrong(call(method, `${PATH}/${beta.id}${path}`, sent, ALPHA)), method).to.equal('404 not_found');
      }
      const spec = { name: 'mine', limit_usd: 1, period: 'day' };
      expect(await wrong(call('POST', PATH, spec, ALPHA))).to.equal('403 forbidden scope');
      const own = { ...spec, scope: { project: 'alpha', user: 'u' } };
      expect((await call('POST', PATH, own, ALPHA)).status).to.equal(201);
      expect(await wrong(call('PATCH', `${PATH}/mine`, { scope: null }, ALPHA))).to.equal('403 forbidden scope');
      expect((await call('PATCH', `${PATH}/mine`, { limit_usd: 2 }, ALPHA)).status).to.equal(200);
      expect((await call('DELETE', `${PATH}/mine`, undefined, ALPHA)).status).to.equal(200);
    });
  });
});
