import type Router from '@koa/router';
import type { Price, PriceBook } from '../../metering/prices.ts';
import type { WebState } from '../access.ts';
import { loadedOn } from '../api/prices.ts';
import type { Desk } from '../desk.ts';
import { text } from '../parameters.ts';
import { searchPrices } from '../price-search.ts';
import { type PriceShape, type RateTexts, type SelectorShape, shapeOf, sourcesOf } from '../price-shape.ts';
import { pricingYaml } from '../price-yaml.ts';
import { withQuery } from '../range.ts';
import { type OpenModel, unpricedIn } from '../unpriced.ts';
import { menuOf } from './overview.ts';
import { whyOf } from './why.ts';

const PATH = '/dashboard/prices';
const PAGE = 50;
const MONTH_MS = 30 * 86_400_000;
/** Models whose lines of YAML are written out. */
const WRITTEN = 30;

/** Adds the page of prices. */
export function addPricesPage(router: Router<WebState>, desk: Desk): void {
  const { house } = desk;
  router.get(PATH, async (ctx) => {
    const now = new Date();
    const loaded = loadedOn(house);
    const book = house.prices();
    const [provider, q, cursor] = ['provider', 'q', 'cursor'].map((name) => text(ctx.query, name));
    const page = searchPrices(book, { provider, q, cursor, limit: PAGE });
    const models = await unpricedIn(house, { from: new Date(now.getTime() - MONTH_MS), to: now });
    desk.show(ctx, 'prices', {
      title: 'Prices',
      menu: 'prices',
      live: true,
      q: q ?? '',
      menus: [menuOf('provider', 'All price lists', listsOf(book), provider)],
      filtered: q !== undefined || provider !== undefined,
      unfiltered: PATH,
      count: page.count,
      rows: page.prices.map((price) => rowOf(price, now, loaded)),
      first: cursor === undefined ? null : withQuery(PATH, ctx.query, { cursor: undefined }),
      next: page.next === null ? null : withQuery(PATH, ctx.query, { cursor: page.next }),
      sources: sourcesOf(book, loaded).map((source) => ({ ...source, name: nameOf(source) })),
      ...missing(models),
    });
  });
}

function missing(models: readonly OpenModel[]): Record<string, unknown> {
  const open = models.filter(({ open }) => open);
  const shown = (model: OpenModel) => ({
    ...model,
    why: whyOf(model.unpriced),
    tokens: model.input_tokens + model.output_tokens,
    requestsUrl: `/dashboard/requests?${new URLSearchParams({
      cost_source: 'unknown',
      ...(model.provider !== null && { provider: model.provider }),
      ...(model.model !== null && { model: model.model }),
    })}`,
  });
  const lines = [...new Set(open.flatMap(({ yaml }) => (yaml === null ? [] : [yaml])))];
  return {
    open: open.map(shown),
    since: models.filter(({ open }) => !open).map(shown),
    yaml: lines.length === 0 ? null : pricingYaml(lines.slice(0, WRITTEN)),
    unwritten: Math.max(0, lines.length - WRITTEN),
  };
}

function listsOf(book: PriceBook): string[] {
  const lists = new Set(book.prices.map(({ list }) => list).filter((list) => list !== null));
  return [...lists].sort();
}

/** The columns that most models fill; all else is told in sentences. */
const COLUMNS = ['input', 'output', 'cache_read', 'cache_write'] as const;

function rowOf(price: Price, now: Date, loaded: string | null): Record<string, unknown> {
  const shape = shapeOf(price, now, loaded);
  const { rates, free, from } = shape;
  const more = moreOf(shape);
  return {
    ...shape,
    columns: COLUMNS.map((name) => rates[name] ?? (free ? '0' : null)),
    more,
    source_name: nameOf(from),
    text: shape.source,
    date: from.date,
    expired: !shape.in_force,
  };
}

const SOURCES = { provider: 'providers', pricing: 'pricing', overrides: 'overrides', table: null, file: null } as const;

/** As people know the place. */
function nameOf({ kind, name }: { kind: keyof typeof SOURCES; name: string }): string {
  return SOURCES[kind] ?? name;
}

/** What a price says beyond its columns, a sentence each. */
function moreOf(price: PriceShape): string[] {
  const rest = Object.entries(price.rates).filter(([name]) => !(COLUMNS as readonly string[]).includes(name));
  return [
    ...rest.map(([name, rate]) => `${name} ${rate}`),
    ...price.tiers.map(({ input_over: over, input_at_least: least, rates }) => {
      const tokens = (least ?? over ?? 0).toLocaleString('en-US');
      return `${least === null ? 'over' : 'from'} ${tokens} input tokens: ${ratesIn(rates)}`;
    }),
    ...selectors('service tier', price.service_tiers),
    ...selectors('speed', price.speeds),
    ...Object.entries(price.geo_multiplier).map(([region, by]) => `region ${region}: × ${by}`),
    ...price.hours.map(({ from, to, days, except, ...selector }) => {
      const when = `${from} to ${to} UTC${days.length > 0 ? `, ${days.join(' ')}` : ''}`;
      return `${when}${except.length > 0 ? ` except ${except.length} days` : ''}: ${selectorIn(selector)}`;
    }),
    ...Object.entries(price.same_as).map(([name, other]) => `${name} costs the same as ${other}`),
    ...(price.names.length > 0 ? [`also called ${price.names.join(', ')}`] : []),
    ...(price.dated ? ['a date may follow the name'] : []),
    ...(price.from.changed.length > 0 ? [`from overrides: ${price.from.changed.join(', ')}`] : []),
  ];
}

function selectors(what: string, map: Readonly<Record<string, SelectorShape>>): string[] {
  return Object.entries(map).map(([name, selector]) => `${what} ${name}: ${selectorIn(selector)}`);
}

function selectorIn({ multiplier, rates }: SelectorShape): string {
  return [multiplier === null ? '' : `× ${multiplier}`, ratesIn(rates)].filter((words) => words !== '').join(', ');
}

const ratesIn = (rates: RateTexts): string =>
  Object.entries(rates)
    .map(([name, rate]) => `${name} ${rate}`)
    .join(', ');
