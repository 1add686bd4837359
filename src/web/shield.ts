/** What protects our pages from other pages in the same browser: headers, CORS, the Host check. */
import { isIP } from 'node:net';
import type { Context } from 'koa';
import { isApi, isProbe } from './own-paths.ts';
import { Problem } from './problem.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** Sets the headers that every answer of ours carries. */
export function guardAnswer(ctx: Context): void {
  ctx.set({
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // Nothing to elsewhere; `no-referrer` would take the Origin from our own forms, too.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
  });
}

/**
 * Refuses requests that were meant for another name.
 *
 * A page of a stranger can point its own name at our address (DNS rebinding) and would
 * then be of one origin with us. A literal address cannot be pointed anywhere, so it is
 * always good; so is a request without Host, which no browser sends.
 */
export function checkHost(ctx: Context, hosts: ReadonlySet<string>): void {
  const host = ctx.req.headers.host;
  if (host === undefined || isProbe(ctx.path)) return;
  const name = hostName(host);
  if (name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0 || hosts.has(name)) return;
  throw new Problem(
    421,
    'unknown_host',
    'This gateway does not answer to the name in the Host header. Its operator can add it to server.allow_hosts in gateway.yaml.',
  );
}

/** The name of `name:port` or `[address]:port`, in lower case. */
function hostName(host: string): string {
  const lower = host.toLowerCase();
  if (lower.startsWith('[')) return lower.slice(1, Math.max(1, lower.indexOf(']')));
  return lower.replace(/:\d*$/, '').replace(/\.$/, '');
}

/**
 * Lets the scripts of listed origins read the API; others get no word about CORS.
 *
 * Never with credentials: a script has to bring a key of its own. True when the request
 * was a preflight, which is answered here.
 */
export function allowOrigin(ctx: Context, origins: ReadonlySet<string>): boolean {
  if (!isApi(ctx.path)) return false;
  ctx.vary('origin');
  const origin = ctx.get('origin');
  const preflight = ctx.method === 'OPTIONS';
  if (origin !== '' && origins.has(origin)) {
    ctx.set('access-control-allow-origin', origin);
    if (preflight) {
      ctx.set('access-control-allow-methods', 'GET, HEAD');
      ctx.set('access-control-allow-headers', 'authorization, x-api-key, x-goog-api-key, last-event-id');
      ctx.set('access-control-max-age', '600');
    }
  }
  if (preflight) ctx.status = 204;
  return preflight;
}
