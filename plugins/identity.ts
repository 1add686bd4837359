import { definePlugin, type Exchange, type ExchangeState } from '../src/plugin.ts';

declare module '../src/plugin.ts' {
  interface ExchangeState {
    /** The session that this one says it comes from. */
    parentSession?: string;
  }
}

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
    agent: {
      type: 'string',
      default: 'default',
      minLength: 1,
      maxLength: 128,
      description: 'Name of an agent that nothing else names.',
    },
    project: { type: 'string', minLength: 1, maxLength: 128, description: 'Project of callers that name none.' },
    environment: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description: 'Environment of callers that name none.',
    },
  },
  setup: ({ options }) => ({
    onRequest(exchange) {
      const { request, principal, state } = exchange;
      const query = request.search === '' ? null : request.query;
      const headers = spoken(exchange);
      const metadata = request.member('metadata');
      const tags = tagsOf(headers, principal?.tags, metadata);

      state.agent = agentOf(exchange, headers, query) ?? options.agent;
      keep(state, 'tenant', principal?.tenant);
      keep(state, 'project', projectOf(exchange, headers, query) ?? options.project);
      keep(state, 'user', userOf(exchange, headers, metadata));
      keep(state, 'environment', environmentOf(exchange, headers, tags) ?? options.environment);
      if (tags) state.tags = tags;
      const session = sessionOf(exchange, headers, metadata);
      if (session) state.session = session;
      keep(state, 'parentSession', clean(headers.get('x-parent-session-id')));

      for (const name of STAY_HERE) if (headers.has(name)) request.hideHeader(name);
      for (const name of QUERY_NAMES) if (query?.has(name)) request.hideQuery(name);
    },
  }),
});

type Query = URLSearchParams | null;

/** The caller's own word before the key's, the key's before the port's. */
const agentOf = ({ request, principal, listener }: Exchange, headers: Headers, query: Query): string | undefined =>
  first(headers.get('x-token-spy-agent'), request.pathAgent, query?.get('agent'), principal?.agent, listener.agent);

const projectOf = ({ principal }: Exchange, headers: Headers, query: Query): string | undefined =>
  first(...among(headers, PROJECT_HEADERS), query?.get('project_id'), principal?.project);

function userOf({ request, principal }: Exchange, headers: Headers, metadata: unknown): string | undefined {
  const told = json(headers.get('x-portkey-metadata'));
  return first(...among(headers, USER_HEADERS), told._user, request.text('user'), plainUser(metadata), principal?.user);
}

const environmentOf = (
  { principal }: Exchange,
  headers: Headers,
  tags: Record<string, string> | null,
): string | undefined =>
  first(headers.get('x-token-spy-environment'), tags?.env, tags?.environment, principal?.environment);

const PROJECT_HEADERS = ['x-token-spy-project', 'x-tokencap-project-id'];
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

function sessionOf(exchange: Exchange, headers: Headers, metadata: unknown): Session | null {
  return (
    byHeader(headers, SESSION_HEADERS) ??
    vendorHeader(headers) ??
    bodySession(exchange, metadata) ??
    byHeader(headers, LATE_HEADERS) ??
    trace(headers)
  );
}

function byHeader(headers: Headers, list: typeof SESSION_HEADERS): Session | null {
  if (headers.size === 0) return null;
  for (const [name, confidence] of list) {
    const id = clean(headers.get(name));
    if (id) return { id, source: `header:${name}`, confidence };
  }
  return null;
}

/** `x-<vendor>-session-id`, at least eight characters of the usual kind. */
function vendorHeader(headers: Headers): Session | null {
  for (const [name, id] of headers) {
    if (!name.endsWith('-session-id') || name === 'x-parent-session-id') continue;
    if (/^[A-Za-z0-9_-]{8,128}$/.test(id)) return { id, source: `header:${name}`, confidence: 'medium' };
  }
  return null;
}

function bodySession({ request }: Exchange, metadata: unknown): Session | null {
  const user = (metadata as { user_id?: unknown } | undefined)?.user_id;
  const inUser = typeof user === 'string' ? sessionInUser(user) : undefined;
  if (inUser) return { id: inUser, source: 'body:metadata.user_id', confidence: 'high' };
  const named = clean((metadata as { session_id?: unknown } | undefined)?.session_id);
  if (named) return { id: named, source: 'body:metadata.session_id', confidence: 'high' };
  const conversation = request.member('conversation');
  const id = clean(
    typeof conversation === 'string' ? conversation : (conversation as { id?: unknown } | undefined)?.id,
  );
  if (id) return { id, source: 'body:conversation', confidence: 'high' };
  const cacheKey = clean(request.text('prompt_cache_key'));
  if (cacheKey) return { id: cacheKey, source: 'body:prompt_cache_key', confidence: 'medium' };
  const before = clean(request.text('previous_response_id'));
  return before ? { id: before, source: 'body:previous_response_id', confidence: 'low' } : null;
}

/** Claude Code bundles its ids in one text, `user_..._session_...`, or in JSON. */
function sessionInUser(user: string): string | undefined {
  return clean(json(user).session_id) ?? /session[_:-]([A-Za-z0-9-]{8,64})/.exec(user)?.[1];
}

/** The trace id of W3C trace context: one trace is one task, often one conversation. */
function trace(headers: Headers): Session | null {
  const id = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(headers.get('traceparent') ?? '')?.[1];
  return id ? { id, source: 'header:traceparent', confidence: 'low' } : null;
}

const MAX_TAGS = 20;
const TAG_OBJECTS = ['cf-aig-metadata', 'x-litellm-spend-logs-metadata', 'x-portkey-metadata', 'x-token-spy-metadata'];
/** Members of the body's metadata that are ids and no tags. */
const IDS = new Set(['user_id', 'session_id']);
const TAG_LISTS = ['x-litellm-tags', 'x-openclaw-tags', 'x-token-spy-tags'];

/**
 * Tags in every spelling that is in use, the later ones winning: the body's, the key's, then other gateways', then
 * ours. Null when there are none.
 */
function tagsOf(
  headers: Headers,
  own: Readonly<Record<string, string>> | undefined,
  metadata: unknown,
): Record<string, string> | null {
  if (headers.size === 0 && !own && !isObject(metadata)) return null;
  const found: [string, unknown][] = Object.entries(own ?? {});
  if (isObject(metadata)) found.unshift(...Object.entries(metadata).filter(([key]) => !IDS.has(key)));
  for (const name of TAG_OBJECTS)
    found.push(...Object.entries(json(headers.get(name))).filter(([key]) => !key.startsWith('_')));
  for (const [name, value] of headers) if (name.startsWith(PROPERTY)) found.push([name.slice(PROPERTY.length), value]);
  for (const name of TAG_LISTS) {
    for (const pair of (headers.get(name) ?? '').split(',')) {
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
  return Object.keys(tags).length > 0 ? { ...tags } : null;
}

type Headers = ReadonlyMap<string, string>;
const PROPERTY = 'helicone-property-';
const SPOKEN = new Set([
  'x-token-spy-agent',
  'x-token-spy-environment',
  'traceparent',
  ...PROJECT_HEADERS,
  ...USER_HEADERS,
  ...STAY_HERE,
  ...TAG_OBJECTS,
  ...TAG_LISTS,
  ...[...SESSION_HEADERS, ...LATE_HEADERS].map(([name]) => name),
]);
const NONE: Headers = new Map();

/** The headers that say anything about who calls. Most requests have none, and everything after is quick then. */
function spoken({ request }: Exchange): Headers {
  let found: Map<string, string> | null = null;
  for (const name in request.headers) {
    if (!SPOKEN.has(name) && !name.endsWith('-session-id') && !name.startsWith(PROPERTY)) continue;
    const value = request.header(name);
    if (value) found = (found ?? new Map<string, string>()).set(name, value);
  }
  return found ?? NONE;
}

const among = (headers: Headers, names: readonly string[]): (string | undefined)[] =>
  headers.size === 0 ? [] : names.map((name) => headers.get(name));

/** `metadata.user_id` where it is a user and not a bundle of ids. */
function plainUser(metadata: unknown): string | undefined {
  const user = (metadata as { user_id?: unknown } | undefined)?.user_id;
  return typeof user === 'string' && !user.includes('session') ? user : undefined;
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

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function json(text: string | undefined): Record<string, unknown> {
  if (!text?.startsWith('{')) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function keep(
  state: ExchangeState,
  name: 'tenant' | 'project' | 'user' | 'environment' | 'parentSession',
  value: string | undefined,
): void {
  if (value !== undefined) state[name] = value;
}
