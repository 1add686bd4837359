/** Which requests are the gateway's own, told by the raw request target; all others are traffic. */

/** First segments under which everything is ours. */
const AREAS = new Set(['dashboard', 'assets']);
const EXACT = new Set([
  '/login',
  '/logout',
  '/health',
  '/healthz',
  '/readyz',
  '/live',
  '/ready',
  '/metrics',
  '/token-usage',
  '/token_events',
  '/api/usage',
  '/api/summary',
  '/api/report',
  '/api/filter-stats',
  '/api/reset-session',
  '/api/session-status',
  '/api/settings',
  // Ours even where no plugin takes it: what was meant for us must not reach a provider.
  '/api/ingest/routed',
]);
/** OpenRouter serves these calls under /api/v1 too; an SDK that is given its address with our host means traffic. */
const TRAFFIC = /^\/api\/v1\/(?:chat\/completions|completions|responses|embeddings|messages)$/;
/** Asked by orchestrators, answered to anybody: they tell one word. */
const PROBES = new Set(['/healthz', '/readyz', '/live', '/ready']);

/**
 * Tells whether a request is for the gateway itself.
 *
 * It runs before anything else for every request, so it looks at the raw target and
 * decodes nothing: another spelling of our path is traffic, and no login is in its way
 * to be tricked. `/api/chat` and the like belong to Ollama's API and are traffic too.
 */
export function isOwn(method: string, target: string, extra: ReadonlySet<string>): boolean {
  const path = pathOf(target);
  const end = path.indexOf('/', 1);
  const first = end === -1 ? path.slice(1) : path.slice(1, end);
  if (first === 'v1') return extra.size > 0 && extra.has(path);
  if (first === '') return path === '/' && (method === 'GET' || method === 'HEAD');
  if (TRAFFIC.test(path)) return false;
  return AREAS.has(first) || EXACT.has(path) || path.startsWith('/api/v1/') || path === '/api/v1' || extra.has(path);
}

/** The target without its query. */
export function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}

/** Liveness and readiness: no login, no Host check, no facts. */
export const isProbe = (path: string): boolean => PROBES.has(path);

/** Answers JSON, whoever asks; everything else of ours is a page. */
export function isApi(path: string): boolean {
  return !(AREAS.has(path.split('/', 2)[1] ?? '') || path === '/' || path === '/login' || path === '/logout');
}
