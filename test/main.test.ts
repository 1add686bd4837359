/** The command line, as a process of its own. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';

import { type ChildGateway, run, startChild } from './support/child-gateway.ts';
import { send } from './support/client.ts';
import { freePort } from './support/free-port.ts';
import { PIPELINE, root } from './support/gateway.ts';
import { until } from './support/until.ts';

describe('the command line', () => {
  let folder: string;
  let file: string;
  let started: ChildGateway | null = null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-spy-main-'));
    file = join(folder, 'gateway.yaml');
  });
  afterEach(async () => {
    started?.child.kill('SIGKILL');
    await started?.ended;
    started = null;
    await rm(folder, { recursive: true, force: true });
  });

  const yaml = (more = ''): string => `${/^listen:/m.test(more) ? '' : 'listen: [{ port: 0 }]\n'}${PIPELINE}${more}`;

  /** Runs a start that fails; what it said. */
  async function fail(text: string): Promise<string> {
    await writeFile(file, text);
    const ended = await run(['start', '--config', file]);
    expect(ended.code).to.equal(1);
    expect(ended.stdout).to.equal('');
    expect(ended.stderr).to.not.match(/\n {4}at |node:internal/);
    return ended.stderr.trimEnd();
  }

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
    expect((await run(['start', '--config', file])).stderr).to.equal('gateway.yaml: is not there\n');
  });

  it('refuses a database that it cannot use, by name, and leaves it as it is', async () => {
    expect(await fail(yaml('database: sqlite:/proc/token-spy.db\n'))).to.match(/^[^\n]*\/proc\/token-spy\.db[^\n]*$/);
    const garbage = Buffer.alloc(8192, 'not a database ');
    await writeFile(join(folder, 'broken.db'), garbage);
    expect(await fail(yaml('database: sqlite:broken.db\n'))).to.match(/^[^\n]*broken\.db[^\n]*$/);
    expect((await readFile(join(folder, 'broken.db'))).equals(garbage)).to.equal(true);
  });

  it('refuses a data folder that another gateway has, by name', async () => {
    await writeFile(file, yaml());
    started = await startChild(['start', '--config', file]);
    const said = await fail(yaml());
    expect(said).to.match(/^[^\n]*data[^\n]* is in use by another Token Spy \(process \d+\)[^\n]*$/);
    expect(said).to.contain(String(started.child.pid));
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
      [`TOKEN_SPY__PLUGINS__${await placeOf('simulator')}__PORT`]: String(stage),
    };
    started = await startChild([], { cwd: folder, env });
    expect(started.stdout).to.contain('Wrote gateway.yaml');
    expect(started.url).to.equal(`http://127.0.0.1:${port}`);
    const body = { model: 'simulated', messages: [{ role: 'user', content: 'Hello.' }] };
    const answer = await send({ url: `${started.url}/v1/chat/completions`, body });
    expect(JSON.parse(answer.text)).to.have.nested.property('choices[0].message.content').that.is.a('string');
    const rows = async () => JSON.parse((await send({ url: `${started!.url}/api/v1/requests` })).text).data;
    await until('its row is there', async () => (await rows()).length === 1);
    expect((await rows())[0]).to.include({ provider: 'simulated', outcome: 'ok' });
    started.child.kill('SIGINT');
    expect((await started.ended).code).to.equal(0);
    expect((await readFile(file, 'utf8')).startsWith('# yaml-language-server')).to.equal(true);
    expect((await stat(join(folder, 'data'))).mode & 0o077).to.equal(0);
  });
});

/** Where a plugin stands in the shipped list: one is set from the environment by its number. */
async function placeOf(plugin: string): Promise<number> {
  const { plugins } = parse(await readFile(join(root, 'gateway.yaml'), 'utf8')) as {
    plugins: (string | { plugin: string })[];
  };
  return plugins.findIndex((entry) => (typeof entry === 'string' ? entry : entry.plugin) === plugin);
}
