import type Router from '@koa/router';
import type { Context, Next } from 'koa';
import type { Page } from '../../plugin.ts';
import type { WebState } from '../access.ts';
import type { Assets } from '../assets.ts';
import { bannerOf } from '../banner.ts';
import { type Desk, zoneOf } from '../desk.ts';
import { Problem } from '../problem.ts';
import { addOverview } from './overview.ts';
import { addPricesPage } from './prices.ts';
import { addRequest } from './request.ts';
import { addRequests } from './requests.ts';
import { addRoutesPage } from './routes.ts';
import { addState } from './state.ts';

/** Adds the pages people look at. */
export function addPages(router: Router<WebState>, desk: Desk, assets: Assets): void {
  router.get('/', (ctx) => {
    // Ollama's clients ask with HEAD whether somebody is there.
    if (ctx.method === 'GET' && ctx.get('accept').includes('text/html')) ctx.redirect('/dashboard');
    else ctx.body = 'Token Spy is running\n';
  });
  router.get('/assets/:name', (ctx) => {
    assets.send(ctx, String(ctx.params.name));
  });
  router.use('/dashboard', async (ctx, next) => {
    ctx.state.unpriced = await bannerOf(ctx, desk.house);
    await next();
  });
  addOverview(router, desk);
  addRequests(router, desk);
  addRequest(router, desk);
  addRoutesPage(router, desk);
  addPricesPage(router, desk);
  addState(router, desk);
  router.get('/dashboard/:name', (ctx, next) => showOwn(ctx, next, desk));
}

/** Shows a page that a plugin brings. */
async function showOwn(ctx: Context, next: Next, desk: Desk): Promise<void> {
  const page = pageOf(desk, ctx.path.slice('/dashboard/'.length));
  if (!page) return next();
  const query = new URLSearchParams(ctx.querystring);
  const { principal } = ctx.state as WebState;
  show(ctx, desk, page, await page.data({ query, zone: zoneOf(ctx), principal }));
}

/** Shows it with the data of a route. */
export async function showWith(ctx: Context, desk: Desk, name: string, data: Record<string, unknown>): Promise<void> {
  const page = pageOf(desk, name);
  if (!page) throw new Error(`no plugin brings a page ${name}`);
  ctx.state.unpriced ??= await bannerOf(ctx, desk.house);
  show(ctx, desk, page, data);
}

const pageOf = (desk: Desk, name: string): Page | undefined => desk.house.pages().find((page) => page.name === name);

function show(ctx: Context, desk: Desk, page: Page, data: Record<string, unknown>): void {
  if (!desk.hasPage(page.name))
    throw new Problem(404, 'not_found', `This page has no view: views/pages/${page.name}.hbs is not there.`);
  desk.show(ctx, page.name, { ...data, title: page.title, menu: page.name, live: page.live ?? false });
}
