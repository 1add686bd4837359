/** Who is asking, and whether he may. */
import type { Context } from 'koa';
import type { ListenerFacts } from '../pipeline/asked.ts';
import type { Principal } from '../pipeline/principal.ts';
import type { RouteState } from '../plugin.ts';
import type { UnpricedBanner } from './banner.ts';
import type { House } from './house.ts';
import { isApi, isProbe } from './own-paths.ts';
import { KEY_NEEDED, Problem, TOO_MANY_FAILURES } from './problem.ts';
import { randomToken, type Session, type Sessions, sameToken } from './sessions.ts';
import type { Throttle } from './throttle.ts';

/** A port, and whether the pages are served there. */
export type WebListener = ListenerFacts & { readonly dashboard: boolean };

/** - `local`: the listener is open and on loopback; a key that is shown all the same tells whose request it is. */
export type Viewer =
  | { kind: 'stranger' }
  | { kind: 'local'; principal: Principal | null }
  | { kind: 'key'; principal: Principal }
  | { kind: 'session'; session: Session };

/** Everything a route of ours finds in `ctx.state`. */
export interface WebState extends Omit<RouteState, 'show'> {
  listener: WebListener;
  viewer: Viewer;
  /** Fields of a posted form, once they were read. */
  form: URLSearchParams | null;
  /** What the banner of a page says of missing prices. */
  unpriced?: UnpricedBanner | null;
}

export const SESSION_COOKIE = 'token_spy_session';
/** No key is longer; what is longer need not be compared. */
const MAX_KEY = 512;

export interface Gate {
  house: House;
  sessions: Sessions;
  throttle: Throttle;
}

/** Forms of viewers who need no login carry this; it changes with each start. */
const localToken = randomToken();

/** The token that our own forms send along; '' for those who have none. */
export function tokenOf(viewer: Viewer): string {
  if (viewer.kind === 'session') return viewer.session.token;
  return viewer.kind === 'local' ? localToken : '';
}

/** Tells who is asking. A wrong key is a stranger, and is counted; throws 429 once it was too many. */
export function identify(ctx: Context, listener: WebListener, gate: Gate): Viewer {
  const key = keyOf(ctx);
  // There a wrong key is nobody's guess: clients send the key of their provider.
  const isLocal = isOpen(ctx, listener, gate.house);
  if (isLocal) return { kind: 'local', principal: key === null ? null : gate.house.principal(key, ctx.path) };
  if (key !== null) {
    const principal = checkKey(key, ctx, gate, ctx.path);
    if (principal !== null) return { kind: 'key', principal };
  }
  // A listener of the proxy alone knows no logins: cookies do not tell ports apart.
  const session = listener.dashboard ? gate.sessions.find(ctx.cookies.get(SESSION_COOKIE)) : null;
  return session ? { kind: 'session', session } : { kind: 'stranger' };
}

/**
 * Gives the holder of a right key, null for a wrong one; throws 429 before it looks when too many were wrong.
 *
 * @param path what it has to open; without it, all of ours
 */
export function checkKey(key: string, ctx: Context, { house, throttle }: Gate, path?: string): Principal | null {
  const address = ctx.req.socket.remoteAddress ?? '';
  if (throttle.blocks(address)) throw TOO_MANY_FAILURES;
  const principal = key !== '' && key.length <= MAX_KEY ? house.principal(key, path) : null;
  if (!principal) throttle.failed(address);
  return principal;
}

/** Lets in or refuses: browsers are sent to the login, programs get 401. */
export function admit(ctx: Context, { listener, viewer }: WebState): void {
  if (viewer.kind !== 'stranger' || isPublic(ctx.path, listener)) return;
  const isPage = listener.dashboard && !isApi(ctx.path);
  if (isPage && ctx.get('hx-request') === 'true') throw toLogin(401, 'hx-redirect', '/login');
  if (isPage && ctx.method === 'GET' && ctx.get('accept').includes('text/html')) {
    throw toLogin(302, 'location', `/login?next=${encodeURIComponent(ctx.url)}`);
  }
  if (listener.dashboard && ctx.get('hx-request') === 'true') throw toLogin(401, 'hx-redirect', '/login');
  throw KEY_NEEDED;
}

function toLogin(status: number, header: string, to: string): Problem {
  return new Problem(status, KEY_NEEDED.code, 'Please log in.', { [header]: to });
}

function isPublic(path: string, listener: WebListener): boolean {
  if (isProbe(path) || path === '/health') return true;
  return listener.dashboard && (path === '/' || path === '/login' || path === '/logout' || path.startsWith('/assets/'));
}

/**
 * An open port on loopback: whoever reaches it sits at this machine.
 *
 * An open port elsewhere (`auth: none`) is open for traffic only. Forwarding headers
 * are not looked at: anybody can write them.
 */
function isOpen(ctx: Context, listener: WebListener, house: House): boolean {
  if (listener.locked || !listener.dashboard || !isLoopback(ctx.req.socket.localAddress ?? '')) return false;
  const bound = house.listeners().find(({ name }) => name === listener.name);
  return bound !== undefined && isLoopback(hostOf(bound.url));
}

function hostOf(url: string): string {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return '';
  }
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address) || address === '::1' || address === 'localhost';
}

/** The key a request shows in one of the places where SDKs put it; null when none is there. */
function keyOf(ctx: Context): string | null {
  const { authorization } = ctx.req.headers;
  if (authorization !== undefined && /^bearer /i.test(authorization)) return authorization.slice(7).trim();
  return ctx.get('x-api-key') || ctx.get('x-goog-api-key') || null;
}

/**
 * Refuses requests that change something and that another page has caused.
 *
 * First the browser's own word about where it comes from, then the token of our forms.
 * Programs that show a key in a header are asked for neither: no page can make a browser do that.
 */
export async function refuseForgery(ctx: Context, state: WebState): Promise<void> {
  if (['GET', 'HEAD', 'OPTIONS'].includes(ctx.method)) return;
  const site = ctx.get('sec-fetch-site');
  const origin = ctx.get('origin');
  const isOwn =
    site !== '' ? ['same-origin', 'none'].includes(site) : origin === '' || isOwnOrigin(origin, ctx.get('host'));
  if (!isOwn) throw FORGED;
  if (ctx.is('application/x-www-form-urlencoded')) state.form = await readForm(ctx);
  if (state.viewer.kind === 'key' || ctx.path === '/login') return;
  const isProgram = state.viewer.kind === 'local' && site === '' && origin === '';
  if (isProgram || state.viewer.kind === 'stranger') return;
  const token = ctx.get('x-csrf-token') || state.form?.get('token') || '';
  if (!sameToken(token, tokenOf(state.viewer))) throw FORGED;
}

export const FORGED = new Problem(
  403,
  'forged_request',
  'This request did not come from a page of this gateway. Reload the page and try again.',
);
const MAX_FORM = 64 * 1024;

function isOwnOrigin(origin: string, host: string): boolean {
  try {
    return new URL(origin).host.toLowerCase() === new URL(`http://${host}`).host.toLowerCase();
  } catch {
    return false; // `null`, or no URL
  }
}

async function readForm(ctx: Context): Promise<URLSearchParams> {
  let text = '';
  if ((ctx.req as { wantsContinue?: boolean }).wantsContinue) ctx.res.writeContinue();
  for await (const chunk of ctx.req.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_FORM) throw new Problem(413, 'form_too_large', 'The form is too large.');
  }
  return new URLSearchParams(text);
}
