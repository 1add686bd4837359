import { expect } from 'chai';
import { type Answer, send } from '../../support/client.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { json } from '../../support/script.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const ADMIN = 'admin-key-0123456789';
const SEARCH = 'search-key-0123456789';
const APP = 'app-key-0123456789';
const BARE = 'bare-key-0123456789';
const ACME = 'acme-key-0123456789';
const DAY_MS = 86_400_000;

interface Money {
  projectId: string;
  limitUsd: number;
  spentUsd: number;
  remainingUsd: number;
  periodStart?: string;
  periodEnd?: string | null;
}
interface Row {
  id: number;
  projectId: string;
  requestId: string;
  createdAt: string;
  costUsd: number | null;
}
interface Usage {
  projectId: string;
  totalRequests: number;
  totalInputTokens: number;
  totalOutputTokens: number;
  totalCostUsd: number;
  budgetLimitUsd: number | null;
  budgetRemainingUsd: number | null;
  budgetUtilizationPercent: number | null;
}
const parse = <T>({ text }: Answer): T => JSON.parse(text) as T;

describe("plugins/budgets: tokencap's API", () => {
  let gw: TestGateway;
  let upstream: Upstream;
  let count = 0;

  before(async () => {
    upstream = await startUpstream();
    gw = await startGateway(`
listen: [{ port: 0, auth: key }]
keys:
  - { name: admin, key: ${ADMIN} }
  - { name: search, key: ${SEARCH}, project: search }
  - { name: app, key: ${APP}, access: proxy, project: search }
  - { name: bare, key: ${BARE}, access: proxy }
  - { name: acme, key: ${ACME}, tenant: acme }
providers: { openai: { base_url: "${upstream.url}" } }
budgets:
  - { name: the file's, scope: { project: filed }, limit_usd: 5, period: month }
plugins: [history, identity, ingest, prediction, budgets, usage]
`);
  });
  after(async () => {
    await gw?.close();
    await upstream.close();
  });

  const call = (
    method: string,
    path: string,
    { body, key = ADMIN, headers = {} }: { body?: unknown; key?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return send({
      url: gw.url + path,
      method,
      headers: { 'x-api-key': key, ...headers },
      ...(body !== undefined && { body: text }),
    });
  };
  const set = (body: unknown, key = ADMIN): Promise<Answer> => call('POST', '/v1/budget', { body, key });
  async function setWell(body: object, key = ADMIN): Promise<Money> {
    const answer = await set(body, key);
    expect(answer.status, answer.text).to.equal(200);
    const { success, budget } = parse<{ success: boolean; budget: Money }>(answer);
    expect(success).to.equal(true);
    return budget;
  }
  const get = async (project: string, key = ADMIN): Promise<Money> =>
    parse<{ budget: Money }>(await call('GET', `/v1/budget?project_id=${project}`, { key })).budget;
  const usageOf = async (project: string, more = ''): Promise<Usage> =>
    parse<{ usage: Usage }>(await call('GET', `/v1/usage?project_id=${project}${more}`)).usage;
  const historyOf = async (query: string): Promise<Row[]> =>
    parse<{ records: Row[] }>(await call('GET', `/v1/usage/history?${query}`)).records;
  async function spend(project: string | undefined, cost: string, more: object = {}, key = ADMIN): Promise<void> {
    const usage = { input_tokens: 100, output_tokens: 10 };
    const event = { id: `t${++count}`, provider: 'openai', model: 'gpt-4o', usage, cost_usd: cost, project, ...more };
    const answer = await call('POST', '/api/v1/usage/events', { body: event, key });
    expect(answer.status, answer.text).to.equal(202);
  }
  /** The error of an answer: its status, its type and what it says. */
  async function fault(answer: Promise<Answer>): Promise<{ status: number; type: string; message: string }> {
    const { status, text } = await answer;
    const body = JSON.parse(text) as { error: { type: string; message: string } };
    expect(body).to.have.all.keys('error');
    return { status, ...body.error };
  }

  describe('a budget', () => {
    it('is set, told, reset and deleted in its shapes', async () => {
      const before = Date.now();
      const budget = await setWell({ projectId: 'life', limitUsd: 0.3, periodDays: 30 });
      const { periodStart, periodEnd, ...money } = budget;
      expect(money).to.eql({ projectId: 'life', limitUsd: 0.3, spentUsd: 0, remainingUsd: 0.3 });
      expect(Date.parse(periodStart!)).to.be.within(before, Date.now());
      expect(Date.parse(periodEnd!) - Date.parse(periodStart!)).to.equal(30 * DAY_MS);
      await spend('life', '0.1');
      expect(await get('life')).to.eql({ projectId: 'life', limitUsd: 0.3, spentUsd: 0.1, remainingUsd: 0.2 });
      const reset = await call('POST', '/v1/budget/reset?project_id=life');
      expect(reset.status).to.equal(200);
      expect(parse(reset)).to.have.all.keys('success', 'message').and.include({ success: true });
      expect(await get('life')).to.include({ spentUsd: 0, remainingUsd: 0.3 });
      const deleted = await call('DELETE', '/v1/budget?project_id=life');
      expect([deleted.status, parse<{ success: boolean }>(deleted).success]).to.eql([200, true]);
      const gone = await call('GET', '/v1/budget?project_id=life');
      expect([gone.status, parse(gone)]).to.deep.equal([
        200,
        { budget: null, message: 'There is no budget for the project life.' },
      ]);
    });

    it('that is not there is no fault to reset, and a 404 to delete', async () => {
      const reset = await call('POST', '/v1/budget/reset?project_id=nobody');
      expect([reset.status, parse<{ success: boolean }>(reset).success]).to.eql([200, true]);
      const deleted = await call('DELETE', '/v1/budget?project_id=nobody');
      expect(deleted.status).to.equal(404);
      expect(parse(deleted)).to.eql({ success: false, message: 'There is no budget for the project nobody.' });
    });

    it('has spent and remaining that are its limit, everywhere, whatever becomes of it', async () => {
      const check = async (limitUsd: number, spentUsd: number): Promise<void> => {
        const remainingUsd = Number((limitUsd - spentUsd).toFixed(9));
        expect(await get('sum')).to.eql({ projectId: 'sum', limitUsd, spentUsd, remainingUsd });
        expect(await usageOf('sum')).to.include({
          budgetLimitUsd: limitUsd,
          budgetRemainingUsd: remainingUsd,
          budgetUtilizationPercent: Math.floor((spentUsd / limitUsd) * 10_000 + 1e-9) / 100,
        });
      };
      await spend('sum', '1');
      await setWell({ projectId: 'sum', limitUsd: 0.7, periodDays: 7 });
      await check(0.7, 0);
      await spend('sum', '0.1');
      await spend('sum', '0.2');
      await check(0.7, 0.3);
      await setWell({ projectId: 'sum', limitUsd: 0.2, periodDays: 7 });
      await check(0.2, 0.3);
      await call('POST', '/v1/budget/reset?project_id=sum');
      await check(0.2, 0);
      await spend('sum', '0.05');
      await setWell({ projectId: 'sum', limitUsd: 5 });
      await check(5, 0.05);
      expect((await usageOf('sum')).totalCostUsd).to.equal(1.35);
    });

    it('that is set again keeps what was spent, and its period goes on', async () => {
      const first = await setWell({ projectId: 'again', limitUsd: 1, periodDays: 30 });
      await spend('again', '0.25');
      const raised = await setWell({ projectId: 'again', limitUsd: 2, periodDays: 30 });
      expect(raised).to.eql({ ...first, limitUsd: 2, spentUsd: 0.25, remainingUsd: 1.75 });
      const longer = await setWell({ projectId: 'again', limitUsd: 2, periodDays: 60 });
      expect(longer).to.include({ spentUsd: 0.25, periodStart: first.periodStart! });
      expect(Date.parse(longer.periodEnd!) - Date.parse(longer.periodStart!)).to.equal(60 * DAY_MS);
      const endless = await setWell({ projectId: 'again', limitUsd: 2 });
      expect(endless).to.include({ spentUsd: 0.25, periodStart: first.periodStart!, periodEnd: null });
    });

    it('whose period is over begins anew with nothing spent, and holds on', async () => {
      const starts = new Date(Date.now() - 3 * DAY_MS).toISOString();
      await spend('over', '9', { time: new Date(Date.now() - 2.5 * DAY_MS).toISOString() });
      await spend('over', '0.5');
      const spec = { name: 'project:over', scope: { project: 'over' }, limit_usd: 1, period: '2d', starts };
      expect((await call('POST', '/api/v1/budgets', { body: spec })).status).to.equal(201);
      expect(await get('over')).to.include({ limitUsd: 1, spentUsd: 0.5, remainingUsd: 0.5 });
      const { budgetUtilizationPercent, totalCostUsd } = await usageOf('over');
      expect([budgetUtilizationPercent, totalCostUsd]).to.eql([50, 9.5]);
      const again = await setWell({ projectId: 'over', limitUsd: 3, periodDays: 2 });
      expect(again).to.include({ spentUsd: 0.5 });
      expect(Date.parse(again.periodEnd!)).to.equal(Date.parse(starts) + 4 * DAY_MS);
    });

    it('is one of the dashboard and the API, too, and keeps what they have set', async () => {
      await setWell({ projectId: 'shared', limitUsd: 4, periodDays: 1 });
      const list = async () =>
        parse<{ data: { name: string; id: string }[] }>(await call('GET', '/api/v1/budgets')).data;
      const budget = (await list()).find(({ name }) => name === 'project:shared')!;
      expect(budget).to.deep.include({
        scope: { project: ['shared'] },
        limit_usd: '4',
        action: 'reject',
        period: '1d',
      });
      await call('PATCH', `/api/v1/budgets/${budget.id}`, { body: { when_short: 'clamp', warn_at: [50] } });
      await setWell({ projectId: 'shared', limitUsd: 6, periodDays: 1 });
      expect((await list()).find(({ id }) => id === budget.id)).to.deep.include({
        limit_usd: '6',
        when_short: 'clamp',
        warn_at: [50],
      });
    });

    it('may be a part of a day', async () => {
      const { periodStart, periodEnd } = await setWell({ projectId: 'half', limitUsd: 1, periodDays: 0.5 });
      expect(Date.parse(periodEnd!) - Date.parse(periodStart!)).to.equal(DAY_MS / 2);
    });

    it('is one, however many set it at once', async () => {
      const answers = await Promise.all([1, 2, 3, 4].map((limitUsd) => set({ projectId: 'crowd', limitUsd })));
      expect(answers.map(({ status }) => status)).to.eql([200, 200, 200, 200]);
    });

    it('of gateway.yaml is told, and set by gateway.yaml alone', async () => {
      expect(await get('filed')).to.include({ limitUsd: 5, remainingUsd: 5 });
      for (const answer of [set({ projectId: 'filed', limitUsd: 9 }), call('DELETE', '/v1/budget?project_id=filed')]) {
        const { status, type, message } = await fault(answer);
        expect([status, type]).to.eql([409, 'conflict']);
        expect(message).to.include('gateway.yaml');
      }
      expect(await get('filed')).to.include({ limitUsd: 5 });
    });
  });

  describe('what makes no sense', () => {
    const good = { projectId: 'wrong', limitUsd: 1 };
    for (const [field, body] of [
      ['projectId', { limitUsd: 1 }],
      ['projectId', { ...good, projectId: '' }],
      ['projectId', { ...good, projectId: '  ' }],
      ['projectId', { ...good, projectId: 7 }],
      ['projectId', { ...good, projectId: 'x'.repeat(121) }],
      ['projectId', { ...good, projectId: 'a\nb' }],
      ['projectId', { ...good, projectId: 'all*' }],
      ['limitUsd', { projectId: 'wrong' }],
      ['limitUsd', { ...good, limitUsd: null }],
      ['limitUsd', { ...good, limitUsd: '5' }],
      ['limitUsd', { ...good, limitUsd: 'NaN' }],
      ['limitUsd', { ...good, limitUsd: 0 }],
      ['limitUsd', { ...good, limitUsd: -1 }],
      ['limitUsd', '{"projectId": "wrong", "limitUsd": 1e999}'],
      ['limitUsd', { ...good, limitUsd: 1e12 }],
      ['periodDays', { ...good, periodDays: 0 }],
      ['periodDays', { ...good, periodDays: -5 }],
      ['periodDays', { ...good, periodDays: '30' }],
      ['periodDays', { ...good, periodDays: 'NaN' }],
      ['periodDays', { ...good, periodDays: true }],
      ['periodDays', { ...good, periodDays: 0.001 }],
      ['periodDays', { ...good, periodDays: 1e9 }],
      ['body', '{"limitUsd": NaN}'],
      ['body', '[]'],
    ] as const) {
      it(`is a 400 that names ${field}: ${JSON.stringify(body).slice(0, 60)}`, async () => {
        const { status, type, message } = await fault(set(body));
        expect([status, type]).to.eql([400, 'invalid_request']);
        expect(message).to.include(field);
      });
    }

    it('leaves no budget behind', async () => {
      expect(await get('wrong')).to.equal(null);
    });

    it('is a 404 in its words where a path has no such method', async () => {
      for (const [method, path] of [
        ['PUT', '/v1/budget'],
        ['DELETE', '/v1/usage'],
        ['GET', '/v1/budget/reset'],
      ] as const)
        expect(await fault(call(method, path)), path).to.include({ status: 404, type: 'not_found' });
    });
  });

  describe('usage', () => {
    it('sums up a project, and says null of a budget that is not there', async () => {
      await spend('sums', '0.0000000001');
      await spend('sums', '0.0000000002');
      expect(await usageOf('sums')).to.eql({
        projectId: 'sums',
        totalRequests: 2,
        totalInputTokens: 200,
        totalOutputTokens: 20,
        totalCostUsd: 3e-10,
        budgetLimitUsd: null,
        budgetRemainingUsd: null,
        budgetUtilizationPercent: null,
      });
      expect((await usageOf('sums', '&from=2100-01-01')).totalRequests).to.equal(0);
    });

    it('lists what was used, newest first, in its shape and in UTC', async () => {
      const times = [
        '2026-01-01T00:00:00.001Z',
        '2026-01-02T00:00:00Z',
        '2026-01-02T00:00:00Z',
        '2026-03-01T12:00:00+02:00',
      ];
      for (const [i, time] of times.entries()) await spend('listed', `0.0${i + 1}`, { time });
      const rows = await historyOf('project_id=listed');
      expect(rows.map(({ costUsd }) => costUsd)).to.eql([0.04, 0.03, 0.02, 0.01]);
      expect(rows.map(({ createdAt }) => createdAt)).to.eql([
        '2026-03-01T10:00:00.000Z',
        '2026-01-02T00:00:00.000Z',
        '2026-01-02T00:00:00.000Z',
        '2026-01-01T00:00:00.001Z',
      ]);
      const [first] = rows;
      expect(first).to.include({
        projectId: 'listed',
        provider: 'openai',
        model: 'gpt-4o',
        inputTokens: 100,
        outputTokens: 10,
        costUsd: 0.04,
      });
      expect(first).to.have.all.keys(
        ...['id', 'projectId', 'provider', 'model', 'inputTokens', 'outputTokens', 'costUsd', 'requestId', 'createdAt'],
      );
      expect(first!.id).to.be.a('number');
      expect(await gw.row(first!.requestId)).to.include({ project: 'listed' });
      const between = await historyOf('project_id=listed&from=2026-01-02&to=2026-02-01T00:00:00');
      expect(between.map(({ costUsd }) => costUsd)).to.eql([0.03, 0.02]);
      expect(await historyOf('project_id=listed&limit=1')).to.eql([first]);
    });

    it('lists a thousand at most, and as many as one asks for', async () => {
      const events = Array.from({ length: 620 }, (_, i) => ({
        id: `many${i}`,
        provider: 'openai',
        model: 'gpt-4o',
        cost_usd: '0',
        project: 'many',
      }));
      expect((await call('POST', '/api/v1/usage/events', { body: events })).status).to.equal(202);
      expect(await historyOf('project_id=many')).to.have.lengthOf(100);
      const all = await historyOf('project_id=many&limit=1000');
      expect(new Set(all.map(({ id }) => id)).size).to.equal(620);
      expect(await historyOf('project_id=many&limit=501')).to.eql(all.slice(0, 501));
    });

    for (const query of [
      'limit=abc',
      'limit=0',
      'limit=1001',
      'limit=-1',
      'limit=1.5',
      'limit=',
      'from=soon',
      'to=1',
    ]) {
      it(`is a 400 that names it: ${query}`, async () => {
        const { status, type, message } = await fault(call('GET', `/v1/usage/history?${query}`));
        expect([status, type]).to.eql([400, 'invalid_request']);
        expect(message).to.include(query.slice(0, query.indexOf('=')));
      });
    }

    it('is a 400 for what it does not know, and for a time that ends before it begins', async () => {
      for (const query of ['form=2026-01-01', 'from=2026-02-01&to=2026-01-01', 'project_id=a&project_id=b'])
        expect((await fault(call('GET', `/v1/usage/history?${query}`))).status, query).to.equal(400);
    });

    it('shows what was refused with nothing to pay and why, and does not count it', async () => {
      await setWell({ projectId: 'short', limitUsd: 0.0005 });
      const body = { model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'Hello!' }] };
      upstream.always(json({}));
      const headers = { 'x-tokencap-project-id': 'short' };
      const answer = await call('POST', '/v1/chat/completions', { body, headers });
      expect(answer.status, answer.text).to.equal(402);
      const [row] = await historyOf('project_id=short');
      expect(row).to.deep.include({ costUsd: 0, inputTokens: 0, outputTokens: 0, reason: 'budget_exceeded' });
      expect(row!.requestId).to.equal(answer.headers['x-token-spy-id']);
      expect(await usageOf('short')).to.include({ totalRequests: 0, totalCostUsd: 0, budgetRemainingUsd: 0.0005 });
      expect(upstream.received).to.eql([]);
    });
  });

  describe('the project', () => {
    it('is that of the header, the query, the key, or the default one', async () => {
      const asked = async (query: string, key: string, headers: Record<string, string> = {}): Promise<string> =>
        parse<{ usage: Usage }>(await call('GET', `/v1/usage${query}`, { key, headers })).usage.projectId;
      const header = { 'x-tokencap-project-id': 'by-header' };
      expect(await asked('?project_id=by-query', ADMIN, header)).to.equal('by-header');
      expect(await asked('?project_id=by-query', ADMIN)).to.equal('by-query');
      expect(await asked('', SEARCH)).to.equal('search');
      expect(await asked('', ADMIN)).to.equal('default');
      expect((await fault(call('GET', `/v1/usage?project_id=${'x'.repeat(130)}`))).message).to.include('project_id');
    });

    it('that nobody names has the rows that name none', async () => {
      const before = await usageOf('default');
      await spend(undefined, '0.5');
      await spend('default', '0.25');
      const { totalRequests, totalCostUsd } = await usageOf('default');
      expect(totalRequests).to.equal(before.totalRequests + 2);
      expect(totalCostUsd).to.be.closeTo(before.totalCostUsd + 0.75, 1e-9);
    });

    it('of another is closed to a key that has one, and to a key of the proxy', async () => {
      await setWell({ projectId: 'search', limitUsd: 3 });
      const body = { projectId: 'other', limitUsd: 1 };
      const headers = { 'x-tokencap-project-id': 'other' };
      for (const key of [SEARCH, APP, BARE]) {
        for (const answer of [
          call('GET', '/v1/budget?project_id=other', { key }),
          call('GET', '/v1/usage', { key, headers }),
          call('GET', '/v1/usage/history?project_id=other', { key }),
          call('POST', '/v1/budget/reset?project_id=other', { key }),
          call('DELETE', '/v1/budget?project_id=other', { key }),
          set(body, key),
        ])
          expect(await fault(answer)).to.include({ status: 403, type: 'forbidden' });
      }
      expect((await fault(call('GET', '/v1/usage?project_id=search', { key: BARE }))).status).to.equal(403);
    });

    it('of its own is open to a key: all of it, or with access to the proxy only to read', async () => {
      expect(await setWell({ projectId: 'search', limitUsd: 4 }, SEARCH)).to.include({ limitUsd: 4 });
      expect(await get('search', APP)).to.include({ limitUsd: 4 });
      expect((await call('GET', '/v1/usage/history', { key: APP })).status).to.equal(200);
      expect(parse<{ usage: Usage }>(await call('GET', '/v1/usage', { key: BARE })).usage.projectId).to.equal(
        'default',
      );
      for (const answer of [
        set({ projectId: 'search', limitUsd: 9 }, APP),
        call('POST', '/v1/budget/reset', { key: APP }),
        call('DELETE', '/v1/budget', { key: APP }),
      ])
        expect(await fault(answer)).to.include({ status: 403, type: 'forbidden' });
      expect(await get('search')).to.include({ limitUsd: 4 });
    });

    it('of a tenant is its own, with rows and a budget of its own', async () => {
      await setWell({ projectId: 'twin', limitUsd: 7 });
      await setWell({ projectId: 'twin', limitUsd: 1 }, ACME);
      await spend('twin', '0.5', {}, ACME);
      await spend('twin', '2');
      expect(await get('twin', ACME)).to.include({ limitUsd: 1, spentUsd: 0.5 });
      expect(await get('twin')).to.include({ limitUsd: 7, spentUsd: 2.5 });
      const own = parse<{ usage: Usage }>(await call('GET', '/v1/usage?project_id=twin', { key: ACME })).usage;
      expect(own).to.include({ totalRequests: 1, totalCostUsd: 0.5, budgetRemainingUsd: 0.5 });
    });

    it('is open to nobody without a key', async () => {
      for (const path of ['/v1/budget', '/v1/usage', '/v1/usage/history'])
        expect((await send({ url: gw.url + path })).status, path).to.equal(401);
    });
  });
});
