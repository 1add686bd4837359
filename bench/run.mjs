#!/usr/bin/env node
// Measures the gateway side by side with nginx and a peer. README.md says how.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure } from './measure.mjs';
import { startMock } from './mock.mjs';
import { readOptions } from './options.mjs';
import { demand } from './processes.mjs';
import { summarize } from './summary.mjs';
import { print } from './table.mjs';
import { startTargets } from './targets.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const options = readOptions(process.argv.slice(2));
const ours = options.with.filter((name) => ['off', 'accounting', 'everything'].includes(name));
demand(['cc', 'taskset', ...options.with.filter((name) => name === 'nginx')]);

const folder = join(tmpdir(), `token-spy-bench-${process.getuid()}`);
mkdirSync(folder, { recursive: true });
if (ours.length > 0 && !options.mockOnly) execFileSync('npm', ['run', '-s', 'build'], { cwd: ROOT, stdio: 'inherit' });

const mock = await startMock(options, folder);
if (options.mockOnly) {
  console.log(`mock on ${mock.url} (pid ${mock.pid}); stop with ctrl-c`);
  await new Promise(() => {});
}
const targets = await startTargets(options, mock, folder);
const cells = await measure(options, mock, targets, folder);
print(summarize(cells, targets), options);
if (options.json)
  writeFileSync(options.json, JSON.stringify({ when: new Date().toISOString(), targets, cells }, null, 1));
process.exit(cells.some(({ target, errors }) => ours.includes(target) && errors > 0) ? 3 : 0);
