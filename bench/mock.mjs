// The upstream behind every target: mock.c, set through its control path.
import { setTimeout as sleep } from 'node:timers/promises';
import { get } from './http.mjs';
import { build, launch, stop } from './processes.mjs';

const RESET = { stream: 'auto', bytes: 1024, chunks: 5, delay_us: 0, ttfb_us: 0, tail: 0 };

/** Starts the mock; `set` changes what it does and returns its counters. */
export async function startMock({ mockPort, loadCore }, folder) {
  const url = `http://127.0.0.1:${mockPort}`;
  const program = build('mock', folder);
  const child = launch({ name: 'mock', core: loadCore, folder, program, args: ['-p', String(mockPort)] });
  const set = async (settings) => JSON.parse((await get(`${url}/_mock?${new URLSearchParams(settings)}`)).text);
  for (let tries = 0; ; tries += 1) {
    try {
      await set(RESET);
      return { url, pid: child.pid, set, reset: () => set(RESET) };
    } catch {
      if (tries > 100 || child.exitCode !== null) stop(`the mock does not start on port ${mockPort}, see ${child.log}`);
      await sleep(20);
    }
  }
}
