import { definePlugin, type Exchange, type ExchangeState } from '../src/plugin.ts';

/**
 * Finds out who is calling: agent, session, user, project, environment and tags.
 *
 * It reads what callers already send: headers of this gateway and of those it replaces,
 * ids that coding agents put into headers and bodies, the gateway key, the path prefix
 * `/agents/NAME/`, the query, the port. Headers that only a gateway understands stay
 * here. Session headers that a provider reads itself travel on: Codex, Claude Code and
 * OpenCode steer the provider's prompt cache with them.
 *
 * @example
 *   - plugin: identity
 *     agent: my-laptop       # for callers that say nothing about themselves
 *     environment: dev
 */
export default definePlugin({
  summary: 'Finds out who is calling: agent, session, user, project, environment and tags.',
  options: {
    agent: { type: 'string', default: 'default', minLength: 1, maxLength: 128, description: 'Name of an agent that nothing else names.' },
    project: { type: 'string', minLength: 1, maxLength: 128, description: 'Project of callers that name none.' },
    environment: { type: 'string', minLength: 1, maxLength: 128, description: 'Environment of callers that name none.' },
  },
  setup: ({ options }) => ({
    onRequest(exchange) {
      const { request, principal, listener, state } = exchange;
      const { query } = request;
      const tags = tagsOf(exchange);
      const metadata = request.member('metadata');
      const told = { ...json(request.header('x-portkey-metadata')), ...json(request.header('x-token-spy-metadata')) };

      state.agent = first(header(exchange, 'x-token-spy-agent'), request.pathAgent, query.get('agent'), principal?.agent, listener.agent) ?? options.agent;
      keep(state, 'tenant', principal?.tenant);
      keep(state, 'project', first(header(exchange, 'x-token-spy-project', 'x-tokencap-project-id'), query.get('project_id'), principal?.project, options.project));
      keep(state, 'user', first(header(exchange, ...USER_HEADERS), told._user, request.text('user'), plainUser(metadata), principal?.user));
      keep(state, 'environment', first(header(exchange, 'x-token-spy-environment'), tags.env, tags.environment, principal?.environment, options.environment));
      if (Object.keys(tags).length > 0) state.tags = tags;
      const session = sessionOf(exchange, metadata);
      if (session) state.session = session;

      for (const name of STAY_HERE) request.hideHeader(name);
      for (const name of QUERY_NAMES) if (query.has(name)) request.hideQuery(name);
    },
  }),
});

const USER_HEADERS = ['x-token-spy-user', 'x-litellm-customer-id', 'x-litellm-end-user-id', 'helicone-user-id'];
/** Beside the headers that begin like a gateway's name, which never leave. */
const STAY_HERE = ['x-session-id', 'x-parent-session-id'];
const QUERY_NAMES = ['agent', 'project_id'];

type Session = NonNullable<ExchangeState['session']>;
/** In this order: a header that means a session before one that may mean a single request. */
const SESSION_HEADERS: readonly [string, Session['confidence']][] = [
  ['x-token-spy-session', 'high'],
  ['x-claude-code-session-id', 'high'],
  ['session-id', 'high'],
  ['session_id', 'high'],
  ['x-session-id', 'high'],
  ['x-session-affinity', 'medium'],
  ['helicone-session-id', 'high'],
  ['x-litellm-trace-id', 'high'],
  ['x-litellm-session-id', 'high'],
];
const LATE_HEADERS: readonly [string, Session['confidence']][] = [
  ['x-portkey-trace-id', 'medium'],
  ['x-client-request-id', 'low'],
];

function sessionOf(exchange: Exchange, metadata: unknown): Session | null {
  const { request } = exchange;
  const byHeader = (list: typeof SESSION_HEADERS): Session | null => {
    for (const [name, confidence] of list) {
      const id = clean(request.header(name));
      if (id) return { id, source: `header:${name}`, confidence };
    }
    return null;
  };
  return byHeader(SESSION_HEADERS) ?? vendorHeader(exchange) ?? bodySession(exchange, metadata) ?? byHeader(LATE_HEADERS) ?? trace(exchange);
}

/** `x-<vendor>-session-id`, at least eight characters of the usual kind. */
function vendorHeader({ request }: Exchange): Session | null {
  for (const name in request.headers) {
    if (!name.startsWith('x-') || !name.endsWith('-session-id') || name === 'x-parent-session-id') continue;
    const id = request.header(name) ?? '';
    if (/^[A-Za-z0-9_-]{8,128}$/.test(id)) return { id, source: `header:${name}`, confidence: 'medium' };
  }
  return null;
}

function bodySession({ request }: Exchange, metadata: unknown): Session | null {
  const user = (metadata as { user_id?: unknown } | undefined)?.user_id;
  const inUser = typeof user === 'string' ? /session[_:-]([A-Za-z0-9-]{8,64})/.exec(user)?.[1] : undefined;
  if (inUser) return { id: inUser, source: 'body:metadata.user_id', confidence: 'high' };
  const named = clean((metadata as { session_id?: unknown } | undefined)?.session_id);
  if (named) return { id: named, source: 'body:metadata.session_id', confidence: 'high' };
  const conversation = request.member('conversation');
  const id = clean(typeof conversation === 'string' ? conversation : (conversation as { id?: unknown } | undefined)?.id);
  if (id) return { id, source: 'body:conversation', confidence: 'high' };
  const cacheKey = clean(request.text('prompt_cache_key'));
  return cacheKey ? { id: cacheKey, source: 'body:prompt_cache_key', confidence: 'medium' } : null;
}

/** The trace id of W3C trace context: one trace is one task, often one conversation. */
function trace({ request }: Exchange): Session | null {
  const id = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(request.header('traceparent') ?? '')?.[1];
  return id ? { id, source: 'header:traceparent', confidence: 'low' } : null;
}

const MAX_TAGS = 20;

/** Tags in every spelling that is in use, the later ones winning: the key's, then other gateways', then ours. */
function tagsOf({ request, principal }: Exchange): Record<string, string> {
  const found: [string, unknown][] = Object.entries(principal?.tags ?? {});
  for (const name of ['cf-aig-metadata', 'x-litellm-spend-logs-metadata', 'x-portkey-metadata']) {
    found.push(...Object.entries(json(request.header(name))).filter(([key]) => !key.startsWith('_')));
  }
  for (const name in request.headers) if (name.startsWith('helicone-property-')) found.push([name.slice(18), request.header(name)]);
  for (const name of ['x-litellm-tags', 'x-openclaw-tags', 'x-token-spy-tags']) {
    for (const pair of (request.header(name) ?? '').split(',')) {
      const [key = '', ...value] = pair.split(/[=:]/);
      found.push([key, value.length > 0 ? value.join('=') : 'true']);
    }
  }
  const tags: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [key, value] of found) {
    const name = clean(key, 64)?.toLowerCase();
    const text = clean(typeof value === 'number' || typeof value === 'boolean' ? String(value) : value, 256);
    if (name && text && (name in tags || Object.keys(tags).length < MAX_TAGS)) tags[name] = text;
  }
  return { ...tags };
}

/** `metadata.user_id` where it is a user and not a bundle of ids. */
function plainUser(metadata: unknown): string | undefined {
  const user = (metadata as { user_id?: unknown } | undefined)?.user_id;
  return typeof user === 'string' && !user.includes('session') ? user : undefined;
}

function header({ request }: Exchange, ...names: string[]): string | undefined {
  return names.map((name) => request.header(name)).find((value) => value !== undefined && value !== '');
}

function first(...values: unknown[]): string | undefined {
  for (const value of values) {
    const text = clean(value);
    if (text) return text;
  }
  return undefined;
}

/** A short line without control characters; undefined for anything else. */
function clean(value: unknown, limit = 128): string | undefined {
  if (typeof value !== 'string') return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const text = value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ').trim();
  return text === '' ? undefined : text.slice(0, limit).toWellFormed();
}

function json(text: string | undefined): Record<string, unknown> {
  if (!text?.startsWith('{')) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function keep(state: ExchangeState, name: 'tenant' | 'project' | 'user' | 'environment', value: string | undefined): void {
  if (value !== undefined) state[name] = value;
}
