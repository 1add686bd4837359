/** The numbers of the overview: what its cards, its agents and its token bar say. */

import type { Spread, Totals } from '../../store/queries/shapes.ts';
import { compact, duration, money, percent, whole } from '../format.ts';
import type { House } from '../house.ts';
import type { View } from '../range.ts';

export interface Card {
  title: string;
  value: string;
  detail: string;
  /** Against the stretch before, such as `+12%`; null where nothing compares. */
  change: { text: string; tone: 'up' | 'down' | 'same' } | null;
  tone: 'plain' | 'bad';
}

/** Cards of a stretch, compared with the one before. */
export function cardsOf(totals: Totals, before: Totals | null): Card[] {
  const cost = totals.cost_usd === null ? null : Number(totals.cost_usd);
  const average = money(perRequest(cost, costedIn(totals)));
  const unknown = `and ${whole(totals.unpriced)} ${totals.unpriced === 1 ? 'request' : 'requests'} of unknown cost`;
  const tokens = `${compact(totals.input_tokens)} in, ${compact(totals.output_tokens)} out`;
  const cache = `${compact(totals.cache_read_tokens)} read, ${compact(totals.cache_write_tokens)} written`;
  const wasCost = before && Number(before.cost_usd ?? 0);
  return [
    card('Spend', money(cost), totals.unpriced > 0 ? unknown : `${average} a request`, change(cost, wasCost)),
    card('Requests', compact(totals.requests), unansweredOf(totals), change(totals.requests, before?.requests)),
    card('Tokens', compact(totals.total_tokens), tokens, change(totals.total_tokens, before?.total_tokens)),
    errorCard(totals),
    card('Cache share', percent(totals.cache_share), cache),
    card('Average cost', average, 'a priced request'),
    spreadCard('Latency', totals.latency_ms),
    spreadCard('First token', totals.time_to_first_token_ms),
  ];
}

function card(title: string, value: string, detail: string, change: Card['change'] = null): Card {
  return { title, value, detail, change, tone: 'plain' };
}

function errorCard({ errors, requests }: Totals): Card {
  const share = requests > 0 ? `${percent(errors / requests)} of requests` : 'no requests';
  return { ...card('Errors', whole(errors), share), tone: errors > 0 ? 'bad' : 'plain' };
}

function spreadCard(title: string, { p50, p95 }: Spread): Card {
  return card(title, duration(p95), `95th percentile; median ${duration(p50)}`);
}

function unansweredOf({ refused, aborted }: Totals): string {
  const parts = [refused > 0 && `${compact(refused)} refused`, aborted > 0 && `${compact(aborted)} left early`];
  return parts.filter(Boolean).join(', ') || 'none refused';
}

/** Requests whose cost is known. What was refused or failed before it cost anything would make each look cheaper. */
const costedIn = ({ cost_sources: { provider, price_table, estimated, free } }: Totals): number =>
  [provider, price_table, estimated, free].reduce((sum, { requests }) => sum + requests, 0);

function perRequest(cost: number | null, requests: number): number | null {
  return cost === null || requests <= 0 ? null : cost / requests;
}

function change(now: number | null, before: number | null | undefined): Card['change'] {
  if (now === null || before === null || before === undefined || before <= 0) return null;
  const share = now / before - 1;
  if (Math.abs(share) < 0.005) return { text: 'as before', tone: 'same' };
  const size = Math.abs(share) > 9.99 ? `${Math.round(Math.abs(share) + 1)}×` : `${Math.round(Math.abs(share) * 100)}%`;
  return { text: `${share > 0 ? '▲' : '▼'} ${size}`, tone: share > 0 ? 'up' : 'down' };
}

/** How sure the figures are: a sentence for each kind that there is. */
export function honestyOf(totals: Totals): { text: string; tone: 'good' | 'warn' }[] {
  const { provider, counted, estimated, none } = totals.usage_sources;
  const billed = provider + counted + estimated + totals.unpriced;
  if (totals.requests === 0) return [];
  const share = (count: number): string => percent(count / totals.requests);
  const lines: { text: string; tone: 'good' | 'warn' }[] = [];
  if (provider > 0) lines.push({ text: `${share(provider)} of requests report their own usage`, tone: 'good' });
  if (counted + estimated > 0)
    lines.push({ text: `${share(counted + estimated)} are counted or estimated here`, tone: 'warn' });
  if (none > 0) lines.push({ text: `${share(none)} have no usage (refused, failed or silent)`, tone: 'good' });
  if (totals.unpriced > 0)
    lines.push({ text: `${share(totals.unpriced)} have no known cost, so they are not in the spend`, tone: 'warn' });
  else if (billed > 0) lines.push({ text: 'the cost of every billed request is known', tone: 'good' });
  return lines;
}

/** One card an agent. */
export interface AgentCard {
  agent: string;
  turns: number;
  cost: string | number | null;
  input: number;
  output: number;
  cacheRead: number;
  average: number | null;
  local: boolean;
  share: number | null;
}

/** The figures of `/api/summary` where it can give them; else, for a chosen stretch or a filter, of the sums. */
export async function agentsOf(house: House, view: View): Promise<AgentCard[]> {
  const { queries } = house.store;
  const { agent, model, provider } = view.filters;
  const cards =
    view.hours !== null && model === undefined && provider === undefined
      ? (await queries.summary({ hours: view.hours }))
          .filter((one) => agent === undefined || one.agent === agent)
          .map(fromSummary)
      : await fromTotals(house, view);
  const sum = cards.reduce((all, { cost }) => all + Number(cost ?? 0), 0);
  return cards
    .map((card) => ({ ...card, share: sum > 0 ? Number(card.cost ?? 0) / sum : null }))
    .sort((one, other) => Number(other.cost ?? 0) - Number(one.cost ?? 0) || other.turns - one.turns)
    .slice(0, MAX_AGENTS);
}

const MAX_AGENTS = 24;

type Summaries = Awaited<ReturnType<House['store']['queries']['summary']>>;

function fromSummary(one: Summaries[number]): Omit<AgentCard, 'share'> {
  return {
    agent: one.agent,
    turns: one.turns,
    cost: one.total_cost,
    input: one.total_input_tokens,
    output: one.total_output_tokens,
    cacheRead: one.total_cache_read,
    average: one.turns > 0 ? one.total_cost / one.turns : null,
    local: one.is_local_model === true,
  };
}

async function fromTotals(house: House, view: View): Promise<Omit<AgentCard, 'share'>[]> {
  const { queries } = house.store;
  const range = { from: view.from, to: view.to };
  const names = view.filters.agent === undefined ? (await queries.choices(range)).agents : [view.filters.agent];
  const cards = names.slice(0, MAX_AGENTS).map(async (agent) => {
    const totals = await queries.totals({ ...range, filters: { ...view.filters, agent } });
    const cost = totals.cost_usd === null ? null : Number(totals.cost_usd);
    return {
      agent,
      turns: totals.requests,
      cost: totals.cost_usd,
      input: totals.input_tokens,
      output: totals.output_tokens,
      cacheRead: totals.cache_read_tokens,
      average: perRequest(cost, costedIn(totals)),
      local: false,
    };
  });
  return (await Promise.all(cards)).filter(({ turns }) => turns > 0);
}

/** One part of a bar, in thousandths of its length. */
export interface Part {
  name: string;
  kind: string;
  x: number;
  width: number;
  value: string;
  share: string;
}

/** Lays parts side by side; those of nothing are left out. */
export function barOf(parts: { name: string; kind: string; size: number; value: string }[]): Part[] {
  const sum = parts.reduce((all, { size }) => all + Math.max(0, size), 0);
  let x = 0;
  return parts.flatMap(({ name, kind, size, value }) => {
    if (!(size > 0)) return [];
    const width = (size / sum) * 1000;
    const part = {
      name,
      kind,
      value,
      x: Math.round(x * 10) / 10,
      width: Math.round(width * 10) / 10,
      share: percent(size / sum),
    };
    x += width;
    return [part];
  });
}

/** Where the tokens went. Cache reads and writes are part of the input, so they come off it. */
export function tokenBar(input: number, output: number, read: number, write: number): Part[] {
  const parts = [
    { name: 'Input', kind: 'input', size: input - read - write },
    { name: 'Cache read', kind: 'read', size: read },
    { name: 'Cache write', kind: 'write', size: write },
    { name: 'Output', kind: 'output', size: output },
  ];
  return barOf(parts.map((part) => ({ ...part, value: compact(part.size) })));
}
