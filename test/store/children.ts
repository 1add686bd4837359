import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './places.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
const NOBODY = 65_534;

/** False where an ordinary user can reach neither this Node nor this checkout: both may lie in root's own home. */
export function canBeNobody(): boolean {
  if (process.getuid?.() !== 0) return true;
  const look = ['-e', `require('node:fs').accessSync(${JSON.stringify(CHILD)})`];
  return spawnSync(process.execPath, look, { uid: NOBODY, gid: NOBODY }).status === 0;
}

export interface Child {
  process: ChildProcess;
  /** All that it has printed. */
  lines(): string[];
  kill(): Promise<void>;
}

/** Starts a process with a store and waits for its first word; as an ordinary user even where the tests run as root. */
export async function startChild(args: string[], options: { asNobody?: boolean } = {}): Promise<Child> {
  const isRoot = process.getuid?.() === 0;
  const child = spawn(process.execPath, ['--import', 'tsx/esm', CHILD, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(options.asNobody && isRoot && { uid: NOBODY, gid: NOBODY }),
  });
  let said = '';
  child.stdout!.on('data', (data) => {
    said += data;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await until(() => said.includes('\n') || child.exitCode !== null, 'the child speaks', 15_000);
  return {
    process: child,
    lines: () => said.split('\n').filter(Boolean),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
