import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';

import { open, send } from './support/client.ts';
import { freePort } from './support/free-port.ts';
import { PIPELINE, startGateway, type TestGateway } from './support/gateway.ts';
import { json, sse, stream } from './support/script.ts';
import { until } from './support/until.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';

const CHAT = { model: 'gpt-4o-mini', messages: [] };
const first = sse([{ choices: [{ index: 0, delta: { content: 'first' } }] }]);

describe('the gateway', () => {
  let upstream: Upstream;
  let running: TestGateway | null = null;

  beforeEach(async () => {
    upstream = await startUpstream();
    upstream.always(json({ id: 'c', choices: [], usage: { prompt_tokens: 3, completion_tokens: 0 } }));
  });
  afterEach(async () => {
    await running?.close();
    running = null;
    await upstream.close();
  });

  async function start(yaml: string): Promise<TestGateway> {
    running = await startGateway(
      `limits: { drain: 300ms, concurrent: 2 }\nproviders: { openai: { base_url: "${upstream.url}" } }\n${PIPELINE}${yaml}`,
    );
    return running;
  }
  const port = (name: string) => {
    const { url } = running!.gateway.ports.all.find((one) => one.name === name)!;
    return url.replace('0.0.0.0', '127.0.0.1');
  };
  const chat = (url: string, headers: Record<string, string> = {}) =>
    send({ url: `${url}/v1/chat/completions`, headers, body: CHAT });
  const get = (url: string, path: string, headers: Record<string, string> = {}) => send({ url: url + path, headers });

  it('makes itself a key where strangers can reach it, and asks for it everywhere', async () => {
    const { folder, lines } = await start('listen: [{ host: 0.0.0.0, port: 0, name: wide }]\n');
    const file = join(folder, 'data', 'gateway-key');
    const key = (await readFile(file, 'utf8')).trim();
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const told = lines.find(({ msg }) => msg === 'a gateway key was made');
    expect(told).to.include({ file });
    expect(JSON.stringify(lines)).to.not.contain(key);
    const url = port('wide');
    const bearer = { authorization: `Bearer ${key}` };
    expect((await chat(url)).status).to.equal(401);
    expect((await chat(url)).headers['www-authenticate']).to.equal('Bearer');
    expect((await chat(url, { authorization: 'Bearer tspy_wrong' })).status).to.equal(401);
    expect((await chat(`${url}`, bearer)).status).to.equal(200);
    expect((await get(url, `/v1/models?key=${key}`)).status).to.equal(401);
    for (const path of ['/api/v1/requests', '/api/v1/config', '/metrics', '/api/usage']) {
      expect((await get(url, path)).status, path).to.equal(401);
      expect((await get(url, path, bearer)).status, path).to.equal(200);
    }
    expect((await get(url, '/dashboard', { accept: 'text/html' })).headers.location).to.match(/^\/login/);
    const health = JSON.parse((await get(url, '/health')).text);
    expect(health).to.have.property('status', 'ok');
    expect(health).to.not.have.nested.property('config.version');
    expect(upstream.received.every(({ rawHeaders }) => !rawHeaders.join().includes(key))).to.equal(true);
  });

  it('lets strangers use the proxy, and nothing else, on a port of an agent without a key', async () => {
    await start('listen: [{ port: 0, name: home }, { host: 0.0.0.0, port: 0, name: ci, agent: ci, auth: none }]\n');
    const url = port('ci');
    const answer = await chat(url);
    expect(answer.status).to.equal(200);
    expect((await running!.row(String(answer.headers['x-token-spy-id']))).agent).to.equal('ci');
    for (const path of ['/api/v1/requests', '/api/usage', '/metrics', '/dashboard', '/login']) {
      expect((await get(url, path)).status, path).to.be.oneOf([401, 404]);
    }
    expect((await get(port('home'), '/api/v1/requests')).status).to.equal(200);
  });

  it('lets a key for the proxy alone do just that', async () => {
    const keys =
      'keys: [{ name: app, key: key-of-the-application, access: proxy }, { name: ops, key: key-of-the-operators }]';
    await start(`listen: [{ port: 0, name: locked, auth: key }]\n${keys}\n`);
    const url = port('locked');
    const [app, ops] = ['key-of-the-application', 'key-of-the-operators'].map((key) => ({
      authorization: `Bearer ${key}`,
    }));
    expect((await chat(url, app)).status).to.equal(200);
    expect((await get(url, '/api/v1/requests', app)).status).to.equal(401);
    expect((await chat(url, ops)).status).to.equal(200);
    expect((await get(url, '/api/v1/requests', ops)).status).to.equal(200);
  });

  it('refuses what is more than limits.concurrent, says when to come again, and recovers', async () => {
    const { url } = await start('');
    upstream.next(...[1, 2].map(() => stream([...first, { wait: 'release' }, ...sse(['[DONE]'])])));
    const calls = [1, 2].map(() => open({ url: `${url}/v1/chat/completions`, body: { ...CHAT, stream: true } }));
    await Promise.all(calls.map((call) => call.saw('first')));
    const refused = await chat(url);
    expect(refused).to.include({ status: 503 });
    expect(refused.headers['retry-after']).to.equal('1');
    expect(JSON.parse(refused.text)).to.have.nested.property('error.code', 'overloaded');
    expect((await get(url, '/health')).status).to.equal(200);
    upstream.release();
    for (const call of calls) expect((await call.done).broken).to.equal(false);
    expect((await chat(url)).status).to.equal(200);
  });

  it('tells every listener, and what it heard of providers, in its health', async () => {
    await start('listen: [{ port: 0, name: a }, { port: 0, name: b, agent: open-webui }]\n');
    await chat(port('a'));
    const { listeners, upstreams } = JSON.parse((await get(port('a'), '/health')).text);
    expect(listeners.map(({ name, up }: { name: string; up: boolean }) => [name, up])).to.eql([
      ['a', true],
      ['b', true],
    ]);
    expect(upstreams).to.have.length(1);
    expect(upstreams[0]).to.include({ name: 'openai', ok: true, last: 200 });
    expect(JSON.parse((await get(port('b'), '/health')).text).agent).to.equal('open-webui');
  });

  it('counts what it goes through', async () => {
    const { url } = await start('');
    await chat(url);
    const { text } = await get(url, '/metrics');
    expect(text).to.match(/^gateway_exchanges_total\{provider="openai",outcome="ok",status="200"\} 1$/m);
    expect(text)
      .to.match(/^gateway_exchanges_in_flight 0$/m)
      .and.to.match(/^gateway_config_ok 1$/m);
    expect(text)
      .to.match(/^gateway_rows_lost_total 0$/m)
      .and.to.match(/^gateway_log_lines_dropped_total 0$/m);
  });

  it('leaves nothing open when it cannot start', async () => {
    const free = await freePort();
    const busy = new URL(upstream.url).port;
    const failed = await start(`listen: [{ port: ${free} }, { port: ${busy} }]\n`).catch(
      (error: Error) => error.message,
    );
    expect(failed).to.match(new RegExp(`^port ${busy} on 127.0.0.1 is in use`));
    running = null;
    await start(`listen: [{ port: ${free} }]\n`);
    expect(running!.url).to.equal(`http://127.0.0.1:${free}`);
  });

  it('keeps the rows of older configurations when it stops', async () => {
    const { url, save, gateway, folder } = await start('');
    upstream.next(stream([...first, { wait: 'release' }]));
    const call = open({ url: `${url}/v1/chat/completions`, body: { ...CHAT, stream: true } });
    await call.saw('first');
    await save(`providers: { openai: { base_url: "${upstream.url}" } }\nlimits: { drain: 200ms }\n${PIPELINE}`);
    await until('the new one serves', () => gateway.retiring === 1);
    expect(await gateway.stop()).to.equal(false);
    expect((await call.done).broken).to.equal(true);
    expect(gateway.retiring).to.equal(0);
    const again = await startGateway(PIPELINE, { folder });
    const rows = await again.rows(1);
    await again.close();
    expect(rows).to.have.length(1);
    expect(rows[0]!.outcome).to.not.equal('ok');
  });

  it('is no prisoner of idle connections when it stops', async () => {
    const { url, gateway } = await start('');
    const connection = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    const closed = once(connection, 'close');
    connection.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await once(connection, 'data');
    expect(await gateway.stop()).to.equal(true);
    await closed;
  });

  it('ends open feeds when it stops', async () => {
    const { url, gateway } = await start('');
    const feed = open({ url: `${url}/token_events` });
    await feed.head;
    expect(await gateway.stop()).to.equal(true);
    await feed.done;
  });

  it('writes nothing outside its data folder', async () => {
    const { url, folder } = await start('');
    await chat(url);
    await running!.rows(1);
    expect((await readdir(folder)).sort()).to.eql(['data', 'gateway.yaml']);
  });
});
