import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Choices, Totals } from '../../store/queries/shapes.ts';
import type { WebState } from '../access.ts';
import { type Chart, chartOf } from '../chart.ts';
import { type Desk, zoneOf } from '../desk.ts';
import type { House } from '../house.ts';
import { RANGE_NAMES, type View, viewOf, withQuery } from '../range.ts';
import { agentsOf, cardsOf, honestyOf, tokenBar } from './figures.ts';
import { restsOn } from './rests.ts';
import { rowOf } from './rows.ts';

const PATH = '/dashboard';
const RECENT = 15;
const DAY_MS = 86_400_000;
/** No LLM was billed by the token before. */
const BEGINNING = new Date('2022-01-01T00:00:00Z');

/** Adds the overview. */
export function addOverview(router: Router<WebState>, desk: Desk): void {
  router.get(PATH, async (ctx) => {
    const { house } = desk;
    const view = await viewOf(ctx.query, () => earliest(house));
    const found = await figuresOf(desk, view);
    const chart = chartOf(found.series, {
      zone: zoneOf(ctx),
      from: view.from,
      to: view.to,
      label: `${MEASURES[view.measure]} by ${view.by}, ${view.title}`,
      nameless: `no ${view.by}`,
    });
    const range = view.name === 'custom' ? undefined : view.name;
    desk.show(ctx, 'overview', {
      title: 'Overview',
      menu: 'overview',
      ...controls(ctx, view, found.choices),
      seen: found.newest,
      firstRun: found.newest === 0 ? firstRun(ctx) : null,
      cards: cardsOf(found.totals, found.before),
      honesty: honestyOf(found.totals),
      rests: restsOn(found.totals),
      unknownUrl: withQuery('/dashboard/requests', { ...view.filters }, { range, cost_source: 'unknown' }),
      chart: chartData(ctx, view, chart),
      agents: found.agents,
      tokens: tokensOf(found.totals),
      rows: found.recent.entries.map(rowOf),
      more: withQuery('/dashboard/requests', { ...view.filters }, { range }),
      panels: found.panels,
    });
  });
}

/** Asks for everything the page shows at once. */
async function figuresOf(desk: Desk, view: View) {
  const { queries } = desk.house.store;
  const range = { from: view.from, to: view.to };
  const asked = { ...range, filters: view.filters };
  // First of all: what arrives from now on is told to the page by its feed.
  const newest = await queries.newestSeq();
  const [totals, before, series, agents, choices, recent, panels] = await Promise.all([
    queries.totals(asked),
    totalsBefore(desk.house, view),
    queries.series({ ...asked, bucketMs: view.bucketMs, groupBy: view.by, measure: view.measure }),
    agentsOf(desk.house, view),
    queries.choices(range),
    queries.list({ ...asked, limit: RECENT }),
    panelsOf(desk, view),
  ]);
  return { totals, before, series, agents, choices, recent, newest, panels };
}

const MEASURES = { cost: 'Cost', requests: 'Requests', tokens: 'Tokens', errors: 'Errors' } as const;

/** Everything that changes the view: links and menus, each an address of its own. */
function controls(ctx: Context, view: View, choices: Choices): Record<string, unknown> {
  const { query } = ctx;
  const to = (change: Record<string, string | undefined>): string => withQuery(PATH, query, change);
  return {
    self: to({}),
    view: { ...view, from: view.from.toISOString(), to: view.to.toISOString() },
    live: view.live,
    liveSwitch: to({ live: view.live ? 'off' : undefined }),
    canLive: view.name !== 'custom',
    recentUrl: withQuery('/dashboard/requests', { ...view.filters }, { limit: String(RECENT), range: view.name }),
    ranges: RANGE_NAMES.filter((name) => name !== 'custom').map((name) => ({
      name,
      here: name === view.name,
      href: to({ range: name, from: undefined, to: undefined }),
    })),
    custom: view.name === 'custom' ? { from: dayOf(view.from), to: dayOf(view.to) } : { from: '', to: '' },
    isCustom: view.name === 'custom',
    menus: [
      menuOf('agent', 'All agents', choices.agents, view.filters.agent),
      menuOf('model', 'All models', choices.models, view.filters.model),
      menuOf('provider', 'All providers', choices.providers, view.filters.provider),
    ],
    kept: { range: view.name, by: ctx.query.by, measure: ctx.query.measure, live: ctx.query.live },
    filtered: Object.values(view.filters).some((value) => value !== undefined),
    unfiltered: to({ agent: undefined, model: undefined, provider: undefined }),
  };
}

/** A menu of names; the chosen one is in it even when the stretch has none of it. */
export function menuOf(
  name: string,
  all: string,
  names: readonly string[],
  chosen: string | undefined,
): Record<string, unknown> {
  const known = chosen === undefined || names.includes(chosen) ? names : [chosen, ...names];
  return { name, all, options: known.map((value) => ({ value, chosen: value === chosen })) };
}

function chartData(ctx: Context, view: View, chart: Chart): Record<string, unknown> {
  const to = (change: Record<string, string | undefined>): string => withQuery(PATH, ctx.query, change);
  return {
    ...chart,
    title: `${MEASURES[view.measure]} over time`,
    by: view.by,
    measures: Object.entries(MEASURES).map(([name, title]) => ({
      title,
      here: name === view.measure,
      href: to({ measure: name }),
    })),
    groups: ['agent', 'model'].map((name) => ({ title: name, here: name === view.by, href: to({ by: name }) })),
  };
}

function tokensOf(totals: Totals): Record<string, unknown> {
  const { input_tokens: input, output_tokens: output, cache_read_tokens: read, cache_write_tokens: write } = totals;
  return {
    total: totals.total_tokens,
    reasoning: totals.reasoning_tokens,
    parts: tokenBar(input, output, read, write),
  };
}

function totalsBefore(house: House, { name, from, to, filters }: View): Promise<Totals> | null {
  if (name === 'all') return null;
  const length = to.getTime() - from.getTime();
  return house.store.queries.totals({ from: new Date(from.getTime() - length), to: from, filters });
}

/** When the first exchange was, to the day. */
async function earliest(house: House): Promise<Date> {
  const now = new Date();
  const series = await house.store.queries.series({
    from: BEGINNING,
    to: now,
    bucketMs: DAY_MS,
    groupBy: 'none',
    measure: 'requests',
  });
  const first = series.groups[0]?.values.findIndex((value) => value !== '0') ?? -1;
  const bucket = first === -1 ? undefined : series.buckets[first];
  return bucket === undefined ? new Date(now.getTime() - DAY_MS) : new Date(bucket);
}

/** The first request, ready to be copied. */
function firstRun(ctx: Context): Record<string, unknown> {
  const { listener } = ctx.state as WebState;
  const base = `http://${ctx.get('host')}`;
  const key = listener.locked ? " \\\n  -H 'authorization: Bearer YOUR_GATEWAY_KEY'" : '';
  const body = '{"model":"simulated","messages":[{"role":"user","content":"Hello"}]}';
  return {
    base,
    curl: `curl ${base}/v1/chat/completions${key} \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`,
  };
}

/** Boxes that plugins bring; one that fails says so in its own box. */
async function panelsOf(desk: Desk, { from, to }: View): Promise<Record<string, unknown>[]> {
  return Promise.all(
    desk.house.panels().map(async ({ plugin, panel }) => {
      const box = { plugin, title: panel.title, view: panel.view };
      if (!desk.hasPanel(panel.view)) return { ...box, error: `There is no view views/panels/${panel.view}.hbs.` };
      try {
        return { ...box, data: await panel.data({ from, to }) };
      } catch (error) {
        desk.house.log.error('a panel failed', { plugin, error: (error as Error).name });
        return { ...box, error: 'This panel failed; the log says why.' };
      }
    }),
  );
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 16);
