// Cells -> figures: medians over the rounds; CPU is the best round, because noise only adds to it.
import { OPEN_STREAMS } from './scenarios.mjs';

const BEST = ['cpu', 'cpuEvent'];
const ADDED = { addedP50: 'p50', addedP99: 'p99', addedTtfbP50: 'ttfbP50', addedTtfbP99: 'ttfbP99' };

export function summarize(cells, targets) {
  const target = (name) => targets.find((one) => one.name === name);
  const of = (name, scenario) => cells.filter((cell) => cell.target === name && cell.scenario === scenario);
  const direct = ({ scenario, round }) => of('direct', scenario).find((cell) => cell.round === round);

  /** One figure of one target; NaN when it was not measured. */
  const value = (name, scenario, figure) => {
    if (!target(name)) return Number.NaN;
    if (figure === 'startMs') return target(name).startMs ?? Number.NaN;
    if (figure === 'idleMb') return target(name).idleRss / 1024;
    if (figure === 'peakMb')
      return Math.max(...cells.filter((cell) => cell.target === name).map((cell) => cell.peakRss)) / 1024;
    const values = of(name, scenario).map((cell) => {
      if (figure === 'kbPerStream') return (cell.peakRss - target(name).idleRss) / OPEN_STREAMS;
      if (!(figure in ADDED)) return cell[figure];
      return cell[ADDED[figure]] - (direct(cell)?.[ADDED[figure]] ?? Number.NaN);
    });
    return BEST.includes(figure) ? Math.min(...values, Number.POSITIVE_INFINITY) : median(values);
  };

  /** How many times the figure of `other` it is. */
  const ratio = (name, other, scenario, figure) => value(name, scenario, figure) / value(other, scenario, figure);
  return { targets, cells, value, ratio };
}

function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
