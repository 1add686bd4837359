/** The page of two agents side by side. */
import type { PageQuestion } from '../../src/plugin.ts';
import { linePlot } from '../shared/plot.ts';
import { addressOf, nameOf, rangesOf, stretchOf } from './page-query.ts';
import type { Shelf } from './page-shelf.ts';
import { figuresOf } from './view-compare.ts';
import { growthLimits } from './view-growth.ts';
import { growthLine, LOOKED_AT, type Side, sideOf } from './view-side.ts';
import { EXAMPLE } from './view-words.ts';

const PATH = '/dashboard/agents';
const SESSIONS = 200;
const COLOURS = ['0', '1'] as const;

/** Makes what the page shows. */
export async function agentsPage(
  shelf: Shelf,
  { query, zone, principal }: PageQuestion,
): Promise<Record<string, unknown>> {
  const stretch = stretchOf(query, '7d');
  const { from, to } = stretch;
  const span = { from, to, tenant: principal?.tenant };
  const names = await namesOf(shelf, span);
  const chosen = chosenOf(query, names);
  const [a, b] = await Promise.all(chosen.map((name) => (name === undefined ? null : sideOf(shelf, name, span))));
  const sides = [a ?? null, b ?? null] as const;
  return {
    self: addressOf(PATH, query, {}),
    example: EXAMPLE,
    range: stretch.title,
    rangeName: query.get('range') === null ? null : stretch.name,
    ranges: rangesOf(PATH, query, stretch.name),
    pickers: [pickerOf('a', 'First agent', names, chosen[0]), pickerOf('b', 'Second agent', names, chosen[1])],
    swap:
      chosen[0] !== undefined && chosen[1] !== undefined
        ? addressOf(PATH, query, { a: chosen[1], b: chosen[0] })
        : null,
    empty: names.length === 0 && chosen[0] === undefined,
    sides: sides.map((side, at) => sideView(side, COLOURS[at]!)),
    figures: figuresOf(...sides),
    sampled: sides.some((side) => side !== null && side.turns.length === LOOKED_AT) ? LOOKED_AT : null,
    plot: growthPlot(sides, zone),
  };
}

type Sides = readonly [Side | null, Side | null];

/** Agents of the newest sessions and of single calls, the one seen last first. */
async function namesOf(
  { records }: Shelf,
  span: { from: Date; to: Date; tenant: string | undefined },
): Promise<string[]> {
  const { sessions, singles } = await records.sessions({ ...span, limit: SESSIONS });
  return [...new Set([...sessions, ...singles].flatMap(({ agent }) => agent ?? []))];
}

/** What the address names; where it names none, the two that were seen last. */
function chosenOf(query: URLSearchParams, names: readonly string[]): [string | undefined, string | undefined] {
  if (!query.has('a') && !query.has('b')) return [names[0], names[1]];
  return [nameOf(query, 'a'), nameOf(query, 'b')];
}

function pickerOf(name: string, label: string, names: readonly string[], chosen: string | undefined): object {
  const all = chosen === undefined || names.includes(chosen) ? names : [chosen, ...names];
  const sorted = [...all].sort((one, other) => one.localeCompare(other));
  return { name, label, options: sorted.map((value) => ({ value, chosen: value === chosen })) };
}

function sideView(side: Side | null, colour: string): object {
  if (side === null) return { agent: null, colour };
  const { agent, models, tools } = side;
  return {
    agent,
    colour,
    isEmpty: side.sums.requests === 0,
    models,
    tools,
    sessions: `/dashboard/sessions?${new URLSearchParams({ agent })}`,
    requests: `/dashboard/requests?${new URLSearchParams({ agent })}`,
  };
}

function growthPlot(sides: Sides, zone: string) {
  const known = sides.flatMap((side, at) => (side === null ? [] : [{ side, line: growthLine(side, COLOURS[at]!) }]));
  const most = Math.max(0, ...known.flatMap(({ line }) => line.points.map(({ y }) => y ?? 0)));
  const limits = [...new Set(known.map(({ side }) => side.limit))];
  return linePlot({
    series: known.map(({ line }) => line),
    lines: limits.flatMap((limit) => growthLimits(limit, most)),
    zone,
  });
}
