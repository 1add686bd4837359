/** The gateway as a process of its own: to be signalled, killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { root } from './gateway.ts';

export interface ChildGateway {
  child: ChildProcess;
  /** Base URL of the first listener, as the greeting says it. */
  url: string;
  /** What was printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with how it ended and when, on `performance.now()`. */
  ended: Promise<Ended>;
}

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  at: number;
}

interface Running {
  cwd?: string;
  env?: Record<string, string>;
  /** Leaves standard output unread from the beginning; `url` is then empty. */
  unread?: boolean;
}

/** Runs the command line with these words until it ends. */
export const run = (words: readonly string[], running: Running = {}): Promise<Ended> => launch(words, running).ended;

/** Starts a gateway and resolves when it has greeted; rejects with what it said when it ends before. */
export async function startChild(words: readonly string[], running: Running = {}): Promise<ChildGateway> {
  const started = launch(words, running);
  if (running.unread) return started;
  const greeted = new Promise<void>((resolve) => {
    started.child.stdout!.on('data', () => /Settings .*\n/.test(started.stdout) && resolve());
  });
  const early = started.ended.then(({ code, stderr }) => {
    throw new Error(`the gateway ended with ${code}: ${stderr}`);
  });
  await Promise.race([greeted, early]);
  early.catch(() => {});
  started.url = /Dashboard (\S+)\/dashboard/.exec(started.stdout)![1]!;
  return started;
}

function launch(words: readonly string[], { cwd = root, env = {}, unread = false }: Running): ChildGateway {
  const imports = [import.meta.resolve('tsx/esm'), import.meta.resolve('./threads.mjs')];
  const node = [...imports.flatMap((name) => ['--import', name]), join(root, 'src', 'main.ts')];
  const inherited = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    TMPDIR: process.env.TMPDIR ?? '/tmp',
  };
  const child = spawn(process.execPath, [...node, ...words], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stderr.on('data', (bytes) => {
    said.stderr += bytes;
  });
  if (!unread) {
    child.stdout.on('data', (bytes) => {
      said.stdout += bytes;
    });
  }
  const end = (): boolean => child.kill('SIGKILL');
  process.once('exit', end);
  const ended = once(child, 'exit').then(([code, signal]): Ended => {
    process.off('exit', end);
    return { code: code as number | null, signal: signal as string | null, ...said, at: performance.now() };
  });
  return {
    child,
    url: '',
    ended,
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
  };
}
