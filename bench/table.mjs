// Prints the figures: one table, then the bars.
import { cpus } from 'node:os';
import { judge } from './bars.mjs';
import { NOISE } from './measure.mjs';
import { scenarios } from './scenarios.mjs';

const LABELS = {
  rps: 'requests/s',
  cpu: 'CPU us/request',
  cpuEvent: 'CPU us/event',
  addedP50: 'added p50 ms',
  addedP99: 'added p99 ms',
  addedTtfbP50: 'added first byte p50 ms',
  addedTtfbP99: 'added first byte p99 ms',
  evP50: 'event delay p50 ms',
  evP99: 'event delay p99 ms',
  kbPerStream: 'memory KB/stream',
  errors: 'errors',
  idleMb: 'memory MB, idle',
  peakMb: 'memory MB, peak',
  startMs: 'first answer ms',
};
/** Figures for which `direct` would tell something about the mock only. */
const NOT_DIRECT = [
  'cpu',
  'cpuEvent',
  'addedP50',
  'addedP99',
  'addedTtfbP50',
  'addedTtfbP99',
  'kbPerStream',
  'idleMb',
  'peakMb',
];
const RATIOS = ['nginx', 'portkey'];
const OURS = ['off', 'accounting', 'everything'];

export function print(summary, options) {
  const { targets, cells } = summary;
  const pairs = OURS.flatMap((ours) => RATIOS.map((other) => [ours, other])).filter((pair) =>
    pair.every((name) => targets.some((target) => target.name === name)),
  );
  const rows = [['scenario', 'figure', ...targets.map(({ title }) => title), ...pairs.map(([a, b]) => `${a}/${b}`)]];
  const add = (scenario, figure) => rows.push([scenario, LABELS[figure], ...cellsOf(summary, pairs, scenario, figure)]);
  const all = scenarios(options);
  for (const name of options.scenarios) {
    for (const figure of all[name].shown) add(name, figure);
    if (cells.some(({ scenario, errors }) => scenario === name && errors > 0)) add(name, 'errors');
  }
  for (const figure of ['startMs', 'idleMb', 'peakMb']) add('process', figure);
  console.log(aligned(rows, 2));
  console.log(`\n${options.scenarios.map((name) => `${name.padEnd(8)} ${all[name].what}`).join('\n')}`);
  console.log(footer(cells, options));
  printBars(summary);
}

function cellsOf({ targets, value, ratio }, pairs, scenario, figure) {
  const figures = targets.map(({ name }) =>
    name === 'direct' && NOT_DIRECT.includes(figure) ? '-' : format(value(name, scenario, figure)),
  );
  const compared = figure === 'cpu' || figure === 'cpuEvent';
  return [...figures, ...pairs.map(([a, b]) => (compared ? format(ratio(a, b, scenario, figure)) : ''))];
}

function footer(cells, options) {
  const noisy = cells.filter(({ foreign }) => foreign > NOISE).length;
  const noise = noisy
    ? `; ${noisy} of ${cells.length} cells NOISY: other processes took more than ${NOISE} of a core`
    : '';
  const cores = `targets on core ${options.gatewayCore}, mock and load on core ${options.loadCore}`;
  return `\n${cpus()[0].model.trim()} x${cpus().length}, node ${process.version}, ${options.rounds} rounds; ${cores}${noise}`;
}

function printBars(summary) {
  const rows = judge(summary).map(({ verdict, figure, unit, must, goal, what, reached }) => [
    verdict === 'met' && reached ? 'met, and the goal' : verdict,
    Number.isFinite(figure) ? `${format(figure)} ${unit}` : '',
    `<= ${format(must)} ${unit}, goal ${format(goal)}`,
    what,
  ]);
  console.log(`\n${aligned([['bar', 'measured', 'must', 'figure'], ...rows], 4)}`);
}

function aligned(rows, left) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => String(row[i]).length)));
  const lines = rows.map((row, n) =>
    row
      .map((text, i) => {
        const again = left === 2 && i === 0 && n > 0 && rows[n - 1][0] === text;
        return i < left ? (again ? '' : text).padEnd(widths[i]) : text.padStart(widths[i]);
      })
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

function format(figure) {
  if (!Number.isFinite(figure)) return '-';
  if (Math.abs(figure) >= 1000) return figure.toFixed(0);
  return figure.toFixed(Math.abs(figure) >= 10 ? 1 : Math.abs(figure) >= 0.2 ? 2 : 3);
}
