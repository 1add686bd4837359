import { expect } from 'chai';
import type { Notice } from '../../plugins/shared/notice.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const RULES = `
  - { name: hourly spend, metric: cost_usd, window: 1h, group_by: agent, above: 10, warn_above: 5 }
  - { name: by tenant, metric: requests, window: 1h, group_by: tenant, above: 1, no_data: ok }
  - { name: of acme, metric: tokens, window: 1h, scope: { tenant: acme }, above: 1 }
  - { name: budgets, metric: budget_used, above: 80, warn_above: 50 }
  - { name: sick sessions, metric: unhealthy_sessions, above: 0 }
  - { name: held back, metric: errors, window: 5m, above: 1, paused: true }
`;
const yaml = (rules: string) => `
listen: [{ port: 0 }, { port: 0, auth: key, name: locked }]
keys:
  - { name: boss, key: boss-key-0123456789 }
  - { name: acme, key: acme-key-0123456789, tenant: acme }
  - { name: other, key: other-key-0123456789, tenant: other }
budgets: [{ name: each agent, per: agent, limit_usd: 20, period: total }]
alerts: ${rules}
plugins: [history, identity, sessions, settings, ingest, prediction, budgets, { plugin: alerts, every: 1s, settle: 1ms }, usage]
`;

interface Shown {
  name: string;
  state: string;
  reason: string | null;
  paused: { by: string | null; in_file: boolean } | null;
  groups: { group: Record<string, string> | null; state: string; value: string; acknowledged: { by: string } | null }[];
}

describe('plugins/alerts', function () {
  this.timeout(20_000);
  let running: TestGateway;
  let notices: Notice[] = [];
  let count = 0;

  before(async () => {
    running = await startGateway(yaml(RULES));
    running.gateway.events.subscribe((event, data) => void (event === 'notice' && notices.push(data as Notice)));
    await spend({ agent: 'coder', cost_usd: '12' });
    await spend({ agent: 'coder', tenant: 'acme', cost_usd: '0', usage: { input_tokens: 5, output_tokens: 5 } });
    await spend({ agent: 'bot', tenant: 'acme', cost_usd: '0.5' });
    await until('the first alerts are told', () => notices.length >= 4);
  });
  after(() => running.close());

  const call = async (method: string, path: string, { as, body }: { as?: string; body?: object } = {}) => {
    const url = as === undefined ? running.url : running.gateway.ports.all[1]!.url;
    const headers = as === undefined ? {} : { authorization: `Bearer ${as}-key-0123456789` };
    const answer = await send({ url: url + path, method, headers, ...(body && { body }) });
    return { status: answer.status, json: answer.text === '' ? null : JSON.parse(answer.text) };
  };
  const spend = async (event: object): Promise<void> => {
    const body = { id: `a${++count}`, provider: 'openai', model: 'gpt-4o', ...event };
    const { status, json } = await call('POST', '/api/v1/usage/events', { body });
    expect(status, JSON.stringify(json)).to.equal(202);
  };
  const shown = async (as?: string): Promise<Shown[]> =>
    (await call('GET', '/api/v1/alerts', as === undefined ? {} : { as })).json.alerts;
  const one = async (name: string, as?: string): Promise<Shown> =>
    (await shown(as)).find((alert) => alert.name === name)!;
  const act = (name: string, what: string, more: { as?: string; body?: object } = {}) =>
    call('POST', `/api/v1/alerts/${encodeURIComponent(name)}/${what}`, more);
  const keyed = (key: string): Notice => notices.find((notice) => notice.key === key)!;

  it('tells what passes a threshold, with facts and no word of prompts', async () => {
    const notice = keyed('alert hourly spend / agent coder');
    expect(notice).to.deep.include({ event: 'alert.triggered', severity: 'critical', notify: [], tenant: null });
    expect(notice.data).to.deep.include({ value: '12', state: 'ALERT', group: { agent: 'coder' } });
    expect(keyed('alert by tenant / tenant acme')).to.include({ tenant: 'acme' });
    expect(keyed('alert of acme')).to.include({ tenant: 'acme' });
    const lines = running.lines.map(({ msg }) => msg);
    expect(lines).to.include('alert hourly spend of agent coder is ALERT, $12');
  });

  it('looks at budgets and sessions by the figures of their plugins', async () => {
    expect(keyed('alert budgets / budget each agent, agent coder').data).to.deep.include({
      value: '60',
      state: 'WARNING',
      unit: 'percent',
    });
    const { json } = await call('GET', '/api/v1/alerts');
    expect(json.figures.map(({ name }: { name: string }) => name)).to.eql(['budget_used', 'unhealthy_sessions']);
    expect(await one('sick sessions')).to.include({ reason: null });
  });

  it('shows each alert with its groups, values and what it tells', async () => {
    const alert = await one('hourly spend');
    expect(alert).to.deep.include({ state: 'ALERT', metric: 'cost_usd', window: '1h', threshold: '10', for_s: 0 });
    expect(alert.groups.map(({ group, state, value }) => [group, state, value])).to.eql([
      [{ agent: 'coder' }, 'ALERT', '12'],
      [{ agent: 'bot' }, 'OK', '0.5'],
    ]);
    expect(await one('held back')).to.deep.include({ state: 'PAUSED', groups: [] });
    const metrics = (await send({ url: `${running.url}/metrics` })).text;
    expect(metrics).to.include('gateway_alerts_state{alert="hourly spend"} 3');
    expect(metrics).to.include('gateway_alerts_state{alert="held back"} -1');
    expect(metrics).to.include('gateway_alerts_changes_total{alert="hourly spend",state="ALERT"} 1');
  });

  it('lists what changed, the newest first, of one alert or all, and says what it cannot read', async () => {
    const { json } = await call('GET', '/api/v1/alerts/history?name=hourly%20spend&limit=1');
    expect(json.history).to.have.lengthOf(1);
    expect(json.history[0]).to.deep.include({
      alert: 'hourly spend',
      group: { agent: 'coder' },
      from: 'OK',
      to: 'ALERT',
      value: '12',
      threshold: '10',
      told: true,
    });
    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['limit=501', 'limit'],
      ['name=a&name=b', 'name'],
      ['nme=a', 'nme'],
    ]) {
      const { status, json } = await call('GET', `/api/v1/alerts/history?${query}`);
      expect([status, json.error.code, json.error.field], query).to.eql([400, 'invalid_parameter', field]);
    }
    expect((await call('GET', '/api/v1/alerts?x=1')).status).to.equal(400);
  });

  it('lets somebody acknowledge a group, or all that is bad, until it is well', async () => {
    expect(
      (await act('hourly spend', 'acknowledge', { as: 'boss', body: { group: { agent: 'coder' } } })).status,
    ).to.equal(204);
    const acknowledged = async () =>
      (await one('hourly spend')).groups.map(({ acknowledged: mark }) => mark?.by ?? null);
    expect(await acknowledged()).to.eql(['boss', null]);
    const well = await act('hourly spend', 'acknowledge', { body: { group: { agent: 'bot' } } });
    expect([well.status, well.json.error.code]).to.eql([409, 'nothing_to_acknowledge']);
    for (const body of [{ group: 'coder' }, { grp: {} }, { group: { agent: 1 } }, []]) {
      const { status, json } = await act('hourly spend', 'acknowledge', { body });
      expect([status, json.error.code], JSON.stringify(body)).to.eql([400, 'invalid_parameter']);
    }
    const none = await act('no such', 'acknowledge');
    expect([none.status, none.json.error.code]).to.eql([404, 'not_found']);
    const [entry] = await running.gateway.store.audit.list({ action: 'alert.' });
    expect(entry).to.deep.include({
      who: 'boss',
      action: 'alert.acknowledged',
      subject: 'alert hourly spend',
      agent: 'coder',
    });
  });

  it('pauses and resumes, but not what gateway.yaml pauses', async () => {
    expect((await act('by tenant', 'pause', { as: 'boss' })).status).to.equal(204);
    expect(await one('by tenant')).to.deep.include({ state: 'PAUSED' });
    expect((await one('by tenant')).paused).to.deep.include({ by: 'boss', in_file: false });
    expect((await act('by tenant', 'resume')).status).to.equal(204);
    expect(await one('by tenant')).to.include({ state: 'ALERT', paused: null });
    for (const what of ['pause', 'resume']) {
      const { status, json } = await act('held back', what);
      expect([status, json.error.code]).to.eql([409, 'paused_in_file']);
    }
  });

  it('tests its channels with a notice that says so', async () => {
    notices = [];
    expect((await act('hourly spend', 'test')).status).to.equal(204);
    expect(notices).to.have.lengthOf(1);
    expect(notices[0]).to.include({ event: 'alert.test', severity: 'critical', resolves: false });
    expect(notices[0]!.key).to.equal('alert hourly spend (test)');
    expect((await one('hourly spend')).state).to.equal('ALERT');
  });

  it('shows the key of a tenant its own alone, and lets it act on no more', async () => {
    expect((await shown('acme')).map(({ name, groups }) => [name, groups.map(({ group }) => group)])).to.eql([
      ['by tenant', [{ tenant: 'acme' }]],
      ['of acme', [null]],
    ]);
    expect(await shown('other')).to.eql([]);
    const history = async (as: string) =>
      (await call('GET', '/api/v1/alerts/history', { as })).json.history.map(({ alert }: { alert: string }) => alert);
    expect(await history('acme')).to.have.members(['by tenant', 'of acme']);
    expect(await history('other')).to.eql([]);
    const statuses = async (as: string, name: string) =>
      Promise.all(
        ['acknowledge', 'pause', 'resume', 'test'].map(async (what) => (await act(name, what, { as })).status),
      );
    expect(await statuses('acme', 'hourly spend')).to.eql([404, 404, 404, 404]);
    expect(await statuses('acme', 'by tenant')).to.eql([204, 403, 403, 403]);
    expect(await statuses('acme', 'of acme')).to.eql([204, 204, 204, 204]);
    expect(await statuses('other', 'of acme')).to.eql([404, 404, 404, 404]);
    expect((await send({ url: `${running.gateway.ports.all[1]!.url}/api/v1/alerts` })).status).to.equal(401);
  });

  it('goes on as it was when the configuration changes, and ends what is gone', async () => {
    notices = [];
    await running.save(yaml(RULES.replace(/.*by tenant.*\n/, '').replace('above: 10,', 'above: 11,')));
    await until('the rule that is gone is over', () => notices.length > 0);
    expect(notices.map(({ event, key }) => [event, key])).to.eql([['alert.resolved', 'alert by tenant / tenant acme']]);
    await until('it is looked at by the new threshold', async () => {
      const alert = (await one('hourly spend')) as Shown & { threshold: string; checked_at: string | null };
      return alert.threshold === '11' && alert.state === 'ALERT' && alert.checked_at !== null;
    });
    await until('the tick after', () => running.lines.length > 0);
    expect(notices).to.have.lengthOf(1);
    expect((await one('hourly spend')).groups[0]!.acknowledged).to.deep.include({ by: 'boss' });
  });
});
