/** Hundreds of requests at once into room for ten: as many pass as there is room for, whatever the budget tells apart. */
import { Agent, request } from 'node:http';
import { expect } from 'chai';

import { answerTo, type BudgetStage, HELLO, startBudgets, times, wishesOf } from '../support/budgets.ts';

const ROOM = 10;
const CROWD = 500;
const PART = 100;
const KEYS = `
keys:
  - { name: crowd-key, key: "tsk-crowd-key-0123456789" }
  - { name: other-key, key: "tsk-other-key-0123456789" }
`;
const BUDGETS = `
- { name: plain, scope: { agent: plain }, limit_usd: ${times(ROOM)}, period: day }
- { name: keys, scope: { key: "*" }, per: key, limit_usd: ${times(ROOM)}, period: day }
- { name: sessions, scope: { session: "crowd-*" }, per: session, limit_usd: ${times(ROOM)}, period: total }
- { name: teams, per: team, limit_usd: ${times(ROOM)}, period: month }
- { name: new agents, scope: { agent: "new-*" }, per: [agent, user], limit_tokens: ${1009 * ROOM}, period: hour }
- { name: requests, scope: { agent: counted }, limit_requests: ${ROOM}, period: hour }
- { name: before, scope: { agent: "*" }, limit_usd: 1000, period: year }
`;

describe('a crowd in front of a budget', () => {
  let stage: BudgetStage;
  const agent = new Agent({ keepAlive: true, maxSockets: CROWD });

  before(async () => {
    stage = await startBudgets(BUDGETS, '', KEYS);
    // Slow enough that all of them are there before the first one ends.
    stage.upstream.always((received) => ({ ...answerTo(received), delay: 30 }));
  });
  after(async () => {
    agent.destroy();
    await stage.close();
  });

  function ask(headers: Record<string, string>, more: object = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      const req = request(`${stage.running.url}/v1/chat/completions`, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', ...wishesOf(more), ...headers },
      });
      req.once('response', (res) => res.resume().once('end', () => resolve(res.statusCode ?? 0)));
      req.once('error', reject);
      req.end(JSON.stringify({ ...HELLO, ...more }));
    });
  }

  async function storm(size: number, headers: Record<string, string>, more: object = {}): Promise<void> {
    const answers = await Promise.all(Array.from({ length: size }, () => ask(headers, more)));
    const passed = answers.filter((status) => status === 200).length;
    expect(answers.filter((status) => status === 402).length).to.equal(size - passed);
    expect(passed, JSON.stringify(headers)).to.be.within(ROOM - 1, ROOM);
  }

  it('passes as far as there is room, and its tenth part is not kept out for nothing', async () => {
    stage.reached();
    await storm(CROWD, { 'x-token-spy-agent': 'plain' });
    expect(stage.reached()).to.be.within(ROOM - 1, ROOM);
  });

  it('passes so for each key, session, tag and name that was never seen before, as streams too', async () => {
    stage.reached();
    const groups: [Record<string, string>, object?][] = [
      [{ 'x-token-spy-key': 'tsk-crowd-key-0123456789' }],
      [{ 'x-token-spy-session': 'crowd-session' }],
      [{ 'x-token-spy-tags': 'team=search' }, { stream: true }],
      [{ 'x-token-spy-agent': 'new-one', 'x-token-spy-user': 'ada' }],
      [{ 'x-token-spy-agent': 'counted' }],
    ];
    await Promise.all(groups.map(([headers, more]) => storm(PART, headers, more)));
    expect(stage.reached()).to.be.within((ROOM - 1) * groups.length, ROOM * groups.length);
    expect(await ask({ 'x-token-spy-key': 'tsk-other-key-0123456789' })).to.equal(200);
  });

  it('leaves nothing held, and has spent what was let through', async () => {
    for (const name of ['plain', 'keys', 'sessions', 'teams', 'new agents', 'requests', 'before']) {
      await stage.quiet(name);
      for (const { spent, limit } of Object.values(await stage.accounts(name)))
        expect(Number(spent), name).to.be.at.most(Number(limit));
    }
    expect((await stage.accounts('teams')).search!.spent).to.be.oneOf([times(ROOM), times(ROOM - 1)]);
  });
});
