/** What was recorded: lists, single exchanges, sums, series, and the predecessor's answers. */

import type { ParsedUrlQuery } from 'node:querystring';
import type Router from '@koa/router';
import type { Range } from '../../store/queries/shapes.ts';
import type { WebState } from '../access.ts';
import type { House } from '../house.ts';
import { FILTER_NAMES, filters, integer, refuseUnknown, text, time, word } from '../parameters.ts';
import { badParameter, Problem } from '../problem.ts';
import { receiptOf } from '../receipt.ts';

const HOUR_MS = 3_600_000;
const MAX_HOURS = 8784;
const RANGE = ['from', 'to'];
const FILTERS = [...FILTER_NAMES, 'tag'];
/** Buckets of a series whose width nobody gave. */
const BUCKETS = 60;

/** Adds the routes under `/api/v1/` that read exchanges. */
export function addRecords(router: Router<WebState>, house: House): void {
  const { queries } = house.store;
  router.get('/api/v1/requests', async (ctx) => {
    refuseUnknown(ctx.query, [...FILTERS, ...RANGE, 'limit', 'cursor']);
    const page = await queries.list({
      filters: filters(ctx.query),
      from: time(ctx.query, 'from'),
      to: time(ctx.query, 'to'),
      limit: integer(ctx.query, 'limit', 1, 500),
      cursor: text(ctx.query, 'cursor'),
    });
    ctx.body = { data: page.entries, next_cursor: page.next };
  });

  router.get('/api/v1/requests/:id', async (ctx) => {
    const record = await queries.byId(String(ctx.params.id));
    if (!record) throw new Problem(404, 'not_found', 'There is no exchange of this id.');
    ctx.body = record;
  });

  router.get('/api/v1/totals', async (ctx) => {
    refuseUnknown(ctx.query, [...FILTERS, ...RANGE]);
    const range = rangeOf(ctx.query);
    ctx.body = { from: range.from, to: range.to, ...(await queries.totals({ ...range, filters: filters(ctx.query) })) };
  });

  router.get('/api/v1/series', async (ctx) => {
    refuseUnknown(ctx.query, [...FILTERS, ...RANGE, 'measure', 'group_by', 'bucket_seconds', 'top']);
    const range = rangeOf(ctx.query);
    const seconds = integer(ctx.query, 'bucket_seconds', 1, 366 * 86_400);
    ctx.body = await queries.series({
      ...range,
      filters: filters(ctx.query),
      measure: word(ctx.query, 'measure', ['cost', 'requests', 'tokens', 'errors'], 'cost'),
      groupBy: word(ctx.query, 'group_by', ['agent', 'model', 'provider', 'none'], 'none'),
      bucketMs: seconds ? seconds * 1000 : Math.ceil((range.to.getTime() - range.from.getTime()) / BUCKETS),
      top: integer(ctx.query, 'top', 1, 20),
    });
  });
}

/** Adds what explains one exchange. */
export function addReceipts(router: Router<WebState>, house: House): void {
  router.get('/api/v1/requests/:id/receipt', async (ctx) => {
    refuseUnknown(ctx.query, []);
    const record = await house.store.queries.byId(String(ctx.params.id));
    if (!record) throw new Problem(404, 'not_found', 'There is no exchange of this id.');
    ctx.body = receiptOf(record);
  });
}

/** Adds `/api/usage`, `/token-usage` and `/api/summary`, whose readers know the predecessor. */
export function addPredecessor(router: Router<WebState>, house: House): void {
  const { queries } = house.store;
  router.get(['/api/usage', '/token-usage'], async (ctx) => {
    ctx.body = await queries.usageRows({
      agent: text(ctx.query, 'agent'),
      hours: integer(ctx.query, 'hours', 1, MAX_HOURS),
      limit: integer(ctx.query, 'limit', 1, 10_000),
    });
  });
  router.get('/api/summary', async (ctx) => {
    ctx.body = await queries.summary({ hours: integer(ctx.query, 'hours', 1, MAX_HOURS) });
  });
}

/** The last 24 hours unless told. */
function rangeOf(query: ParsedUrlQuery): Range {
  const to = time(query, 'to') ?? new Date();
  const from = time(query, 'from') ?? new Date(to.getTime() - 24 * HOUR_MS);
  if (from > to) throw badParameter('from', 'must not be after to');
  return { from, to };
}
