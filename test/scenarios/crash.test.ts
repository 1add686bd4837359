/** The gateway as a process: killed, stopped, crowded out, and what is left afterwards. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

import type { ExchangeRecord } from '../../src/pipeline/record.ts';
import { exec, type SqliteHandle, sqliteDriver } from '../../src/store/driver.ts';
import { Store } from '../../src/store/store.ts';
import { listeningLog } from '../store/records.ts';
import { type ChildGateway, run, startChild } from '../support/child-gateway.ts';
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
  /** Runs a start that fails; what it said. */
  async function fail(text: string) {
    await writeFile(file, text);
    const ended = await run([...words, file]);
    expect(ended.code).to.equal(1);
    expect(ended.stdout).to.equal('');
    expect(ended.stderr).to.not.match(/\n {4}at |node:internal/);
    return ended.stderr.trimEnd();
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
    expect(row?.outcome).to.not.equal('ok');
  });

  it('ends at once when it is asked a second time, and is no prisoner of an idle connection', async () => {
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

  it('says in one line that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const said = await fail(yaml(`listen: [{ port: ${port} }]\n`));
    expect(said).to.match(new RegExp(`^port ${port} on 127.0.0.1 is in use[^\\n]*$`));
    other.close();
  });

  it('says what is wrong with its configuration, shortly, and ends', async () => {
    const said = await fail(yaml('plugns: []\nlog: { level: loud }\n'));
    expect(said.split('\n').length).to.be.at.most(15);
    expect(said)
      .to.match(/gateway\.yaml:\d+:\d+ plugns is not known; did you mean plugins\?/)
      .and.to.contain('log.level');
    await rm(file);
    expect((await run([...words, file])).stderr).to.equal('gateway.yaml: is not there\n');
  });

  it('refuses a database that it cannot use, by name, and leaves it as it is', async () => {
    expect(await fail(yaml('database: sqlite:/proc/token-spy.db\n'))).to.match(/^[^\n]*\/proc\/token-spy\.db[^\n]*$/);
    const garbage = Buffer.alloc(8192, 'not a database ');
    await writeFile(join(folder, 'broken.db'), garbage);
    expect(await fail(yaml('database: sqlite:broken.db\n'))).to.match(/^[^\n]*broken\.db[^\n]*$/);
    expect((await readFile(join(folder, 'broken.db'))).equals(garbage)).to.equal(true);
  });

  it('refuses a data folder that another gateway has, by name', async () => {
    const { child } = await start();
    const said = await fail(yaml());
    expect(said).to.match(/^[^\n]*data[^\n]* is in use by another Token Spy \(process \d+\)[^\n]*$/);
    expect(said).to.contain(String(child.pid));
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

  it('checks a configuration without starting anything', async () => {
    await writeFile(file, yaml());
    const good = await run(['check', '--config', file]);
    expect(good).to.include({ code: 0, stderr: '' });
    expect(good.stdout).to.match(/gateway\.yaml is good: 4 plugins, version [0-9a-f]{12}\n$/);
    expect(existsSync(join(folder, 'data'))).to.equal(false);
    await writeFile(file, yaml('routes: [{ provider: nobody }]\n'));
    const bad = await run(['check', '--config', file]);
    expect(bad.code).to.equal(1);
    expect(bad.stderr).to.match(/^gateway\.yaml:\d+:\d+ routes\[0\]\.provider "nobody" is no provider/);
  });

  it('says what it can do, and what it cannot', async () => {
    const [help, version, ...odd] = await Promise.all(
      [['help'], ['version'], ['dance'], ['start', '--colour']].map((line) => run(line)),
    );
    expect(help!.stdout).to.contain('token-spy [command]');
    expect(version!.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    for (const { code, stderr } of odd) {
      expect(code).to.equal(1);
      expect(stderr).to.contain('token-spy [command]').and.to.not.contain('    at ');
    }
  });

  it('writes a gateway.yaml into an empty folder at its first start, and answers as it is', async () => {
    const [port, stage] = [await freePort(), await freePort()];
    const env = {
      TOKEN_SPY__LISTEN__0__PORT: String(port),
      TOKEN_SPY__PROVIDERS__SIMULATED__BASE_URL: `http://127.0.0.1:${stage}`,
      TOKEN_SPY__PLUGINS__4__PORT: String(stage),
    };
    const started = await startChild([], { cwd: folder, env });
    children.push(started);
    expect(started.stdout).to.contain('Wrote gateway.yaml');
    expect(started.url).to.equal(`http://127.0.0.1:${port}`);
    const body = { model: 'simulated', messages: [{ role: 'user', content: 'Hello.' }] };
    const answer = await send({ url: `${started.url}/v1/chat/completions`, body });
    expect(JSON.parse(answer.text)).to.have.nested.property('choices[0].message.content').that.is.a('string');
    started.child.kill('SIGINT');
    expect((await started.ended).code).to.equal(0);
    expect((await readFile(file, 'utf8')).startsWith('# yaml-language-server')).to.equal(true);
    expect((await stat(join(folder, 'data'))).mode & 0o077).to.equal(0);
    const [row] = [...(await rows()).values()];
    expect(row).to.include({ provider: 'simulated', outcome: 'ok' });
    expect(Number(row!.cost_usd)).to.be.above(0);
  });
});
