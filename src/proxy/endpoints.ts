import type { Adapter, Endpoint } from '../adapter.ts';
import type { Dialect } from '../pipeline/dialect.ts';
import type { EndpointFacts } from './traffic.ts';

interface Pattern {
  segments: readonly string[];
  facts: EndpointFacts;
}

/** Calls that several providers serve below a path of their own. */
const MOVED = /^\/.+?(\/(?:chat\/completions|completions|responses|embeddings|messages))$/;

/** Finds the API that a method and a path belong to, among the endpoints of all adapters. */
export class Endpoints {
  readonly #exact = new Map<string, EndpointFacts>();
  readonly #patterns = new Map<string, Pattern[]>();
  readonly #dialects: readonly Dialect[];

  constructor(adapters: Iterable<Adapter>) {
    const all = [...adapters];
    this.#dialects = all;
    for (const adapter of all) for (const endpoint of adapter.endpoints) this.#add(endpoint, adapter);
  }

  /** Also finds an API that a provider has moved: `/api/v1/chat/completions`, `/openai/deployments/X/chat/completions`. */
  find(method: string, path: string): EndpointFacts | null {
    const found = this.#find(method, path);
    if (found) return found;
    const known = MOVED.exec(path)?.[1];
    return known === undefined ? null : this.#find(method, `/v1${known}`);
  }

  #find(method: string, path: string): EndpointFacts | null {
    const exact = this.#exact.get(`${method} ${path}`);
    if (exact) return exact;
    const patterns = this.#patterns.get(method);
    if (!patterns) return null;
    const segments = path.split('/');
    return patterns.find((pattern) => fits(pattern.segments, segments))?.facts ?? null;
  }

  /**
   * The dialect a path looks like when no adapter owns it: that of the adapter which owns
   * a neighbour of it (`/v1/messages/batches/x`), else OpenAI's, which most clients read.
   */
  lookOf(path: string): Dialect {
    const first = path.split('/', 3).join('/');
    for (const [key, facts] of this.#exact) {
      const owned = key.slice(key.indexOf(' ') + 1);
      if (path.startsWith(`${owned}/`)) return facts.dialect;
    }
    const openai = this.byFamily('openai');
    if (openai) return openai;
    const any = this.#dialects[0];
    if (!any) throw new Error(`no adapter is loaded, so nobody can speak for ${first}`);
    return any;
  }

  byFamily(family: string): Dialect | undefined {
    return this.#dialects.find(({ dialect }) => dialect === family);
  }

  #add(endpoint: Endpoint, dialect: Dialect): void {
    const { method, path, api, json, bills } = endpoint;
    const facts: EndpointFacts = { api, json, bills, dialect };
    if (!path.includes(':') && !path.endsWith('*')) {
      this.#exact.set(`${method} ${path}`, facts);
      return;
    }
    const patterns = this.#patterns.get(method) ?? [];
    patterns.push({ segments: path.split('/'), facts });
    this.#patterns.set(method, patterns);
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const wanted = pattern[i]!;
    if (wanted === '*') return i < segments.length;
    const found = segments[i];
    if (found === undefined || (found === '') !== (wanted === '')) return false;
    if (!wanted.startsWith(':') && wanted !== found) return false;
  }
  return pattern.length === segments.length;
}
