/** The gateway as a process: killed, stopped, crowded out, and what is left afterwards. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { exec, type SqliteHandle, sqliteDriver } from '../../src/store/driver.ts';
import { Store } from '../../src/store/store.ts';
import { listeningLog } from '../store/records.ts';
import { type ChildGateway, startChild } from '../support/child-gateway.ts';
import { open, send } from '../support/client.ts';
import { freePort } from '../support/free-port.ts';
import { PIPELINE } from '../support/gateway.ts';
import { json, sse, stream } from '../support/script.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const MODEL = 'gpt-4o-mini';
const ANSWER = {
  id: 'c',
  model: MODEL,
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 10 },
};
const event = (content: string) => ({ id: 'c', model: MODEL, choices: [{ index: 0, delta: { content } }] });
/** What a row may still be on its way for, after its exchange ended, when the process is killed: milliseconds. */
const GRACE = 250;

describe('the gateway as a process', () => {
  let folder: string;
  let file: string;
  let upstream: Upstream;
  let children: ChildGateway[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-crash-'));
    file = join(folder, 'gateway.yaml');
    children = [];
    upstream = await startUpstream();
    upstream.always(json(ANSWER));
  });
  afterEach(async () => {
    for (const { child, ended } of children) {
      child.kill('SIGKILL');
      await ended;
    }
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });

  const yaml = (more = ''): string =>
    `${/^listen:/m.test(more) ? '' : 'listen: [{ port: 0 }]\n'}providers: { openai: { base_url: "${upstream.url}" } }\n${/^plugins:/m.test(more) ? '' : PIPELINE}${more}`;
  const words = ['start', '--config'];

  async function start(more = '', running: Parameters<typeof startChild>[1] = {}): Promise<ChildGateway> {
    await writeFile(file, yaml(more));
    const started = await startChild([...words, file], running);
    children.push(started);
    return started;
  }
  const ask = (url: string) => send({ url: `${url}/v1/chat/completions`, body: { model: MODEL, messages: [] } });
  const openStream = (url: string) =>
    open({ url: `${url}/v1/chat/completions`, body: { model: MODEL, messages: [], stream: true } });

  /** Looks at the rows once no gateway has them any more. */
  async function rows(): Promise<Map<string, ExchangeRecord>> {
    const database = `sqlite:${join(folder, 'data', 'token-spy.db')}`;
    const store = await Store.open({ database, folder: join(folder, 'data'), log: listeningLog() });
    try {
      await store.flush();
      const found = new Map<string, ExchangeRecord>();
      let cursor: string | null | undefined;
      do {
        const page = await store.queries.list({ limit: 500, ...(cursor ? { cursor } : {}) });
        for (const { id } of page.entries) {
          expect(found.has(id), 'a row twice').to.equal(false);
          found.set(id, (await store.queries.byId(id))!);
        }
        cursor = page.next;
      } while (cursor);
      return found;
    } finally {
      await store.close();
    }
  }

  it('loses no exchange that ended 250 ms before kill -9, and doubles none', async () => {
    const ended = new Map<string, number>();
    const asked = { count: 0 };
    for (let life = 0; life < 2; life++) {
      const { url, child, ended: died } = await start();
      let going = true;
      const loops = Array.from({ length: 16 }, async () => {
        while (going) {
          asked.count++;
          const { status, headers } = await ask(url);
          if (status === 200) ended.set(String(headers['x-token-spy-id']), performance.now());
        }
      });
      const before = ended.size;
      await until('some hundred have ended', () => ended.size - before > 300);
      child.kill('SIGKILL');
      const { at } = await died;
      going = false;
      await Promise.all(loops);
      for (const [id, time] of ended) if (time > at - GRACE) ended.delete(id);
    }
    const found = await rows();
    expect([...ended.keys()].filter((id) => !found.has(id))).to.eql([]);
    expect(ended.size).to.be.above(100);
    expect(found.size).to.be.at.most(asked.count);
    expect([...found.values()].every(({ cost_usd }) => cost_usd === '0.000156')).to.equal(true);
  });

  it('finishes open streams when it is asked to stop, keeps their rows, and takes nothing new', async () => {
    upstream.always(stream([...sse([event('first')]), { wait: 'release' }, ...sse([event('last'), '[DONE]'])]));
    const { url, child, ended } = await start();
    const call = openStream(url);
    await call.saw('first');
    child.kill('SIGTERM');
    await until(
      'nothing new is taken',
      async () => (await send({ url: `${url}/healthz` })).errorCode === 'ECONNREFUSED',
    );
    upstream.release();
    const answer = await call.done;
    const finished = performance.now();
    expect(answer).to.include({ broken: false });
    expect(answer.text).to.contain('[DONE]');
    const { code, at } = await ended;
    expect(code).to.equal(0);
    expect(at - finished).to.be.below(2000);
    expect([...(await rows()).values()].map(({ outcome }) => outcome)).to.eql(['ok']);
  });

  it('cuts an endless stream at the drain limit, visibly, and keeps its row', async () => {
    upstream.always(stream([{ repeat: sse([event('more')])[0]!, times: 100_000, every: 20 }]));
    const { url, child, ended } = await start('limits: { drain: 300ms }\n');
    const call = openStream(url);
    await call.saw('more');
    child.kill('SIGTERM');
    expect(await call.done).to.include({ broken: true });
    const { code, stdout } = await ended;
    expect(code).to.equal(0);
    expect(stdout).to.contain('drain limit');
    const [row] = [...(await rows()).values()];
    expect(row?.outcome).to.equal('truncated');
    expect(row?.error?.code).to.equal('gateway_stopping');
  });

  it('ends at once when it is asked a second time', async () => {
    upstream.always(stream([...sse([event('first')]), { wait: 'release' }]));
    const { url, child, ended } = await start();
    const call = openStream(url);
    await call.saw('first');
    child.kill('SIGTERM');
    await until('it stops', async () => (await send({ url: `${url}/healthz` })).errorCode === 'ECONNREFUSED');
    const asked = performance.now();
    child.kill('SIGTERM');
    const { code, at } = await ended;
    expect(code).to.equal(1);
    expect(at - asked).to.be.below(1000);
  });

  it('goes on when nobody reads its log any more', async () => {
    const port = await freePort();
    const noisy = `export default { summary: 'Talks.', setup: ({ log }) => ({ onRequest() { log.info('x'.repeat(2000), { a: 'y'.repeat(2000) }); } }) };`;
    await mkdir(join(folder, 'plugins'));
    await writeFile(join(folder, 'plugins', 'noisy.js'), noisy);
    const talking = `listen: [{ port: ${port} }]\nplugins: [history, identity, noisy]\n`;
    const url = `http://127.0.0.1:${port}`;
    for (const closed of [false, true]) {
      const { child, ended } = await start(talking, { unread: true });
      await until('it serves', async () => (await send({ url: `${url}/healthz` })).status === 200);
      if (closed) child.stdout!.destroy();
      for (let i = 0; i < 100; i++) expect((await ask(url)).status).to.equal(200);
      child.kill('SIGTERM');
      expect((await ended).code, closed ? 'closed' : 'unread').to.equal(0);
    }
    expect((await rows()).size).to.equal(200);
  });

  it('serves while another process has the database locked; the rows arrive afterwards', async () => {
    const { url, child, ended } = await start();
    await ask(url);
    const { Database } = await sqliteDriver();
    const database = join(folder, 'data', 'token-spy.db');
    const handle = await new Promise<SqliteHandle>((resolve, reject) => {
      const opened: SqliteHandle = new Database(database, (error) => (error ? reject(error) : resolve(opened)));
    });
    await exec(handle, 'pragma busy_timeout=5000; begin exclusive;');
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url)));
    expect(answers.every(({ status, endAt }) => status === 200 && endAt < 1500)).to.equal(true);
    const health = async () => JSON.parse((await send({ url: `${url}/health` })).text);
    await until('the outage shows', async () => (await health()).status === 'degraded', 6000);
    expect((await ask(url)).status).to.equal(200);
    await exec(handle, 'rollback;');
    await new Promise<void>((done) => handle.close(() => done()));
    await until('it is over', async () => (await health()).database.waiting === 0);
    child.kill('SIGTERM');
    expect((await ended).code).to.equal(0);
    expect((await rows()).size).to.equal(22);
  });
});
