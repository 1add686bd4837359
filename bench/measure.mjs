// Runs the scenarios: rounds are interleaved, so that every target meets the same weather.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { body } from './bodies.mjs';
import { build, busy, stop, tree, used } from './processes.mjs';
import { scenarios } from './scenarios.mjs';
import { MODEL, PATH } from './targets.mjs';

/** Share of a core that other processes may take before a cell is measured again. */
export const NOISE = 0.25;
const REPEATS = 2;

/** Measures every scenario against every target and returns the raw cells. */
export async function measure(options, mock, targets, folder) {
  const all = scenarios(options);
  const bench = { options, mock, folder, all, load: build('load', folder) };
  for (const target of targets) {
    tell(`warming up ${target.name}`);
    for (const name of ['json1', 'burst']) await cell(bench, target, name, 0);
  }
  const cells = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const name of options.scenarios) {
      for (const target of targets) {
        tell(`round ${round}/${options.rounds} ${name} ${target.name}`);
        cells.push(await quiet(bench, target, name, round));
        await sleep(200);
      }
    }
  }
  tell('');
  return cells;
}

/** Measures a cell, again when other processes were busy. */
async function quiet(bench, target, name, round) {
  let measured = await cell(bench, target, name, round);
  for (let again = 0; again < REPEATS && measured.foreign > NOISE; again += 1) {
    await sleep(1500);
    measured = await cell(bench, target, name, round);
  }
  return measured;
}

async function cell({ options, mock, folder, all, load }, target, name, round) {
  const scenario = all[name];
  const { requests } = await mock.set({ ttfb_us: 0, tail: 0, ...scenario.mock });
  const before = { target: used(target.pid).cpu, mock: used(mock.pid).cpu, busy: busy(), at: performance.now() };
  const runs = [scenario, ...(scenario.beside ? [{ path: scenario.path, ...scenario.beside }] : [])].map((each) =>
    runLoad([options.loadCore, load, ...loadArguments(each, target, bodyFile(folder, each))], target),
  );
  const [{ out, peakRss }, ...others] = await Promise.all(runs);
  const cpu = (await Promise.all(runs)).reduce((sum, run) => sum + run.cpu, 0);
  const wall = performance.now() - before.at;
  const ours = target.pid === mock.pid ? 0 : used(target.pid).cpu - before.target;
  const foreign = (busy() - before.busy - ours - (used(mock.pid).cpu - before.mock) - cpu) / wall;
  if (!out) stop(`${target.name} ${name}: the load tool gave no result`);
  const result = JSON.parse(out);
  for (const other of others) result.errors += JSON.parse(other.out).errors;
  const seen = (await mock.set({})).requests - requests;
  if (seen < result.ok)
    console.error(`\nbench: ${target.name} ${name}: ${result.ok} answers, but the mock saw ${seen}`);
  return { target: target.name, scenario: name, round, foreign, peakRss, ...figures(result, scenario.chunks) };
}

/** CPU in microseconds, times in milliseconds. */
function figures(result, chunks) {
  const { user_ms, sys_ms, marks, ok } = result.win;
  const cpu = (user_ms + sys_ms) * 1000;
  return {
    rps: result.rps,
    cpu: cpu / (chunks ? marks / chunks : ok),
    cpuEvent: chunks ? cpu / marks : Number.NaN,
    p50: result.lat.p50 / 1000,
    p99: result.lat.p99 / 1000,
    ttfbP50: result.ttfb.p50 / 1000,
    ttfbP99: result.ttfb.p99 / 1000,
    evP50: result.chunk.p50 / 1000,
    evP99: result.chunk.p99 / 1000,
    errors: result.errors + result.unfinished,
  };
}

function bodyFile(folder, { bytes, chunks }) {
  const stream = chunks !== undefined;
  const file = join(folder, `${bytes}-${stream ? 'stream' : 'json'}.json`);
  writeFileSync(file, body({ bytes, stream, model: MODEL }));
  return file;
}

function loadArguments({ args, chunks, path = PATH }, target, file) {
  const headers = Object.entries(target.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const marks = chunks ? ['-s', String(chunks)] : [];
  return [
    '-u',
    target.url + path,
    '-f',
    file,
    ...args.map(String),
    ...marks,
    '-P',
    tree(target.pid).join(','),
    ...headers,
  ];
}

async function runLoad(args, target) {
  const child = spawn('taskset', ['-c', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  let cpu = 0;
  let peakRss = 0;
  child.stdout.on('data', (part) => {
    out += part;
  });
  const watch = setInterval(() => {
    cpu = used(child.pid).cpu || cpu;
    peakRss = Math.max(peakRss, used(target.pid).rss);
  }, 200);
  await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  return { out, cpu, peakRss };
}

const tell = (text) => process.stderr.isTTY && process.stderr.write(`\r${text.padEnd(60)}\r`);
