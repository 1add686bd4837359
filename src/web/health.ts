/** What monitors ask: is it alive, may traffic come, how does it feel. */
import type Router from '@koa/router';
import type { Viewer, WebState } from './access.ts';
import type { House } from './house.ts';

/** Adds `/health`, the probes and `/metrics`. */
export function addHealth(router: Router<WebState>, house: House): void {
  router.get('health', '/health', (ctx) => {
    ctx.body = health(house, ctx.state.listener.agent, ctx.state.viewer);
  });
  // Asks nobody: a process that can answer is alive, whatever its database does.
  router.get(['/healthz', '/live'], (ctx) => {
    ctx.body = { status: 'ok' };
  });
  router.get(['/readyz', '/ready'], (ctx) => {
    const ready = !house.draining() && house.configuration().version !== '';
    ctx.status = ready ? 200 : 503;
    ctx.body = { status: ready ? 'ok' : 'not_ready' };
  });
  router.get('/metrics', async (ctx) => {
    const { contentType, text } = await house.metrics();
    ctx.set('content-type', contentType);
    ctx.body = text;
  });
}

/**
 * The answer of `/health`: the predecessor's four fields, then the state of what we depend on.
 *
 * Strangers learn that something is wrong, not what: no version, path, host or message.
 */
export function health(house: House, agent: string | null, viewer: Viewer): Record<string, unknown> {
  const store = house.store.health();
  const configuration = house.configuration();
  const listeners = house.listeners();
  const up = listeners.filter((listener) => listener.up).length;
  const providers = house.providers();
  const failing = providers.filter(({ lastStatus }) => isFailure(lastStatus));
  const ok = store.ok && configuration.error === null && up === listeners.length && !house.draining();
  const trusted = viewer.kind !== 'stranger';
  return {
    status: ok ? 'ok' : 'degraded',
    agent: agent ?? 'unknown',
    uptime_seconds: Math.floor((Date.now() - house.startedAt) / 1000),
    session_char_limit: house.sessionCharLimit,
    draining: house.draining(),
    database: trusted
      ? { status: store.database, ...store }
      : { status: store.database, journal: store.journal, waiting: store.waiting, lost: store.lost },
    config: trusted
      ? { ok: configuration.error === null, version: configuration.version, error: configuration.error }
      : { ok: configuration.error === null },
    listeners: trusted
      ? listeners.map(({ name, url, up, locked, dashboard }) => ({ name, url, up, locked, dashboard }))
      : { up, total: listeners.length },
    upstreams: trusted
      ? providers
          .filter(({ lastAt }) => lastAt !== null)
          .map(({ name, lastStatus, lastAt }) => ({ name, ok: !isFailure(lastStatus), last: lastStatus, at: lastAt }))
      : { failing: failing.length },
  };
}

/** The last thing an upstream did was to fail: no answer, or an error of its own making. */
export function isFailure(last: number | string | null): boolean {
  return typeof last === 'string' || (last !== null && last >= 500);
}
