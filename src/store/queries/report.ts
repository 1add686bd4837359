/** `GET /api/report` of the predecessor: money and tokens by day, model, service and source. */
import type { Cell } from '../columns.ts';
import type { Database } from '../database.ts';
import { COST_SUM, fromPico, picoSum } from '../money.ts';
import { TURN } from './cost-kinds.ts';
import { whereOf } from './filters.ts';
import { NATIVE_INPUT, NO_AGENT, sourceOf } from './predecessor.ts';
import type { PredecessorSource, Report, ReportLine, ReportTokens } from './predecessor-shapes.ts';

const DAY_MS = 86_400_000;
const UNKNOWN = 'unknown';

export interface ReportQuestion {
  /** `2026-11-01`, UTC; both days belong to it. */
  start: string;
  end: string;
  tenant?: string | undefined;
}

type Group = Record<string, Cell>;
type Sum = ReportTokens & { pico: bigint };
type Line = Sum & { model: string; provider: string; service: string; source: PredecessorSource };

const SUMS = `count(*) as requests, cast(coalesce(sum(${NATIVE_INPUT}), 0) as text) as input,
  cast(coalesce(sum(output_tokens), 0) as text) as output,
  cast(coalesce(sum(cache_read_tokens), 0) as text) as cache_read,
  cast(coalesce(sum(cache_write_tokens), 0) as text) as cache_write, ${COST_SUM}`;

/** Sums whole days up; failed calls are no turns and not in it. */
export async function report(database: Database, question: ReportQuestion): Promise<Report> {
  const { start, end, tenant } = question;
  const [from, to] = [Date.parse(start), Date.parse(end) + DAY_MS];
  const where = whereOf({ tenant }, new Date(from), new Date(to)).and(TURN);
  const [days, groups] = await Promise.all([
    database.select<Group>(
      `select time_ms / ${DAY_MS} as day, ${SUMS} from exchanges where ${where.sql} group by 1`,
      where.binds,
    ),
    database.select<Group>(
      `select coalesce(request_model, response_model, '${UNKNOWN}') as model, coalesce(provider, '${UNKNOWN}') as provider,
         coalesce(agent, '${NO_AGENT}') as service, cost_source, usage_source, ${SUMS}
       from exchanges where ${where.sql} group by 1, 2, 3, 4, 5`,
      where.binds,
    ),
  ]);
  const lines = groups.map(lineOf);
  return {
    period: { start, end },
    summary: summaryOf(lines),
    daily: dailyOf(days, from, to),
    models: merged(lines, ({ model, provider, service, source }) => ({
      model,
      provider,
      service,
      cost_source: source,
    })).sort((a, b) => dearest(a, b) || order(a.model, b.model) || order(a.service, b.service)),
    services: merged(lines, ({ service }) => ({ service })).sort(
      (a, b) => dearest(a, b) || order(a.service, b.service),
    ),
    sources: merged(lines, ({ source }) => ({ source })).sort((a, b) => order(a.source, b.source)),
  };
}

function lineOf(row: Group): Line {
  const { model, provider, service } = row;
  const names = { model: String(model), provider: String(provider), service: String(service) };
  return { ...sumOf(row), ...names, source: sourceOf(row) };
}

function sumOf(row: Group): Sum {
  return {
    requests: Number(row.requests),
    input_tokens: Number(row.input),
    output_tokens: Number(row.output),
    cache_read_tokens: Number(row.cache_read),
    cache_write_tokens: Number(row.cache_write),
    pico: picoSum({ cost_high: row.cost_high, cost_low: row.cost_low }) ?? 0n,
  };
}

function added(sums: readonly Sum[]): Sum {
  const all: Sum = { ...NOTHING };
  for (const sum of sums) {
    all.requests += sum.requests;
    all.input_tokens += sum.input_tokens;
    all.output_tokens += sum.output_tokens;
    all.cache_read_tokens += sum.cache_read_tokens;
    all.cache_write_tokens += sum.cache_write_tokens;
    all.pico += sum.pico;
  }
  return all;
}

const NOTHING: Sum = {
  requests: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  pico: 0n,
};

/** One line for each name that lines share, in no order. */
function merged<N extends object>(lines: readonly Line[], nameOf: (line: Line) => N): (N & ReportLine)[] {
  const groups = new Map<string, { name: N; lines: Line[] }>();
  for (const line of lines) {
    const name = nameOf(line);
    const key = JSON.stringify(name);
    const group = groups.get(key) ?? { name, lines: [] };
    groups.set(key, group);
    group.lines.push(line);
  }
  return [...groups.values()].map(({ name, lines: own }) => {
    const { pico, ...tokens } = added(own);
    return { ...name, ...tokens, cost_usd: dollars(pico) };
  });
}

function summaryOf(lines: readonly Line[]): Report['summary'] {
  const { pico, ...tokens } = added(lines);
  const of = (...sources: PredecessorSource[]): Line[] => lines.filter(({ source }) => sources.includes(source));
  const providers = (some: readonly Line[]): number => new Set(some.map(({ provider }) => provider)).size;
  const paid = of('actual_billed', 'priced_from_tokens', 'estimated');
  const local = of('local_zero_cost');
  return {
    spend_usd: dollars(pico),
    ...tokens,
    total_tokens: tokens.input_tokens + tokens.output_tokens + tokens.cache_read_tokens + tokens.cache_write_tokens,
    tracked_providers: providers(lines),
    billing_providers: providers(paid),
    local_providers: providers(local),
    untracked_providers: providers(of('untracked')),
    paid_cost_usd: dollars(added(paid).pico),
    local_cost_usd: dollars(added(local).pico),
  };
}

function dailyOf(days: readonly Group[], from: number, to: number): Report['daily'] {
  const known = new Map(days.map((row) => [Number(row.day), sumOf(row)]));
  return Array.from({ length: Math.round((to - from) / DAY_MS) }, (_, at) => {
    const { pico, ...tokens } = known.get(from / DAY_MS + at) ?? NOTHING;
    return { date: new Date(from + at * DAY_MS).toISOString().slice(0, 10), spend_usd: dollars(pico), ...tokens };
  });
}

/** Six decimals, as the predecessor gave it. */
const dollars = (pico: bigint): number => Number(Number(fromPico(pico)).toFixed(6));
const dearest = (a: ReportLine, b: ReportLine): number => b.cost_usd - a.cost_usd;
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
