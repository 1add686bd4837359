/** Limits that change while requests are under way, and periods that end. */
import { expect } from 'chai';

import { answer, answerTo, type BudgetStage, EACH, startBudgets, times } from '../support/budgets.ts';
import { type Answer, send } from '../support/client.ts';
import { until } from '../support/until.ts';

const HOUR = 3_600_000;
const limit = (calls: number): string =>
  `- { name: one, scope: { agent: "one*" }, per: agent, limit_usd: ${times(calls)}, period: day }`;

describe('a budget that changes', () => {
  let stage: BudgetStage;

  before(async () => {
    stage = await startBudgets(limit(2));
  });
  after(() => stage.close());

  const statuses = async (agent: string, calls: number): Promise<number[]> => {
    const found: number[] = [];
    for (let i = 0; i < calls; i++) found.push((await stage.ask(agent)).status);
    return found;
  };
  const api = (method: string, path: string, body?: object) =>
    send({ url: `${stage.running.url}/api/v1/budgets${path}`, method, ...(body && { body }) });

  it('holds for the next request when it is raised or lowered, with others under way', async () => {
    stage.upstream.always((received) => ({ ...answerTo(received), delay: 'release' }));
    const first: Promise<Answer>[] = [stage.ask('one'), stage.ask('one')];
    await until('two are under way', () => stage.upstream.received.length === 2);
    expect((await stage.ask('one')).status).to.equal(402);
    await stage.reload(limit(3));
    first.push(stage.ask('one'));
    await until('three are under way', () => stage.upstream.received.length === 3);
    expect((await stage.ask('one')).status).to.equal(402);
    stage.upstream.always(answerTo);
    for (let i = 0; i < 3; i++) stage.upstream.release();
    expect((await Promise.all(first)).map(({ status }) => status)).to.eql([200, 200, 200]);
    await stage.quiet('one');
    expect((await stage.accounts('one')).one).to.deep.include({ spent: times(3), remaining: '0' });
    await stage.reload(limit(4));
    expect(await statuses('one', 2)).to.eql([200, 402]);
    await stage.reload(limit(2));
    expect((await stage.accounts('one')).one!.remaining).to.equal(`-${times(2)}`);
    const { headers } = await stage.ask('one');
    expect(headers['x-tokencap-budget-remaining']).to.equal('0.000000');
  });

  it('holds for the next request when it is set, changed, reset and deleted by API', async () => {
    const body = { name: 'two', scope: { agent: 'two' }, limit_usd: times(1), period: 'day' };
    expect((await api('POST', '', body)).status).to.equal(201);
    expect(await statuses('two', 2)).to.eql([200, 402]);
    expect((await api('PATCH', '/two', { limit_usd: times(2) })).status).to.equal(200);
    expect(await statuses('two', 2)).to.eql([200, 402]);
    expect((await api('POST', '/two/reset', {})).status).to.equal(200);
    expect(await statuses('two', 3)).to.eql([200, 200, 402]);
    expect((await api('DELETE', '/two')).status).to.equal(200);
    expect(await statuses('two', 2)).to.eql([200, 200]);
  });

  it('counts a request from before a reset before it, and gives its hold back', async () => {
    const agent = 'one-reset';
    stage.upstream.next({ ...answer(), delay: 'release' });
    const before = stage.upstream.received.length;
    const early = stage.ask(agent);
    await until('it is under way', () => stage.upstream.received.length > before);
    expect((await api('POST', '/one/reset', { subject: { agent } })).status).to.equal(200);
    expect(await statuses(agent, 3)).to.eql([200, 200, 402]);
    stage.upstream.release();
    await early;
    await stage.quiet('one');
    const account = (await stage.accounts('one'))[agent]!;
    expect([account.spent, account.held]).to.eql([times(2), '0']);
  });

  it('begins anew with its period, and holds on', async () => {
    const ends = Date.now() + 1200;
    const starts = new Date(ends - HOUR).toISOString();
    await stage.reload(
      `- { name: hour, scope: { agent: hour }, limit_usd: ${times(2)}, period: 1h, starts: "${starts}" }`,
    );
    expect(await statuses('hour', 3)).to.eql([200, 200, 402]);
    await until('the hour is over', () => Date.now() > ends);
    expect(await statuses('hour', 3)).to.eql([200, 200, 402]);
    await stage.quiet('hour');
    const [account] = Object.values(await stage.accounts('hour'));
    expect(Number(account!.spent)).to.be.closeTo(2 * EACH, 1e-9);
  });

  it('is refused as a whole where one is wrong or named twice, and those before it hold', async () => {
    const { version } = stage.running.gateway.current.blueprint;
    const entries = [
      '{ name: x, limit_usd: 1, period: day }',
      '{ name: x, limit_usd: 2, period: day }',
      '{ name: y, limit_usd: 2, period: day, starts: never }',
    ];
    await stage.running.save(
      `budgets: [${entries.join(', ')}]\nplugins: [history, identity, prediction, budgets, usage]\n`,
    );
    const told = (): string => stage.running.lines.map(({ problems }) => String(problems ?? '')).join('\n');
    await until('it is refused', () => told().includes('plugin budgets: '));
    expect(told()).to.include('budgets[1].name is the same as that of budgets[0]: x');
    expect(told()).to.include('budgets[2].starts must be a day such as 2026-11-01');
    expect(stage.running.gateway.current.blueprint.version).to.equal(version);
  });
});
