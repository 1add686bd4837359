/** A request target taken apart. */
export interface RequestPath {
  /** Provider named by a `/NAME/` prefix; null when the path starts otherwise. */
  provider: string | null;
  /** Agent named by an `/agents/NAME/` prefix. */
  agent: string | null;
  /** As a provider knows it: `/v1/chat/completions`. */
  path: string;
  /** With its `?`, or ''. */
  search: string;
}

/** Version segments that a base URL or a path may begin with. */
const VERSION = /^\/v\d+[a-z0-9]*(?=\/|$)/;
/** Calls that clients make with or without `/v1` in front. */
const BARE =
  /^\/(chat\/completions|completions|responses|embeddings|messages|models|images|audio|moderations|files|uploads|batches|fine_tuning|vector_stores)(\/|$)/;

/**
 * Takes a request target apart: `/agents/ci/anthropic/v1/messages?beta=true`.
 *
 * Only the form that starts with one slash is a path here: an absolute URL, `*` and
 * `//host` return null, so that nothing a caller writes can be read as a destination.
 */
export function parsePath(target: string, isProvider: (name: string) => boolean): RequestPath | null {
  if (target[0] !== '/' || target[1] === '/' || target[1] === '\\') return null;
  const mark = target.indexOf('?');
  let path = mark === -1 ? target : target.slice(0, mark);
  const search = mark === -1 ? '' : target.slice(mark);
  if (path.includes('\\') || /(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path) || path.includes('//')) return null;
  const agent = prefix(path, '/agents/');
  if (agent) path = agent.rest;
  const first = isAzure(path, search) ? null : segment(path);
  const provider = first !== null && isProvider(first.name) ? first.name : null;
  if (provider !== null && first !== null) path = first.rest;
  return { provider, agent: agent?.name ?? null, path: normalise(path), search };
}

/** `/openai/v1`, and the compatible corners of Google's APIs, which begin behind a version: `/v1beta/openai`. */
const HAS_VERSION = /\/v\d+[a-z0-9]*(\/.+\/openapi|\/openai)?$/;

/** Puts a path behind a base URL that may end with a version of its own: `.../openai/v1` + `/v1/models`. */
export function joinPath(basePath: string, path: string): string {
  const base = basePath === '/' ? '' : basePath;
  return base + (HAS_VERSION.test(base) ? path.replace(VERSION, '') : path);
}

/** `/v1/v1/messages` comes from SDKs that are given a base URL with `/v1`; `/chat/completions` from those given one without. */
function normalise(path: string): string {
  if (path.startsWith('/v1/v1/')) return path.slice(3);
  return BARE.test(path) ? `/v1${path}` : path;
}

/** Azure's own paths begin with /openai/, where no provider is named; only Azure asks for an api-version. */
function isAzure(path: string, search: string): boolean {
  return path.startsWith('/openai/') && (path.startsWith('/openai/deployments/') || /[?&]api-version=/.test(search));
}

function prefix(path: string, start: string): { name: string; rest: string } | null {
  return path.startsWith(start) ? segment(path.slice(start.length - 1)) : null;
}

function segment(path: string): { name: string; rest: string } | null {
  const end = path.indexOf('/', 1);
  if (end <= 1) return null;
  try {
    return { name: decodeURIComponent(path.slice(1, end)), rest: path.slice(end) };
  } catch {
    return null;
  }
}
