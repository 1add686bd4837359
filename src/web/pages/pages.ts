import type Router from '@koa/router';
import type { WebState } from '../access.ts';
import type { Assets } from '../assets.ts';
import { bannerOf } from '../banner.ts';
import type { Desk } from '../desk.ts';
import { addOverview } from './overview.ts';
import { addPricesPage } from './prices.ts';
import { addRequest } from './request.ts';
import { addRequests } from './requests.ts';
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
  addPricesPage(router, desk);
  addState(router, desk);
}
