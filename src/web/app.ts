import type { IncomingMessage, ServerResponse } from 'node:http';
import Router from '@koa/router';
import Koa, { type Context, type Next } from 'koa';
import type { ListenerFacts } from '../pipeline/asked.ts';
import type { Principal } from '../pipeline/principal.ts';
import { admit, type Gate, identify, refuseForgery, type Viewer, type WebListener, type WebState } from './access.ts';
import { addConfig } from './api/config.ts';
import { addEvents } from './api/events.ts';
import { addPrices } from './api/prices.ts';
import { addPredecessor, addReceipts, addRecords } from './api/records.ts';
import { addReport } from './api/report.ts';
import { addRoutes } from './api/routes.ts';
import { Assets } from './assets.ts';
import { Desk } from './desk.ts';
import { Feeds } from './feed.ts';
import { addHealth } from './health.ts';
import type { House } from './house.ts';
import { addLogin } from './login.ts';
import { isApi, isOwn } from './own-paths.ts';
import { addPages, showWith } from './pages/pages.ts';
import { Problem } from './problem.ts';
import { Renderer } from './render.ts';
import { Sessions } from './sessions.ts';
import { allowOrigin, checkHost, guardAnswer } from './shield.ts';
import { Throttle } from './throttle.ts';

export interface WebApp {
  /** Takes every request of a listener. */
  (req: IncomingMessage, res: ServerResponse, listener: WebListener): void;
  /** Ends logins and event feeds, so that the listeners can close. */
  close(): void;
  /** What it answers, beside the routes of plugins: for who takes stock of them. */
  readonly routes: readonly { readonly methods: readonly string[]; readonly path: string }[];
}

const NO_PATHS: ReadonlySet<string> = new Set();

/**
 * Makes the function that takes every request: our own go to Koa, all others to the proxy.
 *
 * Traffic is told apart by its raw target, before Koa makes an object for it.
 */
export function createApp(
  house: House,
  proxy: (req: IncomingMessage, res: ServerResponse, listener: ListenerFacts) => void,
): WebApp {
  const listeners = new WeakMap<IncomingMessage, WebListener>();
  const sessions = new Sessions((key) => house.principal(key));
  const gate: Gate = { house, sessions, throttle: new Throttle() };
  const feeds = new Feeds();
  const assets = new Assets();
  const desk = new Desk(house, new Renderer(), assets);
  const app = new Koa({ proxy: false });
  app.on('error', (error: Error) => house.log.error('a page or an API call failed', { error: lineOf(error) }));
  app.use((ctx, next) => answer(ctx, next, desk));
  app.use((ctx, next) => letIn(ctx, next, listeners.get(ctx.req)!, gate));
  const router = routesOf(gate, desk, feeds, assets);
  app.use(router.routes());
  app.use((ctx, next) => {
    ctx.state.show = (page: string, data: Record<string, unknown>) => showWith(ctx, desk, page, data);
    return (house.routes?.() as Router | undefined)?.routes()(ctx as never, next) ?? next();
  });
  const own = app.callback();

  const take = (req: IncomingMessage, res: ServerResponse, listener: WebListener): void => {
    if (isOwn(req.method ?? 'GET', req.url ?? '/', house.ownPaths?.() ?? NO_PATHS)) {
      listeners.set(req, listener);
      void own(req, res);
    } else proxy(req, res, listener);
  };
  const close = (): void => {
    feeds.close();
    sessions.endAll();
  };
  const routes = router.stack.map(({ methods, path }) => ({ methods, path: String(path) }));
  return Object.assign(take, { close, routes });
}

function routesOf(gate: Gate, desk: Desk, feeds: Feeds, assets: Assets): Router<WebState> {
  const router = new Router<WebState>({ sensitive: true });
  addHealth(router, gate.house);
  addLogin(router, gate, desk);
  addPredecessor(router, gate.house);
  addReport(router, gate.house);
  addRecords(router, gate.house);
  addReceipts(router, gate.house);
  addPrices(router, gate.house);
  addConfig(router, gate.house);
  addRoutes(router, gate.house);
  addEvents(router, gate, feeds);
  addPages(router, desk, assets);
  return router;
}

/** Host, CORS, who is asking, whether he may, whether it was he who asked: in this order. */
async function letIn(ctx: Context, next: Next, listener: WebListener, gate: Gate): Promise<void> {
  checkHost(ctx, gate.house.hosts());
  if (allowOrigin(ctx, gate.house.corsOrigins())) return;
  const state = ctx.state as WebState;
  const viewer = identify(ctx, listener, gate);
  const principal = principalOf(viewer);
  Object.assign(state, { listener, viewer, principal, who: principal?.name ?? null, form: null });
  admit(ctx, state);
  await refuseForgery(ctx, state);
  // Who is let in may send the body that he asks about; forms were read by now.
  if (state.form === null && (ctx.req as { wantsContinue?: boolean }).wantsContinue) ctx.res.writeContinue();
  await next();
}

/** Whose key it is, shown now or at the login. */
function principalOf(viewer: Viewer): Principal | null {
  if (viewer.kind === 'session') return viewer.session.principal;
  return 'principal' in viewer ? viewer.principal : null;
}

/** Turns what goes wrong into an answer: JSON for programs, a page for people. */
async function answer(ctx: Context, next: Next, desk: Desk): Promise<void> {
  guardAnswer(ctx);
  ctx.state.viewer = { kind: 'stranger' };
  try {
    await next();
    if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false) throw NOT_FOUND;
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status >= 500) ctx.app.emit('error', error, ctx);
    if (ctx.res.headersSent) return void ctx.res.destroy();
    ctx.status = problem.status;
    ctx.set(problem.headers);
    if (problem.headers.location) return;
    if (isApi(ctx.path) || !ctx.get('accept').includes('text/html')) {
      ctx.body = { error: { code: problem.code, message: problem.message } };
    } else {
      desk.show(ctx, 'problem', { title: titleOf(problem.status), status: problem.status, message: problem.message });
    }
  }
}

const NOT_FOUND = new Problem(404, 'not_found', 'There is nothing under this address.');

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name === 'StoreError' && code === 'bad_question') return new Problem(400, 'invalid_parameter', message ?? '');
  if (name?.startsWith('Sequelize')) {
    return new Problem(
      503,
      'database_unavailable',
      'The database does not answer now. Traffic goes on, and what happens is kept.',
    );
  }
  return new Problem(500, 'internal_error', 'The gateway failed on this request; its log says why.');
}

function titleOf(status: number): string {
  if (status === 404) return 'Not found';
  return status >= 500 ? 'Something went wrong' : 'Not possible';
}

/** The first frame tells where; a message may quote what nobody may read. */
function lineOf(error: Error): string {
  const frame = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
  return `${error.name}${frame ? ` ${frame.trim().replace(/file:\/\/\S*\/(?=src\/)/, '')}` : ''}`;
}
