/** What is known of prices, from where and from when, and which models lack one. */
import type { ParsedUrlQuery } from 'node:querystring';
import type Router from '@koa/router';
import { trace } from '../../metering/price-trace.ts';
import type { WebState } from '../access.ts';
import type { House } from '../house.ts';
import { integer, refuseUnknown, text, time } from '../parameters.ts';
import { searchPrices } from '../price-search.ts';
import { shapeOf, sourcesOf } from '../price-shape.ts';
import { pricingYaml } from '../price-yaml.ts';
import { badParameter } from '../problem.ts';
import { unpricedIn } from '../unpriced.ts';

const PAGE = 50;
const MOST = 500;
const MONTH_MS = 30 * 86_400_000;

/** Adds `/api/v1/prices` and `/api/v1/prices/unpriced`. */
export function addPrices(router: Router<WebState>, house: House): void {
  router.get('/api/v1/prices', (ctx) => {
    refuseUnknown(ctx.query, ['provider', 'model', 'q', 'limit', 'cursor']);
    const [provider, model] = [text(ctx.query, 'provider'), text(ctx.query, 'model')];
    const now = new Date();
    const loaded = loadedOn(house);
    const found =
      provider !== undefined && model !== undefined
        ? lookUp(ctx.query, house, provider, model, now)
        : list(ctx.query, house, now);
    ctx.body = { at: now, sources: sourcesOf(house.prices(), loaded), ...found };
  });

  router.get('/api/v1/prices/unpriced', async (ctx) => {
    refuseUnknown(ctx.query, ['from', 'to']);
    const to = time(ctx.query, 'to') ?? new Date();
    const from = time(ctx.query, 'from') ?? new Date(to.getTime() - MONTH_MS);
    if (from > to) throw badParameter('from', 'must not be after to');
    const models = await unpricedIn(house, { from, to });
    ctx.body = {
      from,
      to,
      data: models.map(({ yaml, ...model }) => ({ ...model, yaml: yaml && pricingYaml([yaml]) })),
    };
  });
}

function list(query: ParsedUrlQuery, house: House, now: Date): Record<string, unknown> {
  const { prices, count, next } = searchPrices(house.prices(), {
    provider: text(query, 'provider'),
    model: text(query, 'model'),
    q: text(query, 'q'),
    limit: integer(query, 'limit', 1, MOST) ?? PAGE,
    cursor: text(query, 'cursor'),
  });
  return { count, data: prices.map((price) => shapeOf(price, now, loadedOn(house))), next_cursor: next };
}

/** The lookup that an answer of now would get, and how it went. */
function lookUp(
  query: ParsedUrlQuery,
  house: House,
  provider: string,
  model: string,
  now: Date,
): Record<string, unknown> {
  for (const name of ['q', 'limit', 'cursor'])
    if (text(query, name) !== undefined)
      throw badParameter(name, 'means nothing where provider and model name one price');
  const isFree = house.providers().some(({ name, free }) => free && name === provider);
  const found = isFree ? null : trace(house.prices(), provider, model, now);
  return {
    provider,
    model,
    price: found && shapeOf(found.price, now, loadedOn(house)),
    reason: isFree ? 'free_provider' : (found?.by ?? 'none'),
    matched: found?.name ?? null,
    list: found?.list ?? null,
  };
}

/** The day on which the running gateway.yaml was taken. */
export const loadedOn = (house: House): string => house.configuration().loadedAt.slice(0, 10);
