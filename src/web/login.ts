/** The login: a gateway key is shown once, a session cookie after that. */
import type Router from '@koa/router';
import type { Context } from 'koa';
import type { Principal } from '../pipeline/principal.ts';
import { checkKey, FORGED, type Gate, SESSION_COOKIE, type WebState } from './access.ts';
import type { Desk } from './desk.ts';
import { Problem } from './problem.ts';
import { randomToken, sameToken } from './sessions.ts';

/** Ties the form to the browser that asked for it, before there is a session. */
const FORM_COOKIE = 'token_spy_login';

/** Adds the login page, the login and the logout. */
export function addLogin(router: Router<WebState>, gate: Gate, desk: Desk): void {
  router.get('/login', (ctx) => {
    const next = localPath(ctx.query.next);
    if (ctx.state.viewer.kind !== 'stranger') return ctx.redirect(next);
    showForm(ctx, desk, next, null);
  });

  router.post('/login', (ctx) => {
    const { form, viewer } = ctx.state;
    const next = localPath(form?.get('next'));
    if (viewer.kind === 'local') return ctx.redirect(next);
    const token = form?.get('token') ?? '';
    if (token === '' || !sameToken(token, ctx.cookies.get(FORM_COOKIE) ?? '')) throw FORGED;
    const key = form?.get('key')?.trim() ?? '';
    const principal = tryKey(ctx, key, gate, desk, next);
    if (principal === null) return;
    if (viewer.kind === 'session') gate.sessions.end(viewer.session.id);
    const session = gate.sessions.begin(key, principal);
    setCookie(ctx, SESSION_COOKIE, session.id, session.expiresAt - Date.now());
    setCookie(ctx, FORM_COOKIE, '', 0);
    ctx.redirect(next);
    ctx.status = 303;
  });

  router.post('/logout', (ctx) => {
    const { viewer } = ctx.state;
    if (viewer.kind === 'session') gate.sessions.end(viewer.session.id);
    setCookie(ctx, SESSION_COOKIE, '', 0);
    ctx.redirect('/login');
    ctx.status = 303;
  });
}

/** Gives the holder of a right key; else shows the form again and gives null. */
function tryKey(ctx: Context, key: string, gate: Gate, desk: Desk, next: string): Principal | null {
  try {
    const principal = checkKey(key, ctx, gate);
    if (principal === null) showForm(ctx, desk, next, { status: 401, message: 'That key is not valid here.' });
    return principal;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    ctx.set(error.headers);
    showForm(ctx, desk, next, error);
    return null;
  }
}

function showForm(ctx: Context, desk: Desk, next: string, error: { status: number; message: string } | null): void {
  const token = randomToken();
  setCookie(ctx, FORM_COOKIE, token, 3_600_000);
  ctx.status = error?.status ?? 200;
  desk.show(ctx, 'login', { title: 'Log in', next, token, error: error?.message ?? null });
}

/** `Secure` only where the browser says that it came by https: behind a proxy our own socket cannot know. */
function setCookie(ctx: Context, name: string, value: string, maxAge: number): void {
  const secure = ctx.get('origin').startsWith('https://') ? '; Secure' : '';
  const life = Math.max(0, Math.floor(maxAge / 1000));
  ctx.append('set-cookie', `${name}=${value}; Path=/; Max-Age=${life}; HttpOnly; SameSite=Strict${secure}`);
}

/** A path on this gateway; whatever could lead elsewhere becomes the dashboard. */
export function localPath(next: unknown): string {
  const path = typeof next === 'string' && next.length <= 2000 ? next : '';
  return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]+$/.test(path) ? path : '/dashboard';
}
