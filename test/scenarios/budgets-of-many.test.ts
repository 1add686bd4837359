/** One budget, several processes: what a crowd may spend together, and what a crash leaves behind. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import { type ChildGateway, startChild } from '../support/child-gateway.ts';
import { type Answer, open, send } from '../support/client.ts';
import { postgres, type TestDatabase } from '../support/postgres.ts';
import { json } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const NODES = 4;
const CROWD = 500;
const ROOM = 10;
const OUTPUT = 1000;
/** What one call costs at 2.50 and 10 dollars per million: 9 tokens in, 1,000 out. */
const EACH = 0.0100225;
const BODY = { model: 'gpt-4o', max_tokens: OUTPUT, messages: [{ role: 'user', content: 'Hello!' }] };
const ANSWER = {
  id: 'c',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 9, completion_tokens: OUTPUT },
};

interface Account {
  spent: string;
  held: string;
}

describe('a budget of several processes', () => {
  let folder: string;
  let upstream: Upstream;
  let database: TestDatabase;
  let nodes: ChildGateway[] = [];

  before(async function () {
    this.timeout(60_000);
    const made = await postgres();
    if ('missing' in made) {
      console.log(`      skipped: ${made.missing}`);
      return this.skip();
    }
    database = made;
    upstream = await startUpstream();
    folder = await mkdtemp(join(tmpdir(), 'token-spy-budgets-'));
    nodes = await Promise.all(Array.from({ length: NODES }, (_, i) => startNode(i)));
  });
  after(async () => {
    for (const { child, ended } of nodes) {
      child.kill('SIGKILL');
      await ended;
    }
    await upstream?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function startNode(i: number): Promise<ChildGateway> {
    const home = join(folder, `node${i}`);
    await mkdir(home, { recursive: true });
    const file = join(home, 'gateway.yaml');
    await writeFile(
      file,
      `listen: [{ port: 0 }]
database: ${database.url}
providers: { openai: { base_url: "${upstream.url}" } }
budgets:
  - { name: crowd, scope: { agent: "crowd*" }, per: agent, limit_usd: ${(EACH * ROOM).toFixed(7)}, period: day, action: reject }
plugins: [history, identity, prediction, budgets, include-usage, usage]
`,
    );
    return startChild(['start', '--config', file]);
  }

  const ask = (node: number, agent: string): Promise<Answer> =>
    send({ url: `${nodes[node]!.url}/v1/chat/completions`, headers: { 'x-token-spy-agent': agent }, body: BODY });

  /** What a node says of an agent's account. */
  async function account(node: number, agent: string): Promise<Account | undefined> {
    const { text } = await send({ url: `${nodes[node]!.url}/api/v1/budgets/crowd/accounts` });
    const { accounts } = JSON.parse(text) as { accounts: (Account & { subject: Record<string, string> })[] };
    return accounts.find(({ subject }) => subject.agent === agent);
  }

  const sumOfRows = async (agent: string): Promise<string> => {
    const sql = `select coalesce(sum(charged_pico), 0)::text as sum from exchanges where agent = '${agent}'`;
    return String((await database.query(sql))[0]!.sum);
  };

  it('lets as many through as it has room for, however many ask at once', async () => {
    upstream.always({ ...json(ANSWER), delay: 50 });
    const answers = await Promise.all(Array.from({ length: CROWD }, (_, i) => ask(i % NODES, 'crowd')));
    const served = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status === 402).length;
    expect(served + refused).to.equal(CROWD);
    expect(upstream.received.length).to.equal(served);
    expect(served).to.be.within(ROOM - 1, ROOM);
    await until('all is settled', async () => {
      const states = await Promise.all(nodes.map((_, i) => account(i, 'crowd')));
      return states.every((state) => state?.held === '0' && Number(state.spent) > EACH * (served - 0.5));
    });
    expect(await sumOfRows('crowd')).to.equal(String(Math.round(EACH * 1e7) * 100_000 * served));
    expect((await account(0, 'crowd'))!.spent).to.equal((EACH * served).toFixed(7).replace(/0+$/, ''));
  });

  it('counts what another process has spent before the next request', async () => {
    upstream.always(json(ANSWER));
    for (let i = 0; i < ROOM; i++)
      expect((await ask(i % NODES, 'crowd-in-line')).status, `call ${i + 1}`).to.equal(200);
    expect((await ask(0, 'crowd-in-line')).status).to.equal(402);
  });

  it('gives back what a killed process held, when it is started again', async () => {
    upstream.always({ delay: 'release', ...json(ANSWER) });
    const before = upstream.received.length;
    const calls = Array.from({ length: ROOM }, () =>
      open({
        url: `${nodes[1]!.url}/v1/chat/completions`,
        headers: { 'x-token-spy-agent': 'crowd-crash' },
        body: BODY,
      }),
    );
    await until('they are under way', () => upstream.received.length - before >= ROOM - 1);
    expect((await ask(0, 'crowd-crash')).status).to.equal(402);
    nodes[1]!.child.kill('SIGKILL');
    await Promise.all(calls.map(({ done }) => done));
    const since = performance.now();
    nodes[1] = await startNode(1);
    upstream.always(json(ANSWER));
    await until('there is room again', async () => (await ask(0, 'crowd-crash')).status === 200, 10_000);
    expect(performance.now() - since).to.be.lessThan(10_000);
    await until('nothing is held', async () => (await account(2, 'crowd-crash'))?.held === '0', 10_000);
    expect(await sumOfRows('crowd-crash')).to.equal(String(Math.round(EACH * 1e7) * 100_000));
  });
});
