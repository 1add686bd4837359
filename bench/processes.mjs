// Processes: finding, building, starting, pinning to a core, and what they use (Linux).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = { cc: 'gcc libc6-dev', taskset: 'util-linux', nginx: 'nginx-light' };
/** Milliseconds of one tick in /proc. */
const TICK = 10;

/** Returns the path of a program, also from where Debian keeps servers; null when it is missing. */
export function find(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

/** Ends the process with the names of what is missing and the line that installs it. */
export function demand(programs) {
  const missing = programs.filter((program) => !find(program));
  if (process.platform !== 'linux') stop('the harness reads /proc and uses epoll: it needs Linux');
  if (missing.length === 0) return;
  const packages = missing.map((program) => PACKAGES[program]).join(' ');
  stop(`${missing.join(', ')} not found. On Debian: apt-get install ${packages}`);
}

export function stop(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}

/** Compiles NAME.c beside this file, if it changed, and returns the binary. */
export function build(name, folder) {
  const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url));
  const binary = join(folder, name);
  if (!existsSync(binary) || statSync(binary).mtimeMs < statSync(source).mtimeMs) {
    execFileSync(find('cc'), ['-O2', '-w', '-o', binary, source], { stdio: 'inherit' });
  }
  return binary;
}

const children = [];
process.on('exit', () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGTERM');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** Starts a program on one core; its output goes to NAME.log in the folder. */
export function launch({ name, core, folder, program, args, env = {}, cwd = folder }) {
  const path = join(folder, `${name}.log`);
  const log = openSync(path, 'w');
  const stdio = ['ignore', log, log];
  const child = spawn('taskset', ['-c', core, program, ...args], { stdio, cwd, env: { ...process.env, ...env } });
  child.log = path;
  child.on('exit', (code, signal) => {
    if (!process.exitCode && !child.killed) console.error(`\nbench: ${name} ended (${code ?? signal}), see ${path}`);
  });
  children.push(child);
  return child;
}

/** Returns the process and all its descendants. */
export function tree(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(stat(name)?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const walk = (one) => [one, ...(children.get(one) ?? []).flatMap(walk)];
  return walk(pid);
}

/** CPU in milliseconds and memory in KB of a process with its threads and descendants. */
export function used(pid) {
  let cpu = 0;
  let rss = 0;
  for (const one of tree(pid)) {
    const fields = stat(one);
    if (!fields) continue;
    cpu += (Number(fields[11]) + Number(fields[12])) * TICK;
    rss += Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${one}/status`))?.[1] ?? 0);
  }
  return { cpu, rss };
}

/** CPU in milliseconds that the whole machine was busy, interrupts and stolen time included. */
export function busy() {
  const cores = read('/proc/stat')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line));
  const ticks = cores.map((line) => {
    const [user, nice, system, , , irq, soft, stolen] = line.split(/\s+/).slice(1).map(Number);
    return user + nice + system + irq + soft + stolen;
  });
  return ticks.reduce((sum, n) => sum + n, 0) * TICK;
}

/** The fields of /proc/PID/stat from the state on; the name before them may contain spaces. */
function stat(pid) {
  const line = read(`/proc/${pid}/stat`);
  return line ? line.slice(line.lastIndexOf(')') + 2).split(' ') : null;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended while we looked
  }
}
