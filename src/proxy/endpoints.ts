import type { Adapter, Endpoint } from '../adapter.ts';
import type { EndpointFacts } from '../pipeline/asked.ts';
import type { Dialect } from '../pipeline/dialect.ts';
import type { FoundEndpoint } from './traffic.ts';

interface Pattern {
  segments: readonly string[];
  facts: EndpointFacts;
}

/** Calls that several providers serve below a path of their own. */
const MOVED =
  /^\/.+?(\/(?:chat\/completions|completions|responses|embeddings|messages|images\/(?:generations|edits)|audio\/(?:transcriptions|translations|speech)))$/;

/** Finds the API that a method and a path belong to, among the endpoints of all adapters. */
export class Endpoints {
  readonly #exact = new Map<string, EndpointFacts>();
  readonly #patterns = new Map<string, Pattern[]>();
  readonly #dialects: readonly Dialect[];

  constructor(adapters: Iterable<readonly [name: string, adapter: Adapter]>) {
    const all = [...adapters];
    this.#dialects = all.map(([, adapter]) => adapter);
    for (const [name, adapter] of all) for (const endpoint of adapter.endpoints) this.#add(endpoint, name, adapter);
  }

  /** Also finds an API that a provider has moved: `/api/v1/chat/completions`. */
  find(method: string, path: string): FoundEndpoint | null {
    const found = this.#find(method, path);
    if (found) return found;
    const known = MOVED.exec(path)?.[1];
    return known === undefined ? null : this.#find(method, `/v1${known}`);
  }

  #find(method: string, path: string): FoundEndpoint | null {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact) return { facts: exact, model: null };
    const patterns = this.#patterns.get(method);
    if (!patterns) return null;
    const segments = path.split('/');
    const pattern = patterns.find((each) => fits(each.segments, segments));
    return pattern === undefined ? null : { facts: pattern.facts, model: modelIn(pattern.segments, segments) };
  }

  /**
   * The dialect a path looks like when its method is not known or no adapter owns it: that
   * of the adapter which owns the path or a neighbour of it (`/v1/messages/batches/x`),
   * else OpenAI's, which most clients read.
   */
  lookOf(path: string): Dialect {
    const look = this.#ownerOf(path) ?? this.#neighbourOf(path) ?? this.byFamily('openai') ?? this.#dialects[0];
    if (look) return look;
    throw new Error(`no adapter is loaded, so nobody can speak for ${path.split('/', 3).join('/')}`);
  }

  /** Who owns a path under any method. */
  #ownerOf(path: string): Dialect | undefined {
    for (const [key, facts] of this.#exact) if (pathOf(key) === path) return facts.dialect;
    const segments = path.split('/');
    const all = [...this.#patterns.values()].flat();
    return all.find((pattern) => fits(pattern.segments, segments))?.facts.dialect;
  }

  #neighbourOf(path: string): Dialect | undefined {
    for (const [key, facts] of this.#exact) if (path.startsWith(`${pathOf(key)}/`)) return facts.dialect;
    return undefined;
  }

  byFamily(family: string): Dialect | undefined {
    return this.#dialects.find(({ dialect }) => dialect === family);
  }

  #add(endpoint: Endpoint, adapter: string, dialect: Adapter): void {
    const { method, path, api, body, bills, streams = false } = endpoint;
    const facts: EndpointFacts = { api, body, bills, streams, adapter, home: dialect.home ?? null, dialect };
    if (!path.includes(':') && !path.endsWith('*')) {
      this.#exact.set(`${method} ${path}`, facts);
      return;
    }
    const patterns = this.#patterns.get(method) ?? [];
    patterns.push({ segments: path.split('/'), facts });
    this.#patterns.set(method, patterns);
  }
}

const pathOf = (key: string): string => key.slice(key.indexOf(' ') + 1);

/** `:model:generateContent`: anything that ends so. */
const NAMED = /^:[a-z]+/i;

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const wanted = pattern[i]!;
    if (wanted === '*') return i < segments.length;
    const found = segments[i];
    if (found === undefined || (found === '') !== (wanted === '')) return false;
    if (!wanted.startsWith(':')) {
      if (wanted !== found) return false;
      continue;
    }
    const ending = wanted.replace(NAMED, '');
    if (!found.endsWith(ending) || found.length === ending.length) return false;
  }
  return pattern.length === segments.length;
}

/** Where in the path the segment lies that the pattern calls `:model`. */
function modelIn(pattern: readonly string[], segments: readonly string[]): FoundEndpoint['model'] {
  const at = pattern.findIndex((segment) => NAMED.exec(segment)?.[0] === ':model');
  if (at === -1) return null;
  const start = segments.slice(0, at).join('/').length + 1;
  const ending = pattern[at]!.replace(NAMED, '');
  return { start, end: start + segments[at]!.length - ending.length };
}
