// What is compared: nothing in between, nginx, a peer, and ours with policies off and on.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { body } from './bodies.mjs';
import { post } from './http.mjs';
import { find, launch, stop, used } from './processes.mjs';

export const MODEL = 'gpt-4o-mini';
export const PATH = '/v1/chat/completions';
const AUTH = { authorization: 'Bearer sk-bench' };
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PATIENCE_MS = 30_000;

// The versions of its own lock file: with newer ones of hono every stream of it fails.
const PORTKEY = {
  private: true,
  dependencies: { '@portkey-ai/gateway': '1.15.2' },
  overrides: { '@hono/node-server': '1.13.5', hono: '4.9.7' },
};

const TITLES = {
  direct: 'direct',
  nginx: 'nginx',
  portkey: 'portkey',
  off: 'ours: policies off',
  accounting: 'ours: accounting on',
  sessions: 'ours: sessions and prompts on',
  redaction: 'ours: accounting and redaction on',
  everything: 'ours: everything on',
};
const PLUGINS = {
  off: [],
  accounting: ['history', 'identity', 'include-usage', 'usage'],
  sessions: ['history', 'identity', 'sessions', 'cache-breaks', 'prompts', 'include-usage', 'usage'],
  redaction: ['history', 'identity', 'redact', 'include-usage', 'usage'],
  everything: [
    'history',
    'late-usage',
    'receipts',
    'identity',
    'redact',
    'sessions',
    'pauses',
    'session-limits',
    'trim',
    'cache-breaks',
    'prompts',
    'prediction',
    'rate-limits',
    'budgets',
    'unpriced',
    'include-usage',
    'usage',
    'alerts',
    'channels',
  ],
};
/** A way with a second choice, and limits and alerts that are looked at and never reached. */
const LIMITS = [
  'routes: [ { name: all, match: { model: "gpt-*" }, targets: [ { provider: openai }, { provider: second } ] } ]',
  'alerts: [ { name: spend, metric: cost_usd, window: 5m, group_by: agent, above: 1000000 } ]',
  'budgets:',
  '  - { name: each agent, per: agent, limit_usd: 1000000, period: day }',
  '  - { name: all, limit_usd: 1000000, period: month, action: warn }',
  'session_limits: [ { name: all, chars: { soft: 100000000 }, usd: { hard: 1000000 }, repeats: { hard: 1000000 } } ]',
  'rate_limits: [ { name: each agent, per: agent, requests_per_minute: 1000000000, tokens_per_minute: 1000000000000 } ]',
];
const PORTS = { nginx: 1, portkey: 2, off: 3, accounting: 4, everything: 5, sessions: 6, redaction: 7 };

/** Starts the wanted targets one after the other and checks that each passes on what it is sent. */
export async function startTargets(options, mock, folder) {
  const targets = [];
  for (const name of options.with) {
    const target = name === 'direct' ? direct(mock) : await start(name, options, mock, folder);
    if (!target) continue;
    await check(target, mock);
    targets.push(target);
  }
  await sleep(1500);
  for (const target of targets) target.idleRss = used(target.pid).rss;
  return targets;
}

const direct = (mock) => ({ name: 'direct', title: TITLES.direct, url: mock.url, headers: AUTH, pid: mock.pid });

async function start(name, options, mock, folder) {
  const port = options.mockPort + PORTS[name];
  const prepared = prepare(name, port, mock, folder);
  if (!prepared) return null;
  const begun = performance.now();
  const child = launch({ name, core: options.gatewayCore, folder, ...prepared });
  const target = {
    name,
    title: TITLES[name],
    url: `http://127.0.0.1:${port}`,
    headers: AUTH,
    ...prepared,
    pid: child.pid,
  };
  const probe = body({ bytes: 1024, stream: false, model: MODEL });
  for (;;) {
    const status = await post(target.url + PATH, target.headers, probe).then(
      (answer) => answer.status,
      (error) => error.code,
    );
    target.startMs = performance.now() - begun;
    if (status === 200) return target;
    if (child.exitCode !== null || target.startMs > PATIENCE_MS)
      stop(`${name} does not answer (${status}), see ${child.log}`);
    await sleep(3);
  }
}

/** Returns what to run for a target; null when it cannot be had. */
function prepare(name, port, mock, folder) {
  if (name === 'nginx') return nginx(port, mock, folder);
  if (name === 'portkey') return portkey(port, mock, folder);
  return ours(name, port, mock, folder);
}

function nginx(port, mock, folder) {
  const template = readFileSync(new URL('./nginx.conf.tmpl', import.meta.url), 'utf8');
  const file = join(folder, 'nginx.conf');
  const filled = { DIR: folder, PORT: String(port), MOCK: new URL(mock.url).port };
  writeFileSync(
    file,
    template.replace(/@(DIR|PORT|MOCK)@/g, (_, key) => filled[key]),
  );
  return { program: find('nginx'), args: ['-p', folder, '-c', file] };
}

function portkey(port, mock, folder) {
  const home = join(folder, 'portkey');
  const program = join(home, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  if (!existsSync(program) && !install(home)) return null;
  const headers = { ...AUTH, 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${mock.url}/v1` };
  const env = { NODE_ENV: 'production' };
  return { program: process.execPath, args: [program, `--port=${port}`, '--headless'], env, headers };
}

function install(home) {
  console.error('bench: installing portkey (once)');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify(PORTKEY));
  try {
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return true;
  } catch (error) {
    const reason = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(0);
    console.error(`bench: portkey cannot be installed, going on without it (${reason})`);
    return false;
  }
}

/** A gateway of ours with a configuration, a database and a data folder of its own. */
function ours(name, port, mock, folder) {
  const home = join(folder, name);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const file = join(home, 'gateway.yaml');
  const lines = [
    `listen: [ { host: 127.0.0.1, port: ${port} } ]`,
    `database: sqlite:${join(home, 'bench.db')}`,
    'providers:',
    `  openai: { base_url: ${mock.url}/v1 }`,
    `  second: { base_url: ${mock.url}/v1, prices: openai }`,
    ...(name === 'everything' ? LIMITS : []),
    `plugins: [ ${PLUGINS[name].join(', ')} ]`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const args = [join(ROOT, 'dist/src/main.js'), 'start', '--config', file];
  return { program: process.execPath, args, cwd: home, env: { NODE_ENV: 'production' } };
}

/** A target that answers from a cache, or from elsewhere, would make every figure a lie. */
async function check(target, mock) {
  const before = await mock.reset();
  for (const stream of [false, true]) {
    const { status, text } = await post(target.url + PATH, target.headers, body({ bytes: 1024, stream, model: MODEL }));
    const whole = stream ? text.includes('[DONE]') && text.match(/@T\d{16}/g)?.length === 5 : text.includes('"usage"');
    if (status !== 200 || !whole)
      stop(`${target.name}: wrong answer (stream: ${stream}): ${status} ${text.slice(0, 400)}`);
  }
  const seen = (await mock.set({})).requests - before.requests;
  if (seen !== 2) stop(`${target.name}: the mock saw ${seen} requests instead of 2`);
}
