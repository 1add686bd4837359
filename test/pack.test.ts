import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

import { freePort } from './support/shipped.ts';
import { read, top } from './support/source.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);

/** What a package is made of; nothing that a build or a start has left lies in these. */
const PARTS = ['bin', 'src', 'plugins', 'providers', 'views', 'docs'];
const FILES = ['package.json', 'tsconfig.json', 'gateway.yaml', 'README.md', 'CHANGELOG.md', 'LICENSE'];

describe('the package that `npm pack` makes', function () {
  this.timeout(120_000);
  let folder: string;
  let names: string[];

  before(async function () {
    if (!(await has('npm'))) return this.skip();
    folder = await mkdtemp(join(tmpdir(), 'token-spy-pack-'));
    const clone = join(folder, 'clone');
    const options = { recursive: true, filter: (path: string) => !/[/\\]\.cache$/.test(path) };
    for (const part of [...PARTS, ...FILES]) await cp(join(top, part), join(clone, part), options);
    await mkdir(join(clone, 'dist/src'), { recursive: true });
    await cp(join(top, 'LICENSE'), join(clone, 'dist/src/left-over.js'));
    await symlink(join(top, 'node_modules'), join(clone, 'node_modules'), 'junction');
    // CI runs the tests with scripts switched off, and npm hands that down; the package is built by one.
    const env = { ...process.env, npm_config_ignore_scripts: 'false' };
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: clone, env });
    const [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
    names = packed!.files.map(({ path }) => path);
  });
  after(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('holds what is needed', () => {
    expect(names).to.include.members([
      'bin/token-spy.mjs',
      'dist/src/main.js',
      'dist/src/plugin.js',
      'dist/src/tokens/worker.js',
      'src/plugin.ts',
      'plugins/history.ts',
      'plugins/simulator/text.ts',
      'providers/openai.yaml',
      'providers/adapters/openai-chat.ts',
      'providers/prices/genai-prices.json',
      'providers/prices/genai-prices.LICENSE',
      'providers/models/limits.yaml',
      'views/layout.hbs',
      'gateway.yaml',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      'docs/configuration.md',
    ]);
  });

  it('holds nothing of ours that is not', () => {
    const strange = /^(test|bench|data|node_modules|\.)|\.cache|\.tsbuildinfo$|tsconfig|left-over|\.db|\.tgz$/;
    expect(names.filter((name) => strange.test(name))).to.eql([]);
  });

  it('starts in an empty folder, writes gateway.yaml there, and answers', async function () {
    if (!(await unpack(folder))) return this.skip();
    const empty = join(folder, 'empty');
    await mkdir(empty);
    const started = await start(join(folder, 'package/bin/token-spy.mjs'), empty);
    try {
      expect(started.said).to.include('Wrote gateway.yaml').and.include('/dashboard');
      expect(await readFile(join(empty, 'gateway.yaml'), 'utf8')).to.equal(read('gateway.yaml'));
      const answer = await fetch(`${started.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'simulated', messages: [{ role: 'user', content: 'Hello' }] }),
      });
      expect(answer.status).to.equal(200);
      expect((await fetch(`${started.url}/dashboard`)).status).to.equal(200);
      await until('the schema lies beside gateway.yaml', () => existsSync(join(empty, 'gateway.schema.json')));
    } finally {
      const ended = new Promise((resolve) => started.child.once('exit', resolve));
      started.child.kill('SIGTERM');
      expect(await ended).to.equal(0);
    }
  });

  it('counts tokens in a thread', async function () {
    if (!(await unpack(folder))) return this.skip();
    const program = `
      import { TokenCounter } from './dist/src/tokens/counter.js';
      const counter = new TokenCounter({ patience: 60_000 });
      console.log(JSON.stringify(await counter.count('gpt-4o', ['2 + 2 = 4'])));`;
    const options = ['--enable-source-maps', '--input-type=module', '-e', program];
    const { stdout } = await run(process.execPath, options, { cwd: join(folder, 'package') });
    expect(JSON.parse(stdout)).to.include({ tokens: 7, source: 'counted', confidence: 'high' });
  });
});

interface Packed {
  files: { path: string }[];
}

/** Unpacks the package beside its archive, with the packages it needs; false where nothing can. */
async function unpack(folder: string): Promise<boolean> {
  if (existsSync(join(folder, 'package'))) return true;
  if (!(await has('tar'))) return false;
  const { name, version } = JSON.parse(read('package.json')) as { name: string; version: string };
  await run('tar', ['-xzf', `${name}-${version}.tgz`], { cwd: folder });
  await symlink(join(top, 'node_modules'), join(folder, 'package/node_modules'), 'junction');
  return true;
}

async function has(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

/** Starts the program on free ports, which the environment tells it, and waits until it says where it is. */
async function start(bin: string, cwd: string): Promise<{ child: ChildProcess; said: string; url: string }> {
  const simulator = String(await freePort());
  const entries = [...read('gateway.yaml').matchAll(/^ {2}- (?:plugin: )?([a-z-]+)$/gm)].map(([, name]) => name);
  const env = {
    PATH: process.env.PATH,
    TOKEN_SPY__LISTEN__0__PORT: '0',
    TOKEN_SPY__PROVIDERS__SIMULATED__BASE_URL: `http://127.0.0.1:${simulator}`,
    [`TOKEN_SPY__PLUGINS__${entries.indexOf('simulator')}__PORT`]: simulator,
  };
  const child = spawn(process.execPath, [bin], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk;
      const url = /Dashboard (http:\/\/127\.0\.0\.1:\d+)\/dashboard\n[\s\S]*Settings .*\n/.exec(said)?.[1];
      if (url) resolve({ child, said, url });
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
}
