/** The predecessor's report by day, model, service and source. Its errors are as it gave them. */
import type { ParsedUrlQuery } from 'node:querystring';
import type Router from '@koa/router';
import type { WebState } from '../access.ts';
import type { House } from '../house.ts';

const DAY_MS = 86_400_000;
/** A line for each day is made before a row is read. */
const MAX_DAYS = 366;
const LAST_DAY = '9999-12-31';

/** Adds `/api/report`: `start` and `end` are UTC days, both part of it. */
export function addReport(router: Router<WebState>, house: House): void {
  router.get('/api/report', async (ctx) => {
    const missing = ['start', 'end'].filter((name) => typeof ctx.query[name] !== 'string');
    if (missing.length > 0) {
      ctx.status = 422;
      ctx.body = { detail: missing.map(fieldRequired) };
      return;
    }
    const days = daysOf(ctx.query);
    if (typeof days === 'string') {
      ctx.status = 400;
      ctx.body = { error: days };
      return;
    }
    ctx.body = await house.store.queries.report(days);
  });
}

/** As FastAPI says it. */
const fieldRequired = (name: string) => ({ type: 'missing', loc: ['query', name], msg: 'Field required', input: null });

/** The two days, or what is wrong with them. */
function daysOf(query: ParsedUrlQuery): { start: string; end: string } | string {
  const [start, end] = [String(query.start), String(query.end)];
  const [first, last] = [dayOf(start), dayOf(end)];
  if (first === null) return 'start must be a date such as 2026-11-20';
  if (last === null) return 'end must be a date such as 2026-11-20';
  if (last < first) return 'end must be on or after start';
  if (end === LAST_DAY) return 'end date is out of range';
  if ((last - first) / DAY_MS >= MAX_DAYS) return `range must be shorter than ${MAX_DAYS} days`;
  return { start, end };
}

/** Epoch milliseconds of a day that is in the calendar. */
function dayOf(text: string): number | null {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? null : time;
}
