/** Budgets after thousands of lives: whatever became of each, what was spent is what the rows say, and nothing is held. */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';

import { sqliteDriver } from '../../src/store/driver.ts';
import { send } from '../support/client.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, type Script, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** `LIVES=10000` for the long run. */
const LIVES = Number(process.env.LIVES ?? 800);
const AT_ONCE = 24;
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const AGENTS = ['ada', 'bob', 'cyd'];
const LIMIT = 0.15;

const usage = (tokens: number) => ({ prompt_tokens: 20, completion_tokens: tokens, total_tokens: 20 + tokens });
const whole = (tokens: number) => ({
  id: 'c',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'word' }, finish_reason: 'stop' }],
  usage: usage(tokens),
});
const event = (content: string) => ({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta: { content } }] });
const events = (tokens: number) => sse([event('one'), event('two'), { choices: [], usage: usage(tokens) }, '[DONE]']);

/** What the provider does with a request, by the word in its header. */
const FATES: Readonly<Record<string, (tokens: number) => Script>> = {
  whole: (tokens) => json(whole(tokens)),
  streamed: (tokens) => stream(events(tokens)),
  slow: (tokens) => ({ ...json(whole(tokens)), delay: 20 }),
  error: () => json({ error: { message: 'no' } }, { status: 500 }),
  busy: () => json({ error: { message: 'busy' } }, { status: 429 }),
  reset: () => ({ raw: '', end: 'reset' }),
  cut: (tokens) => ({ ...stream(events(tokens).slice(0, 2)), end: 'reset' }),
  silent: () => json({ id: 'c', model: 'gpt-4o', choices: [] }),
  unpriced: () => json({ ...whole(5), model: 'nobody-knows-it' }),
};

describe('budgets after many lives', () => {
  let upstream: Upstream;
  let running: TestGateway;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let state = SEED;

  /** A number below `most`, the same for the same seed. */
  function draw(most: number): number {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * most);
  }

  const yaml = (limit: number): string => `
providers: { openai: { base_url: "${upstream.url}" } }
budgets:
  - { name: each, per: agent, limit_usd: ${limit}, period: day, action: reject, on_unpriced: { reserve_usd: 0.001 } }
  - { name: all, limit_usd: ${limit * 2}, period: month, action: reject, on_unpriced: allow }
  - { name: tokens, scope: { agent: ada }, limit_tokens: 100000, period: total, action: warn }
plugins: [history, identity, prediction, budgets, include-usage, usage]
`;

  before(async () => {
    upstream = await startUpstream();
    upstream.always(({ headers }) => {
      const [fate, tokens] = String(headers['x-fate']).split(' ');
      return FATES[fate!]!(Number(tokens));
    });
    running = await startGateway(yaml(LIMIT));
  });
  after(async () => {
    agent.destroy();
    await running.close();
    await upstream.close();
  });

  async function live(): Promise<number> {
    const fates = Object.keys(FATES);
    const fate = fates[draw(fates.length)]!;
    const isStream = fate === 'streamed' || fate === 'cut';
    const body = JSON.stringify({
      model: draw(12) === 0 ? 'no-price-for-this' : 'gpt-4o',
      stream: isStream,
      max_tokens: 1 + draw(400),
      messages: [{ role: 'user', content: 'Tell me something.' }],
    });
    const leaves = draw(8) === 0 ? draw(15) : null;
    return post(body, `${fate} ${draw(400)}`, AGENTS[draw(AGENTS.length)]!, leaves);
  }

  /** Sends one; leaves after so many milliseconds, if it does. Gives the status, 0 without an answer. */
  function post(body: string, fate: string, name: string, leaves: number | null): Promise<number> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'x-token-spy-agent': name, 'x-fate': fate };
      const req = request(`${running.url}/v1/chat/completions`, { method: 'POST', headers, agent }, (res) => {
        res.resume();
        res.once('close', () => resolve(res.statusCode ?? 0));
      });
      req.once('error', () => resolve(0));
      req.end(body);
      if (leaves !== null) setTimeout(() => req.destroy(), leaves);
    });
  }

  interface Listed {
    accounts: { subject: Record<string, string>; spent: string; held: string; window: { from: string } }[];
  }
  const accounts = async (name: string): Promise<Listed['accounts']> =>
    (JSON.parse((await send({ url: `${running.url}/api/v1/budgets/${name}/accounts` })).text) as Listed).accounts;

  /** What the rows say, in pico-dollars. */
  async function sum(from: string, name: string | undefined): Promise<bigint> {
    const { Database } = await sqliteDriver();
    const file = new Database(join(running.folder, 'data', 'token-spy.db'), () => {}) as unknown as Reader;
    const sql = `select json_object('cost', cast(cost_pico as text), 'broken', usage_status = 'partial', 'detail', json(detail)) as row from exchanges
      where time_ms >= ? and agent = coalesce(?, agent)`;
    const rows = await new Promise<{ row: string }[]>((resolve, reject) =>
      file.all(sql, [Date.parse(from), name ?? null], (error, found) => (error ? reject(error) : resolve(found))),
    );
    await new Promise((done) => file.close(done));
    return rows.reduce((total, { row }) => total + chargeOf(JSON.parse(row) as Stored), 0n);
  }

  it(`have spent what the rows say, and hold nothing (seed ${SEED})`, async function () {
    this.timeout(30_000 + LIVES * 20);
    const seen = new Map<number, number>();
    let left = LIVES;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) {
          if (left % 200 === 150) await running.save(yaml(LIMIT + draw(10) / 100));
          if (left % 270 === 90) {
            const url = `${running.url}/api/v1/budgets/each/reset`;
            expect(
              (await send({ url, method: 'POST', body: { subject: { agent: AGENTS[draw(3)]! } } })).status,
            ).to.equal(200);
          }
          const status = await live();
          seen.set(status, (seen.get(status) ?? 0) + 1);
        }
      }),
    );
    for (const status of [200, 402, 429, 500, 502, 0])
      expect(seen.get(status) ?? 0, `status ${status}`).to.be.greaterThan(0);
    await until('nothing is held', async () => {
      const all = [...(await accounts('each')), ...(await accounts('all')), ...(await accounts('tokens'))];
      return all.every(({ held }) => held === '0');
    });
    await running.gateway.store.flush();
    for (const name of ['each', 'all']) {
      for (const { subject, spent, window } of await accounts(name)) {
        expect(pico(spent), `${name} ${subject.agent ?? ''}`).to.equal(await sum(window.from, subject.agent));
      }
    }
  });
});

const pico = (dollars: string): bigint => {
  const [units = '0', fraction = ''] = dollars.split('.');
  return BigInt(units + fraction.padEnd(12, '0').slice(0, 12));
};

interface Reader {
  all(sql: string, binds: unknown[], done: (error: Error | null, rows: { row: string }[]) => void): void;
  close(done: (error: Error | null) => void): void;
}

interface Stored {
  cost: string | null;
  /** It broke off before the provider's last word. */
  broken: 0 | 1;
  detail: { estimate?: { cost_usd: string | null }; reserved_usd?: string };
}

/** What budgets count for a row: its cost, else what was estimated, else what was set aside. */
function chargeOf({ cost, broken, detail: { estimate, reserved_usd: reserved } }: Stored): bigint {
  const counted = estimate?.cost_usd ?? null;
  if (broken === 1 && counted !== null) return pico(counted);
  return cost === null ? pico(counted ?? reserved ?? '0') : BigInt(cost);
}
